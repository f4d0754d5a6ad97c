"""Runs are rows: requested, claimed by one worker, kept alive by a lease, finished once."""

import os
import secrets
import socket
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.context import settings
from app.db import db, utcnow
from app.models import RunStatus, RunTrigger, SyncConfig, SyncRun, SyncRunEntry, SyncState, VkConnection
from app.models.run import ACTIVE


def worker_name() -> str:
    """Tells one worker from another for good, even on one machine and after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[:128]


def request(user_id: int, trigger: RunTrigger) -> None:
    """Queue a run; where one is at work already, another follows it."""
    active = _active(user_id)
    if active is None:
        try:
            with db.session.begin_nested():
                db.session.add(SyncRun(user_id=user_id, trigger=trigger, status=RunStatus.QUEUED))
        except IntegrityError:
            active = _active(user_id)
    if active is not None and active.status == RunStatus.RUNNING:
        schedule(user_id, utcnow())


def _active(user_id: int) -> SyncRun | None:
    return db.session.scalar(sa.select(SyncRun).where(SyncRun.user_id == user_id, SyncRun.status.in_(ACTIVE)))


def drop_queued(user_id: int) -> None:
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.QUEUED)
        .values(status=RunStatus.STOPPED, error_code="switched_off", finished_at=utcnow())
    )


def schedule(user_id: int, at: datetime) -> None:
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(next_run_at=at))


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
    queued = (
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.QUEUED)
        .values(values)
        .returning(SyncRun.id)
    )
    run_id = db.session.scalar(queued)
    if run_id is None:
        run_id = _insert_running(user_id, trigger, values)
    db.session.commit()
    return db.session.get(SyncRun, run_id, populate_existing=True) if run_id is not None else None


def _bury_dead(user_id: int, now: datetime) -> None:
    """A run whose lease has ended has lost its worker."""
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING, SyncRun.lease_until < now)
        .values(status=RunStatus.FAILED, error_code="worker_lost", finished_at=now)
    )


def _insert_running(user_id: int, trigger: RunTrigger, values: dict[str, Any]) -> int | None:
    try:
        with db.session.begin_nested():
            run = SyncRun(user_id=user_id, trigger=trigger, **values)
            db.session.add(run)
        return run.id
    except IntegrityError:
        return None


_confirmed_text = sa.cast(SyncConfig.confirmed_at, sa.String)
"""As the database writes it: SQLite knows several spellings of one moment, and only the same one is the same text."""


def confirmation(user_id: int) -> str | None:
    """What tells this confirmation from another one."""
    return db.session.scalar(sa.select(_confirmed_text).where(SyncConfig.user_id == user_id))


def renew(run: SyncRun, confirmed: str | None, group_id: int) -> bool:
    """One committed UPDATE: the lease goes on if worker, switch, confirmation and community are what they were."""
    now = utcnow()
    still_wanted = (
        sa.select(SyncConfig.id)
        .join(VkConnection, VkConnection.user_id == SyncConfig.user_id)
        .where(
            SyncConfig.user_id == run.user_id,
            SyncConfig.is_enabled,
            _confirmed_text == confirmed,
            VkConnection.group_id == group_id,
        )
        .exists()
    )
    renewed = db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.id == run.id, SyncRun.status == RunStatus.RUNNING, SyncRun.worker == run.worker, still_wanted)
        .values(heartbeat_at=now, lease_until=now + timedelta(seconds=settings().run_lease_seconds))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return bool(getattr(renewed, "rowcount", 0) == 1)


def finish(run: SyncRun, status: RunStatus, next_run_at: datetime, *, hold: bool = False, **values: Any) -> None:
    """Ends the run once; a run that another worker buried stays as it is, and so does the next time. Commits.

    A request that came during the run has set an earlier time, which stands unless `hold`: then VK or the owner
    needs the pause.
    """
    ended = db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.id == run.id, SyncRun.status == RunStatus.RUNNING, SyncRun.worker == run.worker)
        .values(status=status, finished_at=utcnow(), **values)
        .execution_options(synchronize_session=False)
    )
    scheduled = sa.update(SyncState).where(SyncState.user_id == run.user_id)
    if not hold:
        scheduled = scheduled.where(
            sa.or_(
                SyncState.next_run_at.is_(None),
                SyncState.next_run_at <= run.started_at,
                SyncState.next_run_at > next_run_at,
            )
        )
    if getattr(ended, "rowcount", 0) == 1:
        db.session.execute(scheduled.values(next_run_at=next_run_at).execution_options(synchronize_session=False))
    db.session.commit()
    db.session.refresh(run)


def due_user_ids(now: datetime | None = None) -> list[int]:
    """Enabled and confirmed users whose run is queued or whose time has come, the longest waiting first."""
    now = now or utcnow()
    queued = sa.select(SyncRun.id).where(SyncRun.user_id == SyncConfig.user_id, SyncRun.status == RunStatus.QUEUED)
    query = (
        sa.select(SyncConfig.user_id)
        .join(SyncState, SyncState.user_id == SyncConfig.user_id, isouter=True)
        .where(SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
        .where(sa.or_(queued.exists(), SyncState.next_run_at.is_(None), SyncState.next_run_at <= now))
        .order_by(SyncState.next_run_at.is_not(None), SyncState.next_run_at, SyncConfig.user_id)
    )
    return list(db.session.scalars(query))


def latest(user_id: int) -> SyncRun | None:
    return db.session.scalar(_history(user_id).limit(1))


def _history(user_id: int) -> sa.Select[SyncRun]:
    return sa.select(SyncRun).where(SyncRun.user_id == user_id).order_by(SyncRun.id.desc())


def history(user_id: int, offset: int, limit: int) -> tuple[int, list[SyncRun]]:
    total = db.session.scalar(sa.select(sa.func.count()).select_from(SyncRun).where(SyncRun.user_id == user_id)) or 0
    return total, list(db.session.scalars(_history(user_id).offset(offset).limit(limit)))


def entries(run_id: int, offset: int, limit: int) -> tuple[int, list[SyncRunEntry]]:
    of_run = SyncRunEntry.run_id == run_id
    total = db.session.scalar(sa.select(sa.func.count()).select_from(SyncRunEntry).where(of_run)) or 0
    query = sa.select(SyncRunEntry).where(of_run).order_by(SyncRunEntry.id).offset(offset).limit(limit)
    return total, list(db.session.scalars(query))
