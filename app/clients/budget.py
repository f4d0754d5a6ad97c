"""Time that a row of calls may take, for whoever waits for the answer."""

import time


class Budget:
    """Seconds for several calls all together, pauses included; within it every call is tried once."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._ends - time.monotonic())

    @property
    def is_spent(self) -> bool:
        return self.left == 0
