"""What the rows of the runs tell."""

from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db, once_while_reading
from app.models import OwnerOrder, RunStatus, SyncRun, User
from app.models.run import ACTIVE


def is_there(run_id: int) -> bool:
    """A run at work goes only with its account."""
    return db.session.scalar(sa.select(SyncRun.id).where(SyncRun.id == run_id)) is not None


def somebody_is_at_work(now: datetime) -> bool:
    """A worker is alive, whoever it works for."""
    at_work = (SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.RUNNING, SyncRun.lease_until > now)
    return db.session.scalar(sa.select(SyncRun.id).where(*at_work).limit(1)) is not None


@once_while_reading
def latest(user_id: int) -> SyncRun | None:
    return db.session.scalar(_latest(), {"user_id": user_id})


@cache
def _latest() -> sa.Select[SyncRun]:
    of_user = SyncRun.user_id == sa.bindparam("user_id", type_=sa.Integer)
    return sa.select(SyncRun).where(of_user).order_by(SyncRun.id.desc()).limit(1)


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
    return db.session.scalar(sa.select(sa.func.max(SyncRun.finished_at)).where(*came_through))
