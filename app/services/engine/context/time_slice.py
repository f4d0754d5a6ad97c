"""How long a run may go on."""

import math
from collections.abc import Callable

from app.context import settings
from app.models import RunStatus
from app.services.engine.context.early_end import RunEnds
from app.services.runs import codes


class TimeSlice:
    """A run's time, which begins now. `to_end`: as long as it takes, and short waits are waited out.

    `is_stopping`: the process is told to end.
    """

    def __init__(
        self,
        *,
        to_end: bool,
        is_stopping: Callable[[], bool],
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.to_end, self.sleep = to_end, sleep
        self._is_stopping, self._monotonic = is_stopping, monotonic
        self._deadline = math.inf if to_end else monotonic() + settings().run_slice_seconds

    def check_stop(self) -> None:
        """Raises RunEnds where the process is to end."""
        if self._is_stopping():
            raise RunEnds(RunStatus.CONTINUED, codes.TIME_SLICE, at_once=True)

    def check_time(self) -> None:
        """Raises RunEnds there, and where the time is over."""
        self.check_stop()
        if self._monotonic() > self._deadline:
            raise RunEnds(RunStatus.CONTINUED, codes.TIME_SLICE, at_once=True)
