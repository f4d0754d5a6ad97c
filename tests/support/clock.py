"""The product's wall clock in the hands of tests: all of it asks `app.clock.utcnow`."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app import clock

NOON = datetime(2026, 6, 17, 9)
"""Of Moscow, in naive UTC: the same day nearly everywhere, and far from the ends of week, month and year."""


def real_now() -> datetime:
    """Naive UTC, whatever the product has been told."""
    return datetime.now(UTC).replace(tzinfo=None)


def tell(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """From here on `utcnow` is what `now` says (naive UTC), in every module and column."""
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=lambda zone: now().replace(tzinfo=zone)))


def stop_at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """From here on it is `moment` (naive UTC)."""
    tell(monkeypatch, lambda: moment)
