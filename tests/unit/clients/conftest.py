"""A vendor that answers as told, and a clock on which every pause of a client is over at once."""

from collections.abc import Iterator

import pytest
import requests_mock

from tests.support.clock import TurnedClock, turn

CHANCE = 0.25
"""Seconds that a pause between two tries lasts longer, by chance."""


@pytest.fixture
def vendor() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every sleep of the clients; only sleeping takes time."""
    turned = TurnedClock(jitter=CHANCE)
    turn(monkeypatch, turned)
    return turned.slept
