"""What the rows of the runs tell, and their owner's state of the runs that left none."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db, once_while_reading
from app.models import OwnerOrder, RunStatus, SyncRun, SyncState, User
from app.models.run import ACTIVE
from app.services.runs import quiet


def is_there(run_id: int) -> bool:
    """A run at work goes only with its account."""
    return db.session.scalar(sa.select(SyncRun.id).where(SyncRun.id == run_id)) is not None


def hold(run_id: int) -> None:
    """Nobody else changes the run until the transaction ends."""
    db.session.execute(sa.select(SyncRun.id).where(SyncRun.id == run_id).with_for_update())


def somebody_is_at_work(now: datetime) -> bool:
    """A worker is alive, whoever it works for."""
    at_work = (SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.RUNNING, SyncRun.lease_until > now)
    return db.session.scalar(sa.select(SyncRun.id).where(*at_work).limit(1)) is not None


@once_while_reading
def latest(user_id: int) -> SyncRun | None:
    """One that left no row is told as if it had one: see services.runs.quiet."""
    return _told(db.session.execute(_newest(), {"user_id": user_id}).one_or_none())


def ended(user_id: int, run_id: int) -> SyncRun | None:
    """As it stands now, or as the last one that left no row; None where neither is of that number."""
    found = _told(db.session.execute(_numbered(), {"user_id": user_id, "run_id": run_id}).one_or_none())
    return found if found is not None and found.id == run_id else None


def _told(found: Any) -> SyncRun | None:
    if found is None:
        return None
    run: SyncRun | None
    state: SyncState | None
    run, state = found
    has_quiet = state is not None and state.quiet_run_id is not None
    if has_quiet and state is not None and (run is None or run.id < (state.quiet_run_id or 0)):
        return quiet.row_of(state)
    return run


@cache
def _newest() -> sa.Select[Any]:
    newest = sa.select(sa.func.max(SyncRun.id)).where(SyncRun.user_id == _USER).scalar_subquery()
    return _beside_quiet(newest)


@cache
def _numbered() -> sa.Select[Any]:
    return _beside_quiet(sa.bindparam("run_id", type_=SyncRun.id.type)).execution_options(populate_existing=True)


def _beside_quiet(number: sa.ColumnElement[Any]) -> sa.Select[Any]:
    both: tuple[Any, ...] = (SyncRun, SyncState)
    of_user = sa.select(*both).select_from(User)
    of_user = of_user.join(SyncState, SyncState.user_id == User.id, isouter=True)
    of_user = of_user.join(SyncRun, sa.and_(SyncRun.user_id == User.id, SyncRun.id == number), isouter=True)
    return of_user.where(User.id == _USER)


_USER: sa.BindParameter[int] = sa.bindparam("user_id", type_=sa.Integer)


def is_at_work(user_id: int) -> bool:
    """A run of the user's is in the hands of a worker."""
    at_work = sa.select(SyncRun.id).where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING)
    return db.session.scalar(at_work.limit(1)) is not None


def latest_ids() -> sa.ScalarSelect[int]:
    """Within a query over users: that of the newest run of each."""
    run = aliased(SyncRun)
    newest = sa.select(run.id).where(run.user_id == User.id).order_by(run.created_at.desc(), run.id.desc()).limit(1)
    return newest.correlate(User).scalar_subquery()


def last_success(user_id: int) -> datetime | None:
    """When a synchronisation last came through to its end; what the owner ordered in one piece is none."""
    came_through = (
        SyncRun.user_id == user_id,
        SyncRun.status == RunStatus.SUCCEEDED,
        SyncRun.trigger.not_in([*OwnerOrder]),
    )
    newest = sa.select(sa.func.max(SyncRun.finished_at)).where(*came_through).scalar_subquery()
    quiet_at = sa.select(SyncState.quiet_at).where(SyncState.user_id == user_id).scalar_subquery()
    moments = db.session.execute(sa.select(newest, quiet_at)).one()
    return max((moment for moment in moments if moment is not None), default=None)


def has_succeeded_since(user_id: int, moment: datetime) -> bool:
    """A run came through to its end then or later, whatever it was for."""
    came_through = (SyncRun.user_id == user_id, SyncRun.status == RunStatus.SUCCEEDED, SyncRun.finished_at >= moment)
    return _is_any(came_through, SyncState.quiet_at, user_id, moment)


def has_run_since(user_id: int, moment: datetime) -> bool:
    """A run that began then or later has ended, however."""
    has_ended = (SyncRun.user_id == user_id, SyncRun.started_at >= moment, SyncRun.status.not_in(ACTIVE))
    return _is_any(has_ended, SyncState.quiet_began_at, user_id, moment)


def _is_any(which: Sequence[sa.ColumnElement[bool]], quiet_moment: Any, user_id: int, moment: datetime) -> bool:
    with_row = sa.exists().where(*which)
    without = sa.exists().where(SyncState.user_id == user_id, quiet_moment >= moment)
    return bool(db.session.scalar(sa.select(sa.or_(with_row, without))))
