"""How often a worker of the queue says that it lives, and the beat looks who is due."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.tasks.beat import keep_on


class Seconds:
    """Waits without waiting, and ends the worker after so many seconds."""

    def __init__(self, ends_after: float) -> None:
        self.now = 0.0
        self._ends_after = ends_after

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now >= self._ends_after


class Noted:
    """When it was called, by those seconds."""

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self.at: list[float] = []

    def __call__(self) -> None:
        self.at.append(self._seconds.now)

    round = __call__


@pytest.fixture
def seconds() -> Seconds:
    return Seconds(ends_after=22)


@pytest.fixture
def noted(seconds: Seconds) -> Callable[[], Noted]:
    return lambda: Noted(seconds)


def test_the_beat_looks_every_two_seconds(app: Flask, seconds: Seconds, noted: Callable[[], Noted]) -> None:
    rounds = noted()
    keep_on(app, noted(), rounds, seconds.wait)  # type: ignore[arg-type]  # all that is asked of a beat
    assert rounds.at == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]


@pytest.mark.parametrize("with_beat", [True, False])
def test_a_worker_says_every_ten_seconds_that_it_lives(
    app: Flask, seconds: Seconds, noted: Callable[[], Noted], with_beat: bool
) -> None:
    shown = noted()
    keep_on(app, shown, noted() if with_beat else None, seconds.wait)  # type: ignore[arg-type]  # likewise
    assert shown.at == [0, 10, 20]


def test_a_round_that_failed_is_followed_by_the_next(app: Flask, seconds: Seconds, noted: Callable[[], Noted]) -> None:
    rounds = noted()

    def failing() -> None:
        raise OSError

    keep_on(app, failing, rounds, seconds.wait)  # type: ignore[arg-type]  # likewise
    assert rounds.at[:2] == [2, 4]
