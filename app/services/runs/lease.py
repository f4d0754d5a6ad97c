"""A run goes on while its lease is renewed, before every write."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import RunStatus, SyncConfig, SyncRun, SyncState, User, VkConnection
from app.services.runs.codes import CANCELLED, CHANGED_MEANWHILE, HALTED, SWITCHED_OFF


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

    Not where an operator holds the user up. `confirmed`: what told what was confirmed from anything else when the run
    began; None where that was before it was noted. `order`: the run is for something that the owner ordered, so that
    is what must stand still. `news`: columns of the run that tell the owner what it is doing.
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
            sa.not_(is_halted(run.user_id)),
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


def is_halted(user_id: int | InstrumentedAttribute[int]) -> sa.ColumnElement[bool]:
    """An operator holds the user's runs up."""
    return sa.exists().where(User.id == user_id, User.halted_at.is_not(None))


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
    if db.session.scalar(sa.select(is_halted(run.user_id))):
        return HALTED
    is_other = sa.and_(_is_on(run.user_id), sa.not_(_is_confirmed(run.user_id, confirmed)))
    if order is None and db.session.scalar(sa.select(is_other)):
        return CHANGED_MEANWHILE
    return SWITCHED_OFF
