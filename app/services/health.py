"""Whether the database answers and is at the newest migration."""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db import db, reading
from app.extensions import MIGRATIONS


class DatabaseState(StrEnum):
    OK = "ok"
    UNREACHABLE = "unreachable"
    NOT_MIGRATED = "not_migrated"


def database_state() -> DatabaseState:
    try:
        with reading(), db.engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
            if not sa.inspect(connection).has_table("alembic_version"):
                return DatabaseState.NOT_MIGRATED
            version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except (DatabaseError, PoolTimeout):
        return DatabaseState.UNREACHABLE
    return DatabaseState.OK if version == newest_migration() else DatabaseState.NOT_MIGRATED


def newest_migration() -> str:
    return (MIGRATIONS / "HEAD").read_text().strip()
