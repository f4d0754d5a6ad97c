"""Runs are rows: requested, claimed by one worker, kept alive by a lease, finished once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.db import db
from app.models import RunStatus, RunTrigger, SyncConfig, SyncRun, SyncState
from app.models.run import ACTIVE
from app.services.runs.records import CANCELLED, CLOCK_TOLERANCE, LONGEST_PAUSE, SWITCHED_OFF


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


def drop_queued(user_id: int, code: str = SWITCHED_OFF) -> None:
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.QUEUED)
        .values(status=RunStatus.STOPPED, error_code=code, finished_at=utcnow())
    )


def cancel(user_id: int, code: str = CANCELLED) -> None:
    """The owner wants the user's run to end: a queued one at once, one at work between two changes."""
    drop_queued(user_id, code)
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING)
        .values(cancel_requested=True, error_code=None if code == CANCELLED else code)
    )


def not_before(user_id: int, moment: datetime) -> None:
    """No run starts by itself earlier than that."""
    is_earlier = sa.or_(SyncState.next_run_at.is_(None), SyncState.next_run_at < moment)
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id, is_earlier).values(next_run_at=moment))


def schedule(user_id: int, at: datetime) -> None:
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(next_run_at=at))


def end_pause(user_id: int) -> None:
    """What held the user's runs is mended: the next one starts at once, and later pauses begin small again.

    Its code stays until a run came through: after a captcha VK is asked slowly.
    """
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(next_run_at=utcnow(), strikes=0))


def due_user_ids(now: datetime | None = None) -> list[int]:
    """Active users, and those who ordered something, whose run is queued or whose time has come."""
    now = now or utcnow()
    queued = sa.select(SyncRun.id).where(SyncRun.user_id == SyncConfig.user_id, SyncRun.status == RunStatus.QUEUED)
    is_active = sa.and_(SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
    is_time = sa.or_(
        SyncState.next_run_at.is_(None),
        SyncState.next_run_at <= now,
        SyncState.next_run_at > now + LONGEST_PAUSE + CLOCK_TOLERANCE,
    )
    query = (
        sa.select(SyncConfig.user_id)
        .join(SyncState, SyncState.user_id == SyncConfig.user_id, isouter=True)
        .where(sa.or_(is_active, SyncState.owner_order.is_not(None)), sa.or_(queued.exists(), is_time))
        .order_by(SyncState.next_run_at.is_not(None), SyncState.next_run_at, SyncConfig.user_id)
    )
    return list(db.session.scalars(query))
