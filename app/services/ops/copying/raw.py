"""The tables as they lie: what is encrypted stays so, and JSON stays the text that it is."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

import app.models.all  # noqa: F401  # makes every table known
from app.db import Base, EncryptedText

ROWS_A_TIME, WIDE_ROWS_A_TIME = 1_000, 100
"""Those with JSON may be large."""


class _JsonText(sa.types.TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
        return sa.cast(column, sa.Text)


def raw_tables() -> Sequence[sa.Table]:
    """Whatever a row refers to stands in a table before its own."""
    metadata = sa.MetaData()
    return [
        sa.Table(
            table.name,
            metadata,
            *(sa.Column(column.name, _raw_type(column), primary_key=column.primary_key) for column in table.columns),
        )
        for table in Base.metadata.sorted_tables
    ]


def _raw_type(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    if isinstance(column.type, EncryptedText):
        return sa.Text()
    return _JsonText() if isinstance(column.type, sa.JSON) else column.type


def key_of(table: sa.Table, row: Row[Any]) -> str:
    return ", ".join(str(row._mapping[column]) for column in table.primary_key)


def lots(connection: Connection, table: sa.Table) -> Iterator[Sequence[Row[Any]]]:
    """All rows by their keys, in the same order on both databases; no more of them in memory than a lot."""
    is_wide = any(isinstance(column.type, _JsonText) for column in table.columns)
    size = WIDE_ROWS_A_TIME if is_wide else ROWS_A_TIME
    order = [_by_bytes(connection, column) for column in table.primary_key]
    yield from connection.execute(sa.select(table).order_by(*order), execution_options={"yield_per": size}).partitions()


def _by_bytes(connection: Connection, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """PostgreSQL may put texts into the order of some language; SQLite never does."""
    is_text = isinstance(column.type, sa.String) and connection.dialect.name == "postgresql"
    return column.collate("C") if is_text else column


def count(connection: Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
