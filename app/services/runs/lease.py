"""A run in the hands of one worker: claimed, renewed before every write, lost."""

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import RunStatus, RunTrigger, SyncConfig, SyncRun, SyncState, VkConnection
from app.services.runs.records import CANCELLED, CHANGED_MEANWHILE, CLOCK_TOLERANCE, SWITCHED_OFF


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
    """A run whose lease has ended has lost its worker; so has one whose lease no clock that is right can have given."""
    longest = timedelta(seconds=settings().run_lease_seconds) + CLOCK_TOLERANCE
    is_dead = sa.or_(SyncRun.lease_until < now, SyncRun.lease_until > now + longest)
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING, is_dead)
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


def confirmation(user_id: int) -> str | None:
    """What tells what was confirmed from anything else; None where it was confirmed before that was noted."""
    return db.session.scalar(sa.select(SyncState.confirmation).where(SyncState.user_id == user_id))


def renew(
    run: SyncRun,
    worker: str,
    confirmed: str | None,
    group_id: int,
    order: str | None = None,
    *,
    news: Mapping[str, Any] | None = None,
) -> bool:
    """One committed UPDATE: the lease goes on if worker, switch, what was confirmed and community are what they were.

    `order`: the run is for something that the owner ordered, so that is what must stand still. `news`: columns of the
    run that tell the owner what it is doing.
    """
    now = utcnow()
    renewed = db.session.execute(
        sa.update(SyncRun)
        .where(
            SyncRun.id == run.id,
            SyncRun.status == RunStatus.RUNNING,
            SyncRun.worker == worker,
            SyncRun.cancel_requested.is_(False),
            _still_wanted(run.user_id, confirmed, order),
            sa.exists().where(VkConnection.user_id == run.user_id, VkConnection.group_id == group_id),
        )
        .values(heartbeat_at=now, lease_until=now + timedelta(seconds=settings().run_lease_seconds), **(news or {}))
        .execution_options(synchronize_session=False)
    )
    if getattr(renewed, "rowcount", 0) != 1:
        db.session.rollback()  # what was about to be written is not wanted any more, and is another worker's business
        return False
    db.session.commit()
    return True


def _still_wanted(user_id: int, confirmed: str | None, order: str | None) -> sa.ColumnElement[bool]:
    """What the owner ordered in one piece stands whatever the switch says."""
    if order is not None:
        return sa.exists().where(SyncState.user_id == user_id, SyncState.owner_order == order)
    return sa.and_(_is_on(user_id), _is_confirmed(user_id, confirmed))


def _is_on(user_id: int) -> sa.Exists:
    return sa.exists().where(SyncConfig.user_id == user_id, SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))


def _is_confirmed(user_id: int, confirmed: str | None) -> sa.ColumnElement[bool]:
    """The same rules and settings as when the run began: confirming them once more only renews the date."""
    is_same = SyncState.confirmation.is_not_distinct_from(confirmed)
    return sa.exists().where(SyncState.user_id == user_id, is_same)


def why_stopped(run: SyncRun, confirmed: str | None, order: str | None = None) -> str:
    """After a lease that was not renewed: a code."""
    query = sa.select(SyncRun.cancel_requested, SyncRun.error_code).where(SyncRun.id == run.id)
    cancelled = db.session.execute(query).first()
    if cancelled is not None and cancelled.cancel_requested:
        return cancelled.error_code or CANCELLED
    is_other = sa.and_(_is_on(run.user_id), sa.not_(_is_confirmed(run.user_id, confirmed)))
    if order is None and db.session.scalar(sa.select(is_other)):
        return CHANGED_MEANWHILE
    return SWITCHED_OFF
