"""The order of `sync_states` by which users are claimed, made anew.

Rows of configurations and runs may be written by anybody, and clocks may have been wrong: what follows from either is
put right here, a few statements for all users together. None of them waits for a row that somebody is at.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import Lane, RunStatus, SyncConfig, SyncRun, SyncState, User
from app.models.run import ACTIVE
from app.services.runs.claims import is_dead
from app.services.runs.codes import WORKER_LOST
from app.services.runs.lanes.ready import is_wanted
from app.services.runs.pauses import LONGEST_AHEAD

A_WHILE = timedelta(minutes=1)
"""What is further ahead than that was written by a clock that was wrong."""


def put_in_order() -> None:
    """Commits."""
    now = utcnow()
    _make_missing()
    for statement in (_due_at_once(now), _set_aside(now), _freed(now), _leases_from_now(now), _buried(now)):
        db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.commit()


def what_is_out_of_order(now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    """Whether there is anything of it for which no run would come, or too late."""
    return (
        _without_state().exists(),
        sa.select(SyncState.id).where(is_wanted(), _is_misplaced(now)).exists(),
        sa.select(SyncState.id).where(_is_claimed_too_long(now)).exists(),
        sa.select(SyncRun.id).where(*_is_ahead(now)).exists(),
        sa.select(SyncRun.id).where(*_is_left_behind(now)).exists(),
    )


def _without_state() -> sa.Select[int]:
    """Active users who have none."""
    has_state = sa.select(SyncState.id).where(SyncState.user_id == SyncConfig.user_id).exists()
    active = sa.select(SyncConfig.user_id).where(SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
    return active.where(sa.not_(has_state))


def _make_missing() -> None:
    without = _without_state().join(User, User.id == SyncConfig.user_id)
    # No account goes meanwhile.
    without = without.with_for_update(of=User, read=True, key_share=True, skip_locked=True)
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    if missing := [{"user_id": user_id} for user_id in db.session.scalars(without)]:
        db.session.execute(insert(SyncState).on_conflict_do_nothing(index_elements=["user_id"]), missing)


def _is_queued() -> sa.ColumnElement[bool]:
    queued = sa.select(SyncRun.id).where(SyncRun.user_id == SyncState.user_id, SyncRun.status.in_(ACTIVE))
    return queued.where(SyncRun.status == RunStatus.QUEUED).exists()


def _is_misplaced(now: datetime) -> sa.ColumnElement[bool]:
    """Who has no time, or one from a wrong clock; and whose queued run would wait for it."""
    return sa.or_(
        SyncState.next_run_at.is_(None),
        SyncState.next_run_at > now + LONGEST_AHEAD,
        SyncState.scheduled_at > now + A_WHILE,
        sa.and_(SyncState.next_run_at > now, SyncState.claimed_until.is_(None), _is_queued()),
    )


def _due_at_once(now: datetime) -> sa.Update:
    lane = sa.case((_is_queued(), sa.literal(Lane.INTERACTIVE)), else_=SyncState.lane)
    changed = sa.update(SyncState).where(_free_to_change(SyncState, is_wanted(), _is_misplaced(now)))
    return changed.values(next_run_at=now, scheduled_at=now, lane=lane)


def _set_aside(now: datetime) -> sa.Update:
    """Whose time has come though nothing is to be done for them, or cannot. Who is wanted later is due at once."""
    changed = sa.update(SyncState).where(
        _free_to_change(SyncState, sa.not_(is_wanted()), SyncState.next_run_at <= now - A_WHILE)
    )
    return changed.values(next_run_at=None, lane=sa.case((_is_queued(), SyncState.lane), else_=Lane.ROUTINE))


def _is_claimed_too_long(now: datetime) -> sa.ColumnElement[bool]:
    """Longer than any claim could have been given."""
    return SyncState.claimed_until > now + timedelta(seconds=settings().run_lease_seconds) + A_WHILE


def _freed(now: datetime) -> sa.Update:
    changed = sa.update(SyncState).where(_free_to_change(SyncState, _is_claimed_too_long(now)))
    return changed.values(claimed_until=None)


def _is_ahead(now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    """Runs at work by a clock that was wrong."""
    return SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.RUNNING, SyncRun.heartbeat_at > now + A_WHILE


def _leases_from_now(now: datetime) -> sa.Update:
    """Who lives renews them, and who died is found out."""
    changed = sa.update(SyncRun).where(_free_to_change(SyncRun, *_is_ahead(now)))
    return changed.values(heartbeat_at=now, lease_until=now + timedelta(seconds=settings().run_lease_seconds))


def _is_left_behind(now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    """Runs whose worker died, and after which none comes that would bury them."""
    state = sa.select(SyncState.id).where(SyncState.user_id == SyncRun.user_id, sa.not_(is_wanted()))
    return SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.RUNNING, is_dead(now), state.exists()


def _buried(now: datetime) -> sa.Update:
    changed = sa.update(SyncRun).where(_free_to_change(SyncRun, *_is_left_behind(now)))
    return changed.values(status=RunStatus.FAILED, error_code=WORKER_LOST, finished_at=now)


def _free_to_change(
    model: type[SyncState] | type[SyncRun], *conditions: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """Those rows of which it holds, and that nobody is at."""
    found = sa.select(model.id).where(*conditions).with_for_update(of=model, key_share=True, skip_locked=True)
    picked = found.cte("picked")
    return model.id.in_(sa.select(picked.c.id))
