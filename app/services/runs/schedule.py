"""When a user's next run comes."""

from datetime import datetime

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.models import RunStatus, SyncConfig, SyncRun, SyncState
from app.services.runs.pauses import LONGEST_AHEAD


def not_before(user_id: int, moment: datetime) -> None:
    """No run starts by itself earlier than that."""
    is_earlier = sa.or_(SyncState.next_run_at.is_(None), SyncState.next_run_at < moment)
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id, is_earlier).values(next_run_at=moment))


def set_next_run(user_id: int, at: datetime) -> None:
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
        SyncState.next_run_at > now + LONGEST_AHEAD,
    )
    query = (
        sa.select(SyncConfig.user_id)
        .join(SyncState, SyncState.user_id == SyncConfig.user_id, isouter=True)
        .where(sa.or_(is_active, SyncState.owner_order.is_not(None)), sa.or_(queued.exists(), is_time))
        .order_by(SyncState.next_run_at.is_not(None), SyncState.next_run_at, SyncConfig.user_id)
    )
    return list(db.session.scalars(query))
