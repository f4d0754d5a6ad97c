"""Evotor tells that goods of a store changed: read it again soon, as a whole, and believe nothing of what was sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import CatalogStore, ConnectionState, EvotorConnection, User
from app.services.connections.evotor_webhooks.known import users_of, users_with
from app.services.owner import switch
from app.services.runs import schedule


def meant_by(evotor_user_id: str | None, store_id: str) -> Sequence[int]:
    """Users whose data it is, where no token of theirs said so. Ends the transaction."""
    return (users_of(evotor_user_id) if evotor_user_id else []) or users_with(store_id)


def note(user_ids: Sequence[int], store_id: str) -> None:
    """Commits."""
    for user_id in user_ids:
        _note(user_id, store_id, utcnow())


def _note(user_id: int, store_id: str, now: datetime) -> None:
    """Row by row, each committed, so that nobody waits for us in another order of them."""
    of_store = sa.update(CatalogStore).where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
    db.session.execute(of_store.values(hinted_at=now))
    db.session.commit()
    user = db.session.get(User, user_id)
    if user is not None and switch.run_obstacle(user) is None:
        schedule.run_soon(user_id, now)
    else:
        _refresh_later(user_id, now)
    db.session.commit()


def _refresh_later(user_id: int, now: datetime) -> None:
    """Where no run may: no sooner after the last look than a run would come."""
    connection = db.session.scalar(sa.select(EvotorConnection).where(EvotorConnection.user_id == user_id))
    if connection is None or connection.token is None or connection.refresh_due_at:
        return
    if connection.state != ConnectionState.OK or connection.checked_at is None:
        return
    interval = timedelta(minutes=settings().sync_interval_minutes)
    connection.refresh_due_at = max(now, min(connection.checked_at, now) + interval)
