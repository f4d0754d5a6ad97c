"""Who would be served next."""

from datetime import datetime

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import EvotorConnection, Lane, SyncConfig, SyncState, User, VkConnection
from app.services.runs.lanes import due, tidying
from tests.factories import add_store, make_user, set_rule


def due_user_ids() -> list[int]:
    """In the order in which one worker would serve them, were nothing of their work ever long."""
    tidying.put_in_order()
    now = utcnow()
    return [user_id for lane in Lane for user_id in _in(lane, now)]


def make_wanted(email: str = "owner@example.ru") -> User:
    """Active and ready, by what somebody wrote into the tables."""
    user = make_user(email)
    config = sa.update(SyncConfig).where(SyncConfig.user_id == user.id)
    db.session.execute(config.values(is_enabled=True, confirmed_at=utcnow()))
    db.session.add(EvotorConnection(user_id=user.id, token="evotor", checked_at=utcnow()))
    db.session.add(VkConnection(user_id=user.id, token="vk", group_id=user.id, checked_at=utcnow()))
    add_store(user)
    set_rule(user, EntityType.STORE, FilterMode.INCLUDE, "S1")
    return user


def _in(lane: Lane, now: datetime) -> list[int]:
    waiting = sa.select(SyncState.user_id).where(due.is_waiting(lane, now))
    return list(db.session.scalars(waiting.order_by(SyncState.next_run_at, SyncState.user_id)))
