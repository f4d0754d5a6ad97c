"""A run at work is one worker's while it renews its lease, and tells the owner with it what it is doing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import utcnow
from app.context import settings
from app.models import RunStage, RunStatus, SyncRun
from app.models.run import NOTE_LENGTH
from app.services.engine.context.early_end import RunEnds
from app.services.engine.context.outlook import Outlook
from app.services.engine.context.time_slice import TimeSlice
from app.services.runs import codes, lease

WHILE_READING = timedelta(seconds=2)
"""So long a run that only reads may be silent, and goes on when its owner stops it."""


@dataclass(frozen=True, slots=True)
class RunNews:
    """How far a run is: its changes done, and how many there are; no total before there is a plan."""

    stage: RunStage
    note: str | None
    done: int
    total: int


class HeldLease:
    """`worker` is never read from the row: there it may be somebody else's name by now.

    `confirmed`: what tells what was confirmed when the run began from anything else. `on_news` hears with every
    renewal how far the run is.
    """

    def __init__(
        self,
        row: SyncRun,
        worker: str,
        group_id: int,
        order: str | None,
        time: TimeSlice,
        *,
        confirmed: str | None,
        on_news: Callable[[RunNews], None],
    ) -> None:
        self._on_news = on_news
        self._row, self._worker, self._group_id, self._order, self._time = row, worker, group_id, order, time
        self._confirmed, self._renewed_at = confirmed, row.heartbeat_at or utcnow()
        self._stage: tuple[RunStage, str | None] | None = None
        self._news: dict[str, Any] = {}
        self.outlook = Outlook()

    def renew(self) -> None:
        """Commits what is recorded. Before every write; raises RunEnds where the run must stop."""
        news = {**self._news, "ends_at": self._end()}
        if not lease.renew(self._row, self._worker, self._confirmed, self._group_id, self._order, news=news):
            code = lease.why_stopped(self._row, self._confirmed, self._order)
            if code == codes.CHANGED_MEANWHILE:
                raise RunEnds(RunStatus.CONTINUED, code, at_once=True)
            raise RunEnds(RunStatus.STOPPED, code)
        self._news, self._renewed_at = {}, utcnow()
        if self._stage is not None:
            self._on_news(RunNews(*self._stage, self._row.done, self._row.total))

    def renew_or_stop(self) -> None:
        """Before a write that a stopping process may leave undone."""
        self.renew()
        self._time.check_stop()

    def keep(self) -> None:
        """While the run only reads: renews where a third of the lease is gone, and before the owner waits for news."""
        spent = utcnow() - self._renewed_at
        if not timedelta(0) <= spent < min(WHILE_READING, timedelta(seconds=settings().run_lease_seconds) / 3):
            self.renew()

    def keep_between_pages(self) -> None:
        """Of a long read: whoever tells the process to stop need not wait for the last one."""
        self.keep()
        self._time.check_stop()

    def enter(self, stage: RunStage, note: str | None = None) -> None:
        """What the owner reads on the page from now on.

        Told with the next renewal of the lease: it costs no write, and no transaction begins here.
        """
        if (stage, note) != self._stage:
            self._stage = stage, note
            self._news |= {"stage": stage, "stage_note": note and note[:NOTE_LENGTH]}

    def tell_skipped(self, skipped: Mapping[str, Any]) -> None:
        """With the next renewal: as the run's own column."""
        self._news["skipped"] = dict(skipped)

    def _end(self) -> datetime | None:
        left = self.outlook.seconds_left()
        return None if left is None else utcnow() + timedelta(seconds=left)
