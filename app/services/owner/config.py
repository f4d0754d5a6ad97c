"""The rows of users' configurations."""

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
