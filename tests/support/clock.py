"""The product's one clock, `app.clock`, in the hands of tests."""

from datetime import UTC, datetime, timedelta

import pytest

from app import clock
from app.clock import Clock

NOON = datetime(2026, 6, 17, 9)
"""Of Moscow, in naive UTC: the same day nearly everywhere, and far from the ends of week, month and year."""


class TurnedClock(Clock):
    """Time passes where a test moves it, and by sleeping, which takes none of ours; every sleep is noted."""

    def __init__(self, start: datetime = NOON, *, jitter: float = 0.0) -> None:
        self.start, self.moved = start, timedelta(0)
        self.slept: list[float] = []
        self._jitter = jitter

    def utcnow(self) -> datetime:
        return self.start + self.moved

    def monotonic(self) -> float:
        return self.moved.total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moved += timedelta(seconds=seconds)

    def jitter(self) -> float:
        return self._jitter

    def move(self, **span: float) -> None:
        self.moved += timedelta(**span)


class StoppedClock(TurnedClock):
    """Not even sleeping makes it go on."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def real_now() -> datetime:
    """Naive UTC, whatever the product has been told."""
    return datetime.now(UTC).replace(tzinfo=None)


def turn(monkeypatch: pytest.MonkeyPatch, turned: Clock) -> None:
    """From here on all of the product asks this clock."""
    monkeypatch.setattr(clock, "current", turned)


def stop_at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """From here on it is `moment` (naive UTC), and nobody waits."""
    turn(monkeypatch, StoppedClock(moment))
