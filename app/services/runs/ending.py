"""How a run ends, and when the next one comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import EntryOutcome, Lane, RunStatus, SyncRun, SyncState
from app.services.runs import quiet


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends.

    `pauses` in seconds, for the first, second, … time in a row; without them the next run comes as usual, or `at_once`.
    `lane`: where it waits, None for the one of before.
    """

    status: RunStatus
    code: str | None = None
    text: str | None = None
    pauses: tuple[float, ...] = ()
    at_once: bool = False
    lane: Lane | None = Lane.ROUTINE


def _next_pause(user_id: int, code: str, pauses: Sequence[float], *, has_progress: bool) -> timedelta:
    """The pause after a run that ended for this reason, longer each time in a row without progress between.

    `pauses` in seconds. Flushes.
    """
    query = sa.select(SyncState).where(SyncState.user_id == user_id)
    state = db.session.scalar(query.execution_options(populate_existing=True))
    if state is None:
        return timedelta(seconds=pauses[0])
    state.strikes = 1 if has_progress or state.strike_code != code else state.strikes + 1
    state.strike_code = code
    db.session.flush()
    return timedelta(seconds=pauses[min(state.strikes, len(pauses)) - 1])


def finish(run_id: int, worker: str, end: End, counts: Mapping[str, Mapping[str, int]]) -> bool:
    """Ends the run once; commits this and whatever the session holds. A quiet run that nobody asked for leaves no row.

    False where the run is not this worker's any more, buried by another one or gone with its account: then nothing is
    changed, the next time and the strikes included. A request that came during the run has set an earlier time, which
    stands where VK or the owner do not need the pause.
    """
    if end.status == RunStatus.SUCCEEDED and not counts and quiet.end(run_id, worker):
        db.session.commit()
        return True
    ended = db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.status == RunStatus.RUNNING, SyncRun.worker == worker)
        .values(status=end.status, finished_at=utcnow(), error_code=end.code, error_text=end.text, counts=counts)
        .returning(SyncRun.user_id, SyncRun.started_at, SyncRun.cancel_requested)
        .execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        db.session.rollback()
        return False
    if end.status == RunStatus.NEEDS_APPROVAL:
        _drop_earlier_waiting(ended.user_id, run_id)
    quiet.interrupt(ended.user_id)
    _schedule_next(ended.user_id, end, counts, ended.started_at, is_cancelled=ended.cancel_requested)
    if end.status == RunStatus.SUCCEEDED:
        calm = sa.update(SyncState).where(SyncState.user_id == ended.user_id, SyncState.strike_code.is_not(None))
        db.session.execute(calm.values(strikes=0, strike_code=None).execution_options(synchronize_session=False))
    db.session.commit()
    return True


def _schedule_next(
    user_id: int, end: End, counts: Mapping[str, Mapping[str, int]], started_at: datetime, *, is_cancelled: bool
) -> None:
    """`is_cancelled`: by the owner, who may have asked for something else meanwhile."""
    wait = timedelta(0) if end.at_once else timedelta(minutes=settings().sync_interval_minutes)
    if end.pauses and end.code is not None:
        has_progress = any(EntryOutcome.DONE in outcomes for outcomes in counts.values())
        wait = _next_pause(user_id, end.code, end.pauses, has_progress=has_progress)
    next_run_at = utcnow() + wait
    scheduled = sa.update(SyncState).where(SyncState.user_id == user_id)
    if is_cancelled or not (end.at_once or end.pauses):
        arms = [SyncState.next_run_at.is_(None), SyncState.next_run_at <= started_at]
        if end.status != RunStatus.STOPPED:
            arms.append(SyncState.next_run_at > next_run_at)  # it came through, so an earlier pause is over
        scheduled = scheduled.where(sa.or_(*arms))
    values = {"next_run_at": next_run_at, "scheduled_at": utcnow(), "lane": _next_lane(end, started_at)}
    db.session.execute(scheduled.values(values).execution_options(synchronize_session=False))


def _next_lane(end: End, started_at: datetime) -> Any:
    """Who asked for another run meanwhile waits as such."""
    is_asked = sa.and_(SyncState.lane == Lane.INTERACTIVE, SyncState.scheduled_at > started_at)
    return sa.case((is_asked, SyncState.lane), else_=end.lane or SyncState.lane)


def _drop_earlier_waiting(user_id: int, run_id: int) -> None:
    """A waiting plan is made anew at every pass: the history tells it once."""
    db.session.execute(
        sa.delete(SyncRun).where(
            SyncRun.user_id == user_id,
            SyncRun.id < run_id,
            SyncRun.status == RunStatus.NEEDS_APPROVAL,
            SyncRun.done == 0,
        )
    )
