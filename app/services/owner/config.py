"""The rows of users' configurations."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import db
from app.models import SyncConfig, SyncState, User


def config_of(user: User) -> SyncConfig:
    """The user's configuration; the default one, not stored, where there is none yet."""
    return user.sync_config or SyncConfig(user_id=user.id, is_enabled=False, confirmed_at=None, filters=[])


def ensure_config(user: User) -> SyncConfig:
    if user.sync_config is None:
        user.sync_config = SyncConfig(is_enabled=False)
    if user.sync_state is None:
        user.sync_state = SyncState()
    db.session.flush()
    return user.sync_config


def active_users() -> Iterator[User]:
    """Everybody whose synchronisation is enabled and confirmed, with their rules, by number."""
    query = (
        sa.select(User)
        .join(SyncConfig)
        .where(SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
        .options(selectinload(User.sync_config).selectinload(SyncConfig.filters))
        .order_by(User.id)
    )
    yield from db.session.scalars(query)
