"""The ids that come next: none that was given once, be its row there or not, is given again."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_SQLITE = sa.table("sqlite_sequence", sa.column("name", sa.String), sa.column("seq", sa.Integer))


def carry_over(source: Connection, target: Connection, tables: Sequence[sa.Table]) -> None:
    for table in tables:
        if table.primary_key.columns.keys() == ["id"] and (last := _last_id(source, table)):
            _go_on_after(target, table, last)


def _last_id(connection: Connection, table: sa.Table) -> int:
    highest: int = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
    if connection.dialect.name == "sqlite":
        given = connection.scalar(sa.select(_SQLITE.c.seq).where(_SQLITE.c.name == table.name))
    else:
        given = connection.scalar(sa.select(sa.func.pg_sequence_last_value(sa.func.to_regclass(_sequence(table)))))
    return max(highest, given or 0)


def _go_on_after(connection: Connection, table: sa.Table, last: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.setval(_sequence(table), last)))
        return
    known = sa.update(_SQLITE).where(_SQLITE.c.name == table.name).values(seq=last)
    is_counted = "AUTOINCREMENT" in str(
        connection.scalar(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table.name}
        )
    )
    if is_counted and not connection.execute(known).rowcount:
        connection.execute(sa.insert(_SQLITE).values(name=table.name, seq=last))


def _sequence(table: sa.Table) -> sa.ColumnElement[str]:
    return sa.func.pg_get_serial_sequence(table.name, "id")
