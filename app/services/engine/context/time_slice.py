"""How long a run may go on."""

import math
from collections.abc import Callable

from app.context import settings
from app.models import Lane, RunStatus
from app.services.engine.context.early_end import RunEnds
from app.services.runs import codes

UNDISTURBED = 60.0
"""Seconds of its slice that a run has for itself, before somebody who asked for theirs makes it leave the rest."""
LOOK_EVERY = 5.0
"""Seconds between two looks at whether somebody waits."""


class TimeSlice:
    """A run's time, which begins now. `to_end`: as long as it takes, and short waits are waited out.

    `is_stopping`: the process is told to end. `others_wait`: somebody asked for a run that has not begun.
    """

    def __init__(
        self,
        *,
        to_end: bool,
        is_stopping: Callable[[], bool],
        others_wait: Callable[[], bool],
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.to_end, self.sleep = to_end, sleep
        self._is_stopping, self._others_wait, self._monotonic = is_stopping, others_wait, monotonic
        begins = math.inf if to_end else monotonic()
        self._deadline, self._look_at = begins + settings().run_slice_seconds, begins + UNDISTURBED

    def check_stop(self) -> None:
        """Raises RunEnds where the process is to end."""
        if self._is_stopping():
            raise RunEnds(RunStatus.CONTINUED, codes.TIME_SLICE, at_once=True, lane=None)

    def check_time(self) -> None:
        """Raises RunEnds there, and where the time is over or another needs it more."""
        self.check_stop()
        now = self._monotonic()
        if now > self._deadline or self._must_make_room(now):
            raise RunEnds(RunStatus.CONTINUED, codes.TIME_SLICE, at_once=True, lane=Lane.BULK)

    def _must_make_room(self, now: float) -> bool:
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY
        return self._others_wait()
