"""Shared ground of the models: declarative base, session, column types, SQLite's manners."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import msgspec
import sqlalchemy as sa
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from app.clock import utcnow

__all__ = [
    "Base",
    "EncryptedText",
    "ExactNumeric",
    "Mapped",
    "contains",
    "created_at_column",
    "db",
    "in_chunks",
    "is_changed",
    "is_contention",
    "is_reading",
    "mapped_column",
    "once_while_reading",
    "reading",
    "snapshot",
]

P = ParamSpec("P")
T = TypeVar("T")

SQLITE_BUSY_MS = LOCK_MS = 15_000
_LOOK_MS = 8
"""SQLite waits for 1, 2 and 5 ms before it gives up."""
IDLE_MS = 5 * 60_000
"""No transaction is open while somebody else answers: one that idles so long belongs to a machine that is gone."""
_POSTGRES = (
    "timezone=UTC",
    f"lock_timeout={LOCK_MS}",
    f"idle_in_transaction_session_timeout={IDLE_MS}",
    "tcp_keepalives_idle=60",
)
_POOL = {"pool_size": 5, "max_overflow": 25, "pool_timeout": 5}
"""Of one process. Two of them leave room below PostgreSQL's usual hundred connections."""


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def is_contention(error: Exception) -> bool:
    """Others held the rows for too long, or waited for each other: asked again it may well work."""
    orig = getattr(error, "orig", None)
    return type(orig).__name__ in ("DeadlockDetected", "LockNotAvailable") or "database is locked" in str(orig)


def in_chunks(ids: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """No more at once than one statement of any database takes."""
    rest = list(ids)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def contains(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """PostgreSQL's index of trigrams serves LIKE alone; that of SQLite knows capital letters of English only."""
    if db.engine.dialect.name == "sqlite":
        return sa.func.instr(column, text) > 0
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return column.like(f"%{text}%")


def few(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    """Of rows that it seldom holds for: SQLite, which does not count them, then takes the index that serves it."""
    return sa.func.unlikely(condition) if db.engine.dialect.name == "sqlite" else condition


def is_changed(row: Base, columns: Iterable[str] | None = None) -> bool:
    """Before it is flushed: one of these columns, or any, holds another value than the database.

    For a small part of what looking at all of the row's history costs.
    """
    state = sa.inspect(row)
    touched = state.committed_state.keys() if columns is None else state.committed_state.keys() & columns
    return any(state.get_history(name, PASSIVE_NO_INITIALIZE).has_changes() for name in list(touched))


def created_at_column() -> Any:
    """By our clock, as all moments it is compared with; the database's own is for rows that others write."""
    return mapped_column(sa.DateTime, default=utcnow, server_default=sa.func.now(), nullable=False)


class EncryptedText(sa.types.TypeDecorator[str]):
    """Text that lies encrypted in the database; unreadable after its key is gone, then None."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else current_app.extensions["key_ring"].encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else current_app.extensions["key_ring"].decrypt(value)


class ExactNumeric(sa.types.TypeDecorator[Decimal]):
    """Numeric that is Decimal on both databases; SQLite stores a float, exact for 12 digits, and would warn."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Numeric(12, self.scale, asdecimal=False))
        return dialect.type_descriptor(sa.Numeric(12, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return _rounded(value, self.scale) if isinstance(value, int | float) else value


@lru_cache(4096)
def _rounded(value: float, scale: int) -> Decimal:
    """Many goods have the same price, or as many in stock."""
    return Decimal(f"{value:.{scale}f}")


def _read_json(text: str | bytes) -> Any:
    """The names in many objects are held once, unlike those that the standard library reads."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def engine_options(database_url: str) -> dict[str, Any]:
    # Values stay out of what an error says of itself: its text goes to the log.
    common = {**_POOL, "hide_parameters": True, "json_deserializer": _read_json}
    if database_url.startswith("sqlite"):
        return {**common, "connect_args": {"timeout": SQLITE_BUSY_MS / 1000}}
    return {
        **common,
        "pool_pre_ping": True,
        "executemany_mode": "values_plus_batch",
        "connect_args": {"options": " ".join(f"-c {option}" for option in _POSTGRES), "connect_timeout": 10},
    }


_reading: ContextVar[bool] = ContextVar("reading", default=False)
_in_snapshot: ContextVar[bool] = ContextVar("in_snapshot", default=False)
_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""READ COMMITTED shows two statements two states. SQLite's read transaction is of one moment anyway."""


def is_reading() -> bool:
    """The open transaction, or the next one, does not write."""
    return _reading.get()


@contextmanager
def reading(active: bool = True) -> Iterator[None]:
    """Transactions begun inside will not write: on SQLite they do not queue behind the one writer."""
    token = _reading.set(active)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def snapshot() -> Iterator[None]:
    """All that is read inside is as of one moment; nothing can be written there.

    Commits what is open before, as no transaction changes its manners on its way, and ends its own. Inside another
    one it is a part of that. What the session holds already stays as it was read: see `populate_existing`.
    """
    if _in_snapshot.get():
        yield
        return
    db.session.commit()
    token = _in_snapshot.set(True)
    try:
        with reading():
            if db.engine.dialect.name == "postgresql":
                db.session.connection(execution_options=_ONE_MOMENT)
            yield
            db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _in_snapshot.reset(token)


def once_while_reading(question: Callable[P, T]) -> Callable[P, T]:
    """The answer of before, as long as the same transaction goes on and does not write: a page asks in many places."""

    @wraps(question)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _reading.get():
            return question(*args, **kwargs)
        session, key = db.session(), (question, args, *kwargs.items())
        known = _answers(session)
        if key in known:
            answer: T = known[key]
            return answer
        answer = question(*args, **kwargs)
        _answers(session)[key] = answer  # looked for anew: the question may have begun the transaction
        return answer

    return asked


def _answers(session: Session) -> dict[Any, Any]:
    """Those of the open transaction."""
    transaction, answers = session.info.get(_ANSWERS, (None, {}))
    if transaction is None or transaction is not session.get_transaction():
        answers = {}
        session.info[_ANSWERS] = (session.get_transaction(), answers)
    found: dict[Any, Any] = answers
    return found


_ANSWERS = "answers in this transaction"


def init_sqlite(app: Flask) -> None:
    with app.app_context():
        mind_sqlite(db.engine)


def mind_sqlite(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: object) -> None:
    # The driver's own transaction handling would begin too late (https://docs.sqlalchemy.org, "pysqlite").
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={SQLITE_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    # Two deferred transactions that read and then write lose an update; the writer takes its lock first.
    if _reading.get():
        connection.exec_driver_sql("BEGIN")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout={_LOOK_MS}")
    try:
        if not _has_turn(driver):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # so that what is wrong is told as any other fault
    finally:
        driver.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")


def _has_turn(driver: Any) -> bool:
    """The writer's turn, looked for every few milliseconds.

    SQLite itself looks ever more seldom, up to ten times a second, so that whoever has waited for long waits longest.
    """
    for _ in range(SQLITE_BUSY_MS // _LOOK_MS):
        try:
            driver.execute("BEGIN IMMEDIATE")
            return True
        except sqlite3.OperationalError:
            continue
    return False
