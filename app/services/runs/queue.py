"""A run is asked for, or taken back."""

from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.db import db
from app.models import Lane, RunStatus, RunTrigger, SyncRun
from app.models.run import ACTIVE
from app.services.runs.codes import CANCELLED, SWITCHED_OFF
from app.services.runs.schedule import set_next_run


def request(user_id: int, trigger: RunTrigger) -> None:
    """Queue a run, to be served before all that nobody asked for; where one is at work already, another follows it."""
    set_next_run(user_id, utcnow(), Lane.INTERACTIVE)  # holds the state, so that no worker begins one meanwhile
    is_active = sa.select(SyncRun.id).where(SyncRun.user_id == user_id, SyncRun.status.in_(ACTIVE))
    if db.session.scalar(is_active) is None:
        with suppress(IntegrityError), db.session.begin_nested():
            db.session.add(SyncRun(user_id=user_id, trigger=trigger, status=RunStatus.QUEUED))


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
