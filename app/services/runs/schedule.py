"""When a user's next run comes, and in which lane it waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.models import Lane, RunStatus, SyncRun, SyncState
from app.models.run import ACTIVE

HINTS_EVERY = timedelta(minutes=1)


def not_before(user_id: int, moment: datetime) -> None:
    """No run starts by itself earlier than that; who asked for one goes on waiting as such."""
    is_earlier = sa.or_(SyncState.next_run_at.is_(None), SyncState.next_run_at < moment)
    is_asked_for = sa.exists().where(
        SyncRun.user_id == user_id, SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.QUEUED
    )
    later = sa.update(SyncState).where(SyncState.user_id == user_id, is_earlier)
    lane = sa.case((is_asked_for, SyncState.lane), else_=Lane.ROUTINE)
    db.session.execute(later.values(next_run_at=moment, scheduled_at=utcnow(), lane=lane))


def set_next_run(user_id: int, at: datetime, lane: Lane = Lane.ROUTINE) -> None:
    """Also for whoever was claimed and could not run so far."""
    state = sa.update(SyncState).where(SyncState.user_id == user_id)
    db.session.execute(state.values(next_run_at=at, scheduled_at=utcnow(), lane=lane, claimed_until=None))


def end_pause(user_id: int) -> None:
    """What held the user's runs is mended: the next one starts at once, and later pauses begin small again.

    Its code stays until a run came through: after a captcha VK is asked slowly.
    """
    now = utcnow()
    state = sa.update(SyncState).where(SyncState.user_id == user_id)
    db.session.execute(state.values(next_run_at=now, scheduled_at=now, claimed_until=None, strikes=0))


def end_pauses_for(codes: Sequence[str]) -> None:
    """The same for all users whose runs are held for one of these reasons."""
    held = sa.update(SyncState).where(SyncState.strike_code.in_(codes), SyncState.next_run_at > utcnow())
    mended = held.values(next_run_at=utcnow(), strikes=0)
    db.session.execute(mended.execution_options(synchronize_session=False))


def run_soon(user_id: int, now: datetime) -> None:
    """Evotor told of a change: a run at once, or a minute after the last one that came of that. Commits.

    No run comes later than it would by itself, and no pause ends. One at work has looked already: another follows it.
    """
    last = db.session.scalar(sa.select(SyncState.hinted_run_at).where(SyncState.user_id == user_id))
    is_recent = last is not None and now - HINTS_EVERY < last <= now + HINTS_EVERY
    at = now if last is None or not is_recent else last if last > now else last + HINTS_EVERY
    is_at_work = sa.exists().where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING)
    is_past = sa.or_(SyncState.next_run_at.is_(None), SyncState.next_run_at <= now)
    comes_later = sa.or_(SyncState.next_run_at > at, sa.and_(is_past, is_at_work))
    is_mine = SyncState.hinted_run_at.is_not_distinct_from(last)
    arranged = sa.update(SyncState).where(SyncState.user_id == user_id, is_mine, comes_later)
    arranged = arranged.where(SyncState.strike_code.is_(None))
    arranged = arranged.values(hinted_run_at=at, next_run_at=at, scheduled_at=now, quiet_runs=0)
    db.session.execute(arranged.execution_options(synchronize_session=False))
    db.session.commit()
