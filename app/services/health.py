"""Whether the database answers and is at the newest migration."""

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DBAPIError
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
            version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except (DatabaseError, PoolTimeout) as error:
        return DatabaseState.NOT_MIGRATED if _lacks_a_table(error) else DatabaseState.UNREACHABLE
    return DatabaseState.OK if version == newest_migration() else DatabaseState.NOT_MIGRATED


def _lacks_a_table(error: Exception) -> bool:
    orig = getattr(error, "orig", None)
    return type(orig).__name__ == "UndefinedTable" or "no such table" in str(orig)


def newest_migration() -> str:
    return (MIGRATIONS / "HEAD").read_text().strip()


def comes_back(sleep: Callable[[float], None] = clock.sleep) -> bool:
    """After a loss: whether the database answers again, as one that was restarted does within seconds."""
    for pause in RETURNS_AFTER:
        if database_state() is not DatabaseState.UNREACHABLE:
            return True
        sleep(pause)
    return database_state() is not DatabaseState.UNREACHABLE


def end_session() -> None:
    """What is open is given up, also where the connection has gone meanwhile, which the first try finds out."""
    with suppress(DBAPIError):
        db.session.remove()
    db.session.remove()
