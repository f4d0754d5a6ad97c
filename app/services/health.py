"""Whether the database answers and is at the newest migration."""

from collections.abc import Callable
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import clock
from app.db import db, reading
from app.migrating import MIGRATIONS

RETURNS_AFTER = (1.0, 2.0, 4.0)
"""Seconds between the looks at a database that was lost."""


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


def comes_back(sleep: Callable[[float], None] = clock.sleep) -> bool:
    """After a loss: whether the database answers again, as one that was restarted does within seconds."""
    for pause in RETURNS_AFTER:
        if database_state() is not DatabaseState.UNREACHABLE:
            return True
        sleep(pause)
    return database_state() is not DatabaseState.UNREACHABLE
