"""How far a run is, and whether it goes as it should. Only looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.models import OwnerOrder, RunStage, RunStatus, SyncRun, User
from app.models.run import ACTIVE
from app.services.owner.config import config_of
from app.services.runs import records
from app.services.vendors import circuits
from app.services.vendors.circuits import Silence

USUAL_WAIT = timedelta(minutes=5)
"""Cron looks every minute; a little patience for a machine that is busy."""
LONGEST_SILENCE = timedelta(seconds=30)
CHANGING_STAGES = frozenset(
    {RunStage.HIDE, RunStage.EDIT, RunStage.SHOW, RunStage.ADD, RunStage.ALBUMS, RunStage.DELETE}
)


class RunPhase(StrEnum):
    ENDED = "ended"
    BETWEEN = "between"
    """It left the rest to another one, which comes at once."""
    QUEUED = "queued"
    BEHIND = "behind"
    """In the queue for long: others are being served."""
    AWAITING = "awaiting"
    """It, or the rest, begins when a vendor answers again."""
    UNATTENDED = "unattended"
    """In the queue for long, and nobody takes anything from it: the scheduler does not run."""
    STOPPING = "stopping"
    LOST = "lost"
    """Its worker does not renew the lease any more."""
    BEGUN = "begun"
    PREPARING = "preparing"
    """Reads, plans or waits; how much there will be to do is not known, or not what is being done."""
    CHANGING = "changing"


@dataclass(frozen=True, slots=True)
class RunProgress:
    phase: RunPhase
    waited: timedelta = timedelta(0)
    """In the queue."""
    stage: RunStage | None = None
    seconds_left: float | None = None
    """While it changes something; None where nobody can tell yet."""
    silence: Silence | None = None
    """Of the vendor that is awaited."""

    @property
    def is_going(self) -> bool:
        return self.phase is not RunPhase.ENDED

    @property
    def is_troubled(self) -> bool:
        """Something is not as it should be."""
        return self.phase in (RunPhase.UNATTENDED, RunPhase.LOST)


def run_progress(
    run: SyncRun,
    now: datetime,
    *,
    goes_on: bool = False,
    is_called_off: bool = False,
    silence: Silence | None = None,
) -> RunProgress:
    """`goes_on`: it has ended and left the rest to another one that comes at once.

    `is_called_off`, `silence`: as `is_called_off` and `awaited` say.
    """
    if goes_on or run.status == RunStatus.QUEUED:
        return _to_begin(run, now, goes_on, silence)
    if run.status not in ACTIVE:
        return RunProgress(RunPhase.ENDED)
    if run.cancel_requested or is_called_off:
        return RunProgress(RunPhase.STOPPING)
    if run.lease_until is not None and run.lease_until < now:
        return RunProgress(RunPhase.LOST)
    return _at_work(run, now)


def is_called_off(user: User, run: SyncRun) -> bool:
    """Its worker is about to find the switch off; what was ordered in one piece goes on all the same."""
    return run.status == RunStatus.RUNNING and run.trigger not in set(OwnerOrder) and not config_of(user).is_enabled


def awaited(run: SyncRun, *, goes_on: bool) -> Silence | None:
    """The vendor whose answer it, or the rest of it, waits for."""
    if not goes_on and run.status != RunStatus.QUEUED:
        return None
    return circuits.silence(circuits.needed(is_order=run.trigger in set(OwnerOrder)))


def _to_begin(run: SyncRun, now: datetime, goes_on: bool, silence: Silence | None) -> RunProgress:
    if silence is not None:
        return RunProgress(RunPhase.AWAITING, silence=silence)
    waited = now - ((run.finished_at or now) if goes_on else run.created_at)
    return RunProgress(RunPhase.BETWEEN) if goes_on and waited < USUAL_WAIT else _in_queue(waited, now)


def _in_queue(waited: timedelta, now: datetime) -> RunProgress:
    if waited < USUAL_WAIT:
        return RunProgress(RunPhase.QUEUED, waited)
    return RunProgress(RunPhase.BEHIND if records.somebody_is_at_work(now) else RunPhase.UNATTENDED, waited)


def _at_work(run: SyncRun, now: datetime) -> RunProgress:
    stage = RunStage(run.stage) if run.stage is not None else None
    if stage in CHANGING_STAGES or (stage is None and run.total):
        return RunProgress(RunPhase.CHANGING, stage=stage, seconds_left=_seconds_left(run, now))
    return RunProgress(RunPhase.BEGUN if stage is None else RunPhase.PREPARING, stage=stage)


def _seconds_left(run: SyncRun, now: datetime) -> float | None:
    """As the run said when it was last heard of; a run that is silent may have come to a stand."""
    if run.ends_at is None or run.heartbeat_at is None or now - run.heartbeat_at > LONGEST_SILENCE:
        return None
    left = (run.ends_at - now).total_seconds()
    return left if left > 0 else None
