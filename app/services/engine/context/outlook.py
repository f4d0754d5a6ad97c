"""How long the changes of a pass go on."""

from collections import deque
from collections.abc import Iterable

from app import clock
from app.domain.pace import Step, seconds_left

LAST_STEPS = 20
"""By which the pace is judged: changes of another kind, or a slower VK, show soon."""


class Outlook:
    def __init__(self) -> None:
        self._ahead: deque[float] = deque()
        self._left = 0.0
        self._steps: deque[Step] = deque(maxlen=LAST_STEPS + 1)

    def begin(self, requests: Iterable[float]) -> None:
        """What each change of the pass costs, in their order."""
        self._ahead = deque(requests)
        self._left = sum(self._ahead)
        self._steps.clear()
        self._steps.append(Step(clock.monotonic()))

    def note_done(self, changes: int) -> None:
        """The next so many, all at once."""
        done = sum(self._ahead.popleft() for _ in range(min(changes, len(self._ahead))))
        self._left -= done
        self._steps.append(Step(clock.monotonic(), done))

    def seconds_left(self) -> float | None:
        """None where nobody can tell yet."""
        return seconds_left(list(self._steps), self._left, clock.monotonic())
