"""As many users as one wants, each with the rows of the configuration of one whom the services made."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app.db import db, in_chunks
from app.models import SyncConfig, SyncFilter, SyncState, User

Rows = list[dict[str, Any]]


def multiply(user: User, total: int) -> None:
    """Until there are so many. Commits."""
    config = user.sync_config
    assert config is not None
    known = db.session.scalar(sa.select(sa.func.count()).select_from(User)) or 0
    names = [f"owner{number}@example.ru" for number in range(known, total)]
    users = list(_copies(User, User.id == user.id, [{"email": name, "session_key": name} for name in names]))
    ids = _inserted(User, users)
    configs = _inserted(
        SyncConfig, list(_copies(SyncConfig, SyncConfig.id == config.id, [{"user_id": one} for one in ids]))
    )
    of_configs = [{"sync_config_id": one} for one in configs]
    _inserted(SyncFilter, list(_copies(SyncFilter, SyncFilter.sync_config_id == config.id, of_configs)))
    _inserted(SyncState, list(_copies(SyncState, SyncState.user_id == user.id, [{"user_id": one} for one in ids])))
    db.session.commit()


def _copies(model: Any, which: sa.ColumnElement[bool], changes: Rows) -> Iterator[dict[str, Any]]:
    """Each row once for each of the changes."""
    table: sa.Table = model.__table__
    rows = [dict(row) for row in db.session.execute(sa.select(table).where(which)).mappings()]
    for change in changes:
        for row in rows:
            yield {name: value for name, value in {**row, **change}.items() if name != "id"}


def _inserted(model: Any, rows: Rows) -> list[int]:
    """Their new ids."""
    begin = db.session.scalar(sa.select(sa.func.max(model.id))) or 0
    for some in in_chunks(rows):
        db.session.execute(sa.insert(model.__table__), some)
    return list(db.session.scalars(sa.select(model.id).where(model.id > begin).order_by(model.id)))
