"""Calls per second, kept for one token: docs/contracts/vk.md §1.5."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from app import clock

_MARGIN = 1.02
"""3 calls a second become one in 0.34 s."""
_SECOND = 1.01
_LONGEST_WAY = 0.08
"""Seconds, at first. What an answer takes beyond, the vendor took; but for a call that opens a connection."""


class Place(NamedTuple):
    """One call's within a second that several processes share."""

    wait: float
    """Seconds until the call may start."""
    slot: tuple[Any, ...]
    """By which it is known where it was taken."""


class Shared(Protocol):
    """The pace of one token in all processes."""

    def take(self, way: float, waited_for: Place | None = None) -> Place | None:
        """For a call that is on its way for so many seconds; None where the process is on its own.

        `waited_for`: the same place again, which may be free later than was told.
        """
        ...

    def settle(self, place: Place, later: float) -> None:
        """Its call has arrived so many seconds later than was told then, or sooner."""
        ...

    def hold(self, seconds: float) -> None: ...

    def slow_down(self, seconds: float) -> None: ...


@dataclass(slots=True)
class _Turn:
    start: float
    arrives_by: float
    """The vendor counts the call at some moment between its start and this."""
    place: Place | None = None
    told: float = 0.0
    """What was told of `arrives_by` when the place was taken."""

    def begin(self, way: float) -> None:
        """Now, which may be later than was meant."""
        self.start = max(self.start, clock.monotonic())
        self.arrives_by = self.start + way


def seconds_and_places(per_second: float) -> tuple[float, int]:
    """How long a second is taken to be, and how many calls may be within it."""
    if per_second <= 0:
        raise ValueError("per_second must be above 0")
    places = max(1, int(per_second))
    return _SECOND * places / per_second, places


class Pacer:
    """No more calls within a second than may be, as the vendor counts them, and evenly spread; for all threads.

    The vendor counts a call when it arrives, which is later than its start by as much as the machine and the net are
    busy, and not later than its answer. So a place within the second is free a second after its last call has surely
    arrived. With `shared` the calls of other processes count as well.
    """

    def __init__(self, per_second: float, shared: Shared | None = None) -> None:
        self._second, places = seconds_and_places(per_second)
        self._interval = _MARGIN / per_second
        self._shared = shared
        self._longest_way = _LONGEST_WAY
        self._lock = threading.Lock()
        self._recent: deque[_Turn] = deque(maxlen=places)
        self._next_start = float("-inf")
        self._slow_until = float("-inf")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The time of one call: begins when it may start, which is slept for."""
        turn = self._begin()
        try:
            yield
        finally:
            turn.arrives_by = min(turn.arrives_by, max(turn.start, clock.monotonic()))
            if self._shared is not None and turn.place is not None:
                self._shared.settle(turn.place, turn.arrives_by - turn.told)

    def hold(self, seconds: float) -> None:
        """No call starts within the next `seconds`, whoever makes it."""
        with self._lock:
            self._next_start = max(self._next_start, clock.monotonic() + seconds)
        if self._shared is not None:
            self._shared.hold(seconds)

    @property
    def is_slowed(self) -> bool:
        with self._lock:
            return clock.monotonic() < self._slow_until

    def slow_down(self, seconds: float = 60.0) -> None:
        """Half the pace for so many seconds from now."""
        with self._lock:
            self._slow_until = max(self._slow_until, clock.monotonic() + seconds)
        if self._shared is not None:
            self._shared.slow_down(seconds)

    def expect_later(self) -> None:
        """The vendor counted too many, so they are longer on their way than was thought."""
        with self._lock:
            self._longest_way = min(2 * self._longest_way, self._second)

    def _begin(self) -> _Turn:
        with self._lock:
            now = clock.monotonic()
            times = 2 if max(now, self._next_start) < self._slow_until else 1
            is_idle = not self._recent or now - self._recent[-1].start > self._second * times
            way = self._second if is_idle else self._longest_way
            # Who is a little late catches up with the next call; who comes much later begins anew.
            is_little = now - self._next_start < self._interval / 2
            due = max(self._next_start if is_little else now, self._frees_at(self._second * times))
            self._next_start = due + self._interval * times
            turn = _Turn(max(now, due), max(now, due) + way)
            self._recent.append(turn)
        if turn.start > now:
            clock.sleep(turn.start - now)
            turn.begin(way)
        if self._shared is not None:
            self._take_place(self._shared, turn, way)
        return turn

    def _take_place(self, shared: Shared, turn: _Turn, way: float) -> None:
        place = shared.take(way)
        while place is not None and place.wait > 0:
            clock.sleep(place.wait)
            place = shared.take(way, place)
        turn.begin(way)
        turn.place, turn.told = place, turn.arrives_by

    def _frees_at(self, second: float) -> float:
        """When the first place within a second is free again."""
        is_full = len(self._recent) == self._recent.maxlen
        return self._recent[0].arrives_by + second if is_full else float("-inf")
