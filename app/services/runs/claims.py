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
from app.models import RunStatus, RunTrigger, SyncRun, SyncState
from app.models.run import ACTIVE
from app.services.runs.codes import WORKER_LOST
from app.services.runs.pauses import CLOCK_TOLERANCE


def worker_name() -> str:
    """Tells one worker from another for good, even on one machine and after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[:128]


def claim(user_id: int, trigger: RunTrigger, worker: str) -> SyncRun | None:
    """The user's run, now ours; None while another worker is at work. Commits."""
    now = utcnow()
    _bury_dead(user_id, now)
    values = {
        "status": RunStatus.RUNNING,
        "worker": worker,
        "started_at": now,
        "heartbeat_at": now,
        "lease_until": now + timedelta(seconds=settings().run_lease_seconds),
    }
    run_id = _take_queued(user_id, values)
    # From here on nobody asks for a run or begins one, and who is to be served next need not be held any longer.
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(claimed_until=None))
    if run_id is None:
        # Asked for just before.
        run_id = _take_queued(user_id, values)
    if run_id is None:
        return _insert_running(user_id, trigger, values)
    db.session.commit()
    return db.session.get(SyncRun, run_id, populate_existing=True)


def _bury_dead(user_id: int, now: datetime) -> None:
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING, is_dead(now))
        .values(status=RunStatus.FAILED, error_code=WORKER_LOST, finished_at=now)
    )


def is_dead(now: datetime) -> sa.ColumnElement[bool]:
    """A run whose lease has ended has lost its worker; so has one whose lease no clock that is right can have given."""
    longest = timedelta(seconds=settings().run_lease_seconds) + CLOCK_TOLERANCE
    return sa.or_(SyncRun.lease_until.is_(None), SyncRun.lease_until < now, SyncRun.lease_until > now + longest)


def _take_queued(user_id: int, values: dict[str, Any]) -> int | None:
    queued = sa.update(SyncRun).where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.QUEUED)
    return db.session.scalar(queued.values(values).returning(SyncRun.id))


def _insert_running(user_id: int, trigger: RunTrigger, values: dict[str, Any]) -> SyncRun | None:
    """None where a run is at work, or its account is gone. An insert that fails would cost a number. Commits."""
    is_active = sa.select(SyncRun.id).where(SyncRun.user_id == user_id, SyncRun.status.in_(ACTIVE))
    if db.session.scalar(is_active) is not None:
        db.session.commit()
        return None
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    new = insert(SyncRun).values(user_id=user_id, trigger=trigger, **values).on_conflict_do_nothing()
    try:
        run = db.session.scalar(new.returning(SyncRun))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return None
    return run
