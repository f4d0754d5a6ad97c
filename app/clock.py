"""The one source of time: the moment, spans, pauses and the chance in them. Tests turn it, in every process.

What bounds patience with real sockets and locks reads the machine's monotonic clock itself, for moving the hour makes
nobody answer sooner: app.clients.bounded, app.clients.budget, app.serving and app.services.photos.files. The pause of
a worker between two passes (app.cli.sync) is a wait for a signal and stays one.
"""

import math
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

LOOK_EVERY = 0.1
"""Seconds between two looks of a process that waits at whether its clock was moved meanwhile."""


class Clock:
    """The machine's; set by a clock that several machines share, it runs on from there, whatever happens to the
    machine's hour. Another that takes its place has to say the moment, run on, wait and spread in its own way.
    """

    _set: tuple[datetime, float] | None = None
    """A moment, and what `time.monotonic` said then."""

    def set(self, moment: datetime) -> None:
        self._set = moment, time.monotonic()

    def was_set_within(self, seconds: float) -> bool:
        return self._set is not None and time.monotonic() - self._set[1] < seconds

    def utcnow(self) -> datetime:
        if self._set is None:
            return datetime.now(UTC).replace(tzinfo=None)
        moment, at = self._set
        return moment + timedelta(seconds=time.monotonic() - at)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def jitter(self) -> float:
        return random.random()  # noqa: S311 - it spreads, it hides nothing


class MovedClock(Clock):
    """The machine's, moved by the seconds that a file holds: writing the file moves the clock of a running process.

    A pause ends as soon as this clock says so. A file that holds no number, as one that is just being written, leaves
    the clock where it was.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds = 0.0

    def utcnow(self) -> datetime:
        return super().utcnow() + timedelta(seconds=self._moved())

    def monotonic(self) -> float:
        return super().monotonic() + self._moved()

    def sleep(self, seconds: float) -> None:
        ends = self.monotonic() + seconds
        while (left := ends - self.monotonic()) > 0:
            super().sleep(min(left, LOOK_EVERY))

    def _moved(self) -> float:
        try:
            seconds = float(self._file.read_text())
        except (OSError, ValueError):
            return self._seconds
        self._seconds = seconds if math.isfinite(seconds) else self._seconds
        return self._seconds


current = Clock()


def follow(file: str) -> None:
    """From here on the clock of this process is moved by the seconds in that file; without one it stays as it is."""
    global current  # noqa: PLW0603 - a process has one clock
    if file:
        current = MovedClock(Path(file))


def utcnow() -> datetime:
    """Naive UTC: what every DateTime column holds, in both databases."""
    return current.utcnow()


def epoch() -> float:
    """The same moment in seconds since 1970, as vendors name moments."""
    return current.utcnow().replace(tzinfo=UTC).timestamp()


def monotonic() -> float:
    """Seconds from an unknown moment on, to measure spans by: setting the hour right does not change them."""
    return current.monotonic()


def sleep(seconds: float) -> None:
    """Wait so long."""
    current.sleep(seconds)


def jitter() -> float:
    """A part of a second by chance, so that those who wait for the same thing do not come back all at once."""
    return current.jitter()
