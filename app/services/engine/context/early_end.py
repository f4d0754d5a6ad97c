"""What ends a run before all of it is done."""

from app.clients.vk.errors import Treatment, VkError
from app.models import Lane, RunStatus
from app.services.runs.ending import End

FAULTS_IN_A_ROW = 3
"""Without an answer, after which the others are left for a later run."""


class RunEnds(Exception):
    """The run cannot, or need not, go on now; see `End`."""

    def __init__(
        self,
        status: RunStatus,
        code: str,
        *,
        pauses: tuple[float, ...] = (),
        at_once: bool = False,
        lane: Lane | None = Lane.ROUTINE,
    ) -> None:
        super().__init__(code)
        self.end = End(status, code, pauses=pauses, at_once=at_once, lane=lane)


def concerns_one_change(error: VkError) -> bool:
    """The run goes on with the others."""
    if error.outcome_unknown or error.code is None:
        return True
    return error.treatment in (Treatment.FAIL, Treatment.SKIP, Treatment.HEAL, Treatment.ADJUST, Treatment.RETRY)
