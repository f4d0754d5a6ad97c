"""What ends a run before all of it is done."""

from app.models import RunStatus
from app.services.runs.ending import End


class RunEnds(Exception):
    """The run cannot, or need not, go on now; see `End`."""

    def __init__(self, status: RunStatus, code: str, *, pauses: tuple[float, ...] = (), at_once: bool = False) -> None:
        super().__init__(code)
        self.end = End(status, code, pauses=pauses, at_once=at_once)
