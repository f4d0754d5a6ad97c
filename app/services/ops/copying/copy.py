"""One snapshot of a database, written into another within one transaction: it stands there whole, or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from app.db import reading
from app.services.errors import ServiceError
from app.services.health import newest_migration
from app.services.ops.copying.counters import carry_over
from app.services.ops.copying.engines import engine_for
from app.services.ops.copying.raw import count, key_of, lots, raw_tables

_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class TargetRefused(ServiceError):
    """`target_unreachable`, `target_not_migrated`, `target_not_empty`; nothing was written."""


class RowRefused(ServiceError):
    """The target does not take this row; nothing was kept."""

    code = "row_refused"

    def __init__(self, table: str, key: str, why: str) -> None:
        super().__init__()
        self.table, self.key, self.why = table, key, why


class RowsDiffer(ServiceError):
    """What stands in the target is not what was copied; nothing was kept."""

    code = "rows_differ"

    def __init__(self, table: str) -> None:
        super().__init__()
        self.table = table


def copy_database(
    source_url: str,
    target_url: str,
    *,
    begin: Callable[[int], None] = lambda _total: None,
    tell: Callable[[int], None] = lambda _rows: None,
) -> Mapping[str, int]:
    """How many rows each table had. `begin` hears how many rows are to be copied and compared, `tell` of each lot.

    Raises TargetRefused, RowRefused, RowsDiffer, and errors of either database.
    """
    source, target = engine_for(source_url), engine_for(target_url)
    tables = raw_tables()
    try:
        with _target(target, tables) as write, _source(source) as read:
            counts = {table.name: count(read, table) for table in tables}
            begin(2 * sum(counts.values()))
            for table in tables:
                _copy(read, write, table, tell)
            for table in tables:
                _compare(read, write, table, tell)
            carry_over(read, write, tables)
            if write.dialect.name == "postgresql":
                write.exec_driver_sql("ANALYZE")  # so that the first pages are planned as the later ones
    finally:
        source.dispose()
        target.dispose()
    return counts


@contextmanager
def _source(engine: Engine) -> Iterator[Connection]:
    with reading(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(**_ONE_MOMENT)
        else:
            driver: Any = connection.connection.driver_connection
            driver.text_factory = _text
        yield connection


def _text(stored: bytes) -> str:
    """SQLite keeps whatever bytes it was given; those that are no text are found when they are written."""
    return stored.decode("utf-8", "surrogateescape")


@contextmanager
def _target(engine: Engine, tables: Sequence[sa.Table]) -> Iterator[Connection]:
    """Nobody else writes there meanwhile. What is written is committed at the end, if it comes to that."""
    path = engine.url.database
    if engine.dialect.name == "sqlite" and not (path and Path(path).is_file()):
        raise TargetRefused("target_unreachable")  # opening it would make it
    try:
        connection = engine.connect()
        connection.begin()
    except (OperationalError, InterfaceError):
        raise TargetRefused("target_unreachable") from None
    with connection:
        _must_be_migrated(connection)
        if engine.dialect.name == "postgresql":
            names = ", ".join(table.name for table in tables)
            connection.exec_driver_sql(f"LOCK TABLE alembic_version, {names} IN EXCLUSIVE MODE")
        if any(connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) for table in tables):
            raise TargetRefused("target_not_empty")
        yield connection
        connection.commit()


def _must_be_migrated(connection: Connection) -> None:
    version = None
    if sa.inspect(connection).has_table("alembic_version"):
        version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if version != newest_migration():
        raise TargetRefused("target_not_migrated")


def _copy(read: Connection, write: Connection, table: sa.Table, tell: Callable[[int], None]) -> None:
    for rows in lots(read, table):
        try:
            _put(write, table, rows)
        except (OperationalError, InterfaceError):
            raise
        except (DBAPIError, ValueError):
            _find_refused(write, table, rows)
            raise
        tell(len(rows))


def _put(write: Connection, table: sa.Table, rows: Sequence[Row[Any]]) -> None:
    with write.begin_nested():
        write.execute(sa.insert(table), [dict(row._mapping) for row in rows])


def _find_refused(write: Connection, table: sa.Table, rows: Sequence[Row[Any]]) -> None:
    """Raises RowRefused for the first."""
    for row in rows:
        try:
            _put(write, table, [row])
        except (DBAPIError, ValueError) as error:
            raise RowRefused(table.name, key_of(table, row), _why(row, error)) from None


def _why(row: Row[Any], error: DBAPIError | ValueError) -> str:
    """A kind of error, and no value."""
    if any("\0" in value for value in row if isinstance(value, str)):
        return "a NUL character"
    if isinstance(error, ValueError):
        return "text that is not UTF-8"
    return type(error.orig).__name__


def _compare(read: Connection, write: Connection, table: sa.Table, tell: Callable[[int], None]) -> None:
    for ours, theirs in zip_longest(lots(read, table), lots(write, table), fillvalue=()):
        if list(map(tuple, ours)) != list(map(tuple, theirs)):
            raise RowsDiffer(table.name)
        tell(len(ours))
