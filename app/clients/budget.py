"""Time that a row of calls may take, for whoever waits for the answer."""

import time
from collections.abc import Callable


class Budget:
    """Seconds for several calls all together, pauses included; within it every call is tried once."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._ends - self._clock())

    @property
    def is_spent(self) -> bool:
        return self.left == 0
