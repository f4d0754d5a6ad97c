"""Calls per second, kept for one token: docs/contracts/vk.md §1.5."""

import threading

from app import clock

_MARGIN = 1.02
"""3 calls a second become one in 0.34 s."""


class Pacer:
    """Spaces the starts of calls evenly; safe to share between threads."""

    def __init__(self, per_second: float) -> None:
        if per_second <= 0:
            raise ValueError("per_second must be above 0")
        self._interval = _MARGIN / per_second
        self._lock = threading.Lock()
        self._next_start = float("-inf")
        self._slow_until = float("-inf")

    def wait(self) -> None:
        """Sleep until the next call may start."""
        with self._lock:
            now = clock.monotonic()
            start = max(now, self._next_start)
            interval = self._interval * (2 if start < self._slow_until else 1)
            self._next_start = start + interval
        if start > now:
            clock.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """No call starts within the next `seconds`, whichever thread makes it."""
        with self._lock:
            self._next_start = max(self._next_start, clock.monotonic() + seconds)

    @property
    def is_slowed(self) -> bool:
        with self._lock:
            return clock.monotonic() < self._slow_until

    def slow_down(self, seconds: float = 60.0) -> None:
        """Half the pace for so many seconds from now."""
        with self._lock:
            self._slow_until = max(self._slow_until, clock.monotonic() + seconds)
