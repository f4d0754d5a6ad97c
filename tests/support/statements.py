"""What is asked of the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from app.db import db


@contextmanager
def heard(note: Callable[[str, Any], object]) -> Iterator[None]:
    """`note` gets every statement of every connection, with its parameters, before it is made."""

    def hear(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        note(statement, parameters)

    sa.event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", hear)


@contextmanager
def noted_statements(is_meant: Callable[[str], bool]) -> Iterator[list[tuple[str, Any]]]:
    """Those that are meant so far, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(statement: str, parameters: Any) -> None:
        if is_meant(statement):
            seen.append((statement, parameters))

    with heard(note):
        yield seen


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """All so far, but for where a transaction begins and ends."""
    seen: list[str] = []

    def note(statement: str, _parameters: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    with heard(note):
        yield seen


def plan_of(statement: str, parameters: Any) -> str:
    """How the database goes about it, a step to a line."""
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    rows = db.session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
    return "\n".join(str(row[-1]) for row in rows)
