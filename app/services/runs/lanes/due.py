"""Who is to be served next: users whose time has come, taken up by one worker each.

A claim says only that, and one that comes to nothing ends by itself. Whose run it is says the run's own row, with its
lease (`claims`, `lease`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db, reading
from app.models import Lane, RunStatus, SyncRun, SyncState
from app.models.run import ACTIVE
from app.services.runs.claims import is_dead
from app.services.runs.lanes.ready import is_wanted, waits_for_vendor

BULK_EVERY = 4
"""Every so many claims the rest of a long run comes first: it holds nobody up, and nobody holds it up for ever."""


def claim_next(number: int, came_by: datetime) -> int | None:
    """The user to serve now, by the worker's `number`th claim; None where nobody is due. Commits.

    Who asked for a run is served whenever that was; of the others those whose time had come by then.
    """
    lanes = [Lane.INTERACTIVE, Lane.ROUTINE]
    lanes.insert(0 if number % BULK_EVERY == BULK_EVERY - 1 else len(lanes), Lane.BULK)
    for lane in lanes:
        if claimed := claim(lane, came_by=None if lane is Lane.INTERACTIVE else came_by):
            return claimed[0]
    return None


def claim(lane: Lane, *, came_by: datetime | None = None, most: int = 1) -> Sequence[int]:
    """Users of the lane whose time has come, or had come by then, ours for one lease; who waits longest is first.

    Commits. Two who claim at once wait for nothing and get different users.
    """
    now = utcnow()
    picked = (
        sa.select(SyncState.id)
        .where(is_waiting(lane, now), SyncState.next_run_at <= (came_by or now))
        .order_by(SyncState.next_run_at, SyncState.user_id)
        .limit(most)
        .with_for_update(of=SyncState, key_share=True, skip_locked=True)
        .cte("picked")
    )
    claimed = db.session.execute(
        sa.update(SyncState)
        .where(SyncState.id.in_(sa.select(picked.c.id)))
        .values(claimed_until=now + timedelta(seconds=settings().run_lease_seconds))
        .returning(SyncState.next_run_at, SyncState.user_id)
        .execution_options(synchronize_session=False)
    )
    found = sorted((at, user_id) for at, user_id in claimed)
    db.session.commit()
    return [user_id for _, user_id in found]


def give_back(user_id: int) -> None:
    """Whoever is claimed is another's to claim. Commits."""
    state = sa.update(SyncState).where(SyncState.user_id == user_id)
    db.session.execute(state.values(claimed_until=None).execution_options(synchronize_session=False))
    db.session.commit()


def pass_over(user_id: int, wait: timedelta) -> None:
    """Who was claimed cannot run now: they come again after that, and hold nobody up meanwhile. Commits.

    Who is wanted no more is set aside until they are.
    """
    at = utcnow() + wait
    claimed = sa.update(SyncState).where(SyncState.user_id == user_id, SyncState.claimed_until.is_not(None))
    comes_at = sa.case((SyncState.next_run_at > at, SyncState.next_run_at), else_=at)
    values = {
        "claimed_until": sa.case((is_wanted(), at), else_=None),
        "next_run_at": sa.case((is_wanted(), comes_at), else_=None),
        "scheduled_at": utcnow(),
    }
    later = claimed.values(values)
    db.session.execute(later.execution_options(synchronize_session=False))
    db.session.commit()


def is_claimed(user_id: int) -> bool:
    """By somebody, for whom no run has begun so far."""
    claimed = sa.select(SyncState.id).where(SyncState.user_id == user_id, SyncState.claimed_until > utcnow())
    return db.session.scalar(claimed) is not None


def somebody_waits() -> bool:
    """For a run that they asked for, and that has not begun, also in a queue. Looks past the session, which goes on."""
    question = sa.select(SyncState.id).where(_is_due(Lane.INTERACTIVE, utcnow())).limit(1)
    with reading(), db.engine.connect() as connection:
        return connection.scalar(question) is not None


def somebody_is_due(now: datetime) -> sa.ColumnElement[bool]:
    """And waits for a worker."""
    return sa.select(SyncState.id).where(sa.or_(*(is_waiting(lane, now) for lane in Lane))).exists()


def is_waiting(lane: Lane, now: datetime) -> sa.ColumnElement[bool]:
    """Of a state: the time of its user has come, nobody has claimed it, no worker is at it, and a run may begin."""
    return sa.and_(_is_due(lane, now), sa.or_(SyncState.claimed_until.is_(None), SyncState.claimed_until <= now))


def _is_due(lane: Lane, now: datetime) -> sa.ColumnElement[bool]:
    run = sa.select(SyncRun.id).where(SyncRun.user_id == SyncState.user_id, SyncRun.status.in_(ACTIVE))
    is_at_work = run.where(SyncRun.status == RunStatus.RUNNING, sa.not_(is_dead(now))).exists()
    return sa.and_(
        SyncState.lane == lane,
        SyncState.next_run_at <= now,
        is_wanted(),
        sa.not_(waits_for_vendor(now)),
        sa.not_(is_at_work),
    )
