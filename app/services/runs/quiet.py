"""Runs that found nothing to do, and for which nobody had pressed. They leave no row: a shop that stays as it is would
have a hundred of them a day. Their owner's state remembers the last one, and counts them by day.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db, reading
from app.domain.account.time_zones import zone_of
from app.models import Lane, RunStatus, RunTrigger, SyncRun, SyncState, User
from app.models.run import UNASKED_FOR
from app.services.runs.rhythm import AS_USUAL, usual_wait

DAYS = 31


class QuietDay(NamedTuple):
    """Those of one day of the owner's: how many, and when the first and the last of them ended."""

    runs: int
    first: datetime
    last: datetime


def end(run_id: int, worker: str) -> bool:
    """The run came through and changed nothing: its row goes where nobody looks for it, and the next one is arranged.

    Flushes. False where nothing was done, for it is not such a run, or not this worker's any more.
    """
    is_counted = sa.exists().where(SyncState.user_id == SyncRun.user_id)
    mine = (SyncRun.id == run_id, SyncRun.status == RunStatus.RUNNING, SyncRun.worker == worker)
    is_quiet = (SyncRun.done == 0, SyncRun.trigger.in_(UNASKED_FOR), SyncRun.cancel_requested.is_(False))
    gone = db.session.execute(
        sa.delete(SyncRun)
        .where(*mine, *is_quiet, is_counted)
        .returning(SyncRun.user_id, SyncRun.started_at, SyncRun.skipped)
        .execution_options(synchronize_session=False)
    ).first()
    if gone is None:
        return False
    query = sa.select(SyncState, User.time_zone).join(User, User.id == SyncState.user_id)
    query = query.where(SyncState.user_id == gone.user_id).with_for_update(of=SyncState)
    state, zone = db.session.execute(query.execution_options(populate_existing=True)).one()
    now = utcnow()
    state.quiet_run_id, state.quiet_began_at, state.quiet_at = run_id, gone.started_at, now
    state.quiet_skipped, state.quiet_runs = gone.skipped, state.quiet_runs + 1
    state.quiet_days = _with_one_more(state.quiet_days, local_day(now, zone_of(zone)), now)
    state.strikes, state.strike_code = 0, None
    usual = now + usual_wait(_interval(), state.quiet_runs)
    asked = state.next_run_at  # perhaps while the run was at work
    if asked is None or asked <= gone.started_at or asked > usual:
        state.next_run_at, state.scheduled_at, state.lane = usual, now, Lane.ROUTINE
    db.session.flush()
    return True


def _with_one_more(days: Mapping[str, Any], day: date, at: datetime) -> dict[str, Any]:
    runs, first, _ = days.get(day.isoformat(), (0, at.isoformat(), None))
    counted = {**days, day.isoformat(): [runs + 1, first, at.isoformat()]}
    return dict(sorted(counted.items())[-DAYS:])


def interrupt(user_id: int) -> None:
    """Something else happened: the next runs come as usual again."""
    counted = sa.update(SyncState).where(SyncState.user_id == user_id, SyncState.quiet_runs > 0)
    db.session.execute(counted.values(quiet_runs=0).execution_options(synchronize_session=False))


def come_back(user_id: int) -> None:
    """The owner does something: where runs have become seldom, the next one comes as soon as it did before. Commits.

    Looked up without the writer's turn, for it is seldom so.
    """
    are_seldom = (SyncState.user_id == user_id, SyncState.quiet_runs > AS_USUAL)
    with reading():
        found = db.session.scalar(sa.select(SyncState.id).where(*are_seldom))
        db.session.commit()
    if found is None:
        return
    now = utcnow()
    soon = now + _interval()
    comes_later = sa.and_(SyncState.next_run_at > soon, SyncState.strike_code.is_(None))
    values = {
        "quiet_runs": 0,
        "next_run_at": sa.case((comes_later, soon), else_=SyncState.next_run_at),
        "scheduled_at": sa.case((comes_later, now), else_=SyncState.scheduled_at),
    }
    seldom = sa.update(SyncState).where(*are_seldom).values(values)
    db.session.execute(seldom.execution_options(synchronize_session=False))
    db.session.commit()


def _interval() -> timedelta:
    return timedelta(minutes=settings().sync_interval_minutes)


def is_last(state: SyncState | None, run_id: int) -> bool:
    """Everything is known of it that its row would tell."""
    return state is not None and state.quiet_run_id == run_id


def row_that_went(state: SyncState | None, run_id: int) -> SyncRun | None:
    """Of a run of that number, if it may have been one of these; no row of that number must be there."""
    is_one = state is not None and state.quiet_run_id is not None and 0 < run_id <= state.quiet_run_id
    return row_of(state, run_id) if is_one and state is not None else None


def row_of(state: SyncState, run_id: int | None = None) -> SyncRun:
    """The last such run as its row would be, which is no part of the session. `run_id`: an earlier one instead."""
    return SyncRun(
        id=run_id or state.quiet_run_id,
        user_id=state.user_id,
        trigger=RunTrigger.SCHEDULE,
        status=RunStatus.SUCCEEDED,
        created_at=state.quiet_began_at,
        started_at=state.quiet_began_at,
        finished_at=state.quiet_at,
        cancel_requested=False,
        total=0,
        done=0,
        counts={},
        skipped=state.quiet_skipped,
    )


def days_of(user_id: int) -> dict[date, QuietDay]:
    stored = db.session.scalar(sa.select(SyncState.quiet_days).where(SyncState.user_id == user_id)) or {}
    return {
        date.fromisoformat(day): QuietDay(runs, datetime.fromisoformat(first), datetime.fromisoformat(last))
        for day, (runs, first, last) in stored.items()
    }


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Of a moment in naive UTC."""
    return at.replace(tzinfo=UTC).astimezone(zone).date()
