"""A run is taken into the hands of one worker."""

import os
import secrets
import socket
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import Lane, RunStatus, RunTrigger, SyncRun, SyncState
from app.models.run import ACTIVE
from app.services.runs.codes import WORKER_LOST
from app.services.runs.pauses import CLOCK_TOLERANCE


def worker_name() -> str:
    """Tells one worker from another for good, even on one machine and after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[:128]


def claim(user_id: int, trigger: RunTrigger, worker: str) -> SyncRun | None:
    """The user's run, now ours; None while another worker is at work. Commits."""
    now = utcnow()
    values = {
        "status": RunStatus.RUNNING,
        "worker": worker,
        "started_at": now,
        "heartbeat_at": now,
        "lease_until": now + timedelta(seconds=settings().run_lease_seconds),
    }
    return _begun_at_once(user_id, trigger, values) or _taken_up(user_id, trigger, now, values)


def _begun_at_once(user_id: int, trigger: RunTrigger, values: dict[str, Any]) -> SyncRun | None:
    """Where no run is queued or at work, which is so but for a moment now and then. Commits."""
    is_free = sa.update(SyncState).where(SyncState.user_id == user_id, sa.not_(_active(user_id).exists()))
    freed = is_free.values(claimed_until=None).returning(SyncState.lane).execution_options(synchronize_session=False)
    lane = db.session.scalar(freed)
    if lane == Lane.INTERACTIVE and trigger is RunTrigger.SCHEDULE:
        trigger = RunTrigger.MANUAL  # the owner pressed while another run was at work
    run = _inserted(user_id, trigger, values) if lane is not None else None
    db.session.commit()
    return run


def _taken_up(user_id: int, trigger: RunTrigger, now: datetime, values: dict[str, Any]) -> SyncRun | None:
    """The queued one; another where that of before has lost its worker. Commits."""
    run_id = _take_active(user_id, now, values)
    # From here on nobody asks for a run or begins one.
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(claimed_until=None))
    run = _inserted(user_id, trigger, values) if run_id is None else None
    db.session.commit()
    return db.session.get(SyncRun, run_id, populate_existing=True) if run_id else run


def _take_active(user_id: int, now: datetime, values: dict[str, Any]) -> int | None:
    """The number of the queued run, which is ours now; 0 where one is at work. One that is dead is buried."""
    active = sa.select(SyncRun.id, SyncRun.status, is_dead(now)).where(SyncRun.user_id == user_id)
    found = db.session.execute(active.where(SyncRun.status.in_(ACTIVE)).with_for_update()).first()
    if found is None:
        return None
    run_id, status, has_lost_its_worker = found
    if status == RunStatus.RUNNING and not has_lost_its_worker:
        return 0
    is_queued = status == RunStatus.QUEUED
    buried = {"status": RunStatus.FAILED, "error_code": WORKER_LOST, "finished_at": now}
    changed = sa.update(SyncRun).where(SyncRun.id == run_id).values(values if is_queued else buried)
    db.session.execute(changed.execution_options(synchronize_session=False))
    return run_id if is_queued else None


def is_dead(now: datetime) -> sa.ColumnElement[bool]:
    """A run whose lease has ended has lost its worker; so has one whose lease no clock that is right can have given."""
    longest = timedelta(seconds=settings().run_lease_seconds) + CLOCK_TOLERANCE
    return sa.or_(SyncRun.lease_until.is_(None), SyncRun.lease_until < now, SyncRun.lease_until > now + longest)


def _active(user_id: int) -> sa.Select[int]:
    return sa.select(SyncRun.id).where(SyncRun.user_id == user_id, SyncRun.status.in_(ACTIVE))


def _inserted(user_id: int, trigger: RunTrigger, values: dict[str, Any]) -> SyncRun | None:
    """None where somebody was faster, or the account is gone. The state is held.

    Whether there is an active run is looked at anew: one that came while the state was waited for may be in the hands
    of a worker who waits for the state now, and the index would wait for that worker.
    """
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    given = {"user_id": user_id, "trigger": trigger, **values}
    columns = SyncRun.__table__.c
    row = sa.select(*(sa.literal(value, columns[name].type) for name, value in given.items()))
    new = insert(SyncRun).from_select([*given], row.where(sa.not_(_active(user_id).exists()))).on_conflict_do_nothing()
    try:
        return db.session.scalar(new.returning(SyncRun))
    except IntegrityError:
        db.session.rollback()
        return None
