"""A table of the copy as its database holds it: rows are compared and written in that form, and of what stays as it is
no value of ours is ever made. SQLAlchemy's handling of single values takes longer than all the rest of a refresh.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from app.db import ExactNumeric, db, in_chunks
from app.services import plan_version

HeldRow = sa.Row[*tuple[Any, ...]]
"""The row's number, then its columns in their order, as the driver gives and takes them."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class CopyTable:
    table: Any
    names: tuple[str, ...]
    """Of the columns that a refresh writes; by the first one rows of a store are told apart."""
    seldom_read: Mapping[str, sa.ColumnElement[bool]] = field(default_factory=dict)
    """Columns that only these rows are asked for: of the others they follow from what is compared anyway."""

    def read(self, user_id: int, store_id: str, keys: Collection[str] | None = None) -> dict[str, HeldRow]:
        """Those of one store, by key. None = all of them."""
        columns = self.table.c
        key = columns[self.names[0]]
        query = sa.select(columns.id, *map(self._read_column, self.names))
        query = query.where(columns.user_id == user_id, columns.store_id == store_id)
        # In this order SQLite takes the index along which the rows lie.
        queries = [query.order_by(key)] if keys is None else [query.where(key.in_(some)) for some in in_chunks(keys)]
        return {row[1]: row for query in queries for row in db.session.execute(query).all()}

    def is_as_it_was(self, old: Mapping[str, HeldRow], new: Iterable[Sequence[Any]]) -> bool:
        """`new`: held rows without numbers, each key once."""
        readers, left = self._readers(), len(old)
        for row in new:
            before = old.get(row[0])
            if before is None or (before[1:] != row and _differing(before[1:], row, readers)):
                return False
            left -= 1
        return left == 0

    def _read_column(self, name: str) -> Any:
        """Without SQLAlchemy's reading of its values."""
        column: Any = self.table.c[name]
        held = (
            sa.cast(column, sa.Text)
            if isinstance(column.type, sa.JSON)
            else sa.type_coerce(column, sa.types.NullType())
        )
        return sa.case((self.seldom_read[name], held)) if name in self.seldom_read else held

    def values(self, rows: Iterable[HeldRow]) -> Iterator[dict[str, Any]]:
        """As models have them, by name."""
        readers = self._readers()
        for row in rows:
            yield {name: read(held) for name, read, held in zip(self.names, readers, row[1:], strict=True)}

    def held(self, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        """Rows of values as models have them, without numbers; the last columns may be missing."""
        found = enumerate(map(self._binder, self.names))
        binders = [(place, bind) for place, bind in found if bind is not None]
        for row in rows:
            held = list(row)
            for place, bind in binders:
                if held[place] is not None:
                    held[place] = bind(held[place])
            yield tuple(held)

    def replace(
        self,
        user_id: int,
        store_id: str,
        old: Mapping[str, HeldRow],
        new: Iterable[Sequence[Any]],
        standing: Collection[str],
    ) -> frozenset[str]:
        """Write only what differs. `new`: held rows without numbers; `standing`: keys of them, and of what stays.

        Returns the names of the columns in which something does: of all where rows came or went, of none where no
        write was needed.
        """
        added: list[tuple[Any, ...]] = []
        changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = defaultdict(list)
        readers = self._readers()
        for row in new:
            before = old.get(row[0])
            if before is None:
                added.append((user_id, store_id, *row))
            elif before[1:] != row and (places := _differing(before[1:], row, readers)):
                changed[places].append((*(row[place] for place in places), before[0]))
        gone = old.keys() - standing
        if added:
            self._insert(added)
        for places, rows in changed.items():
            self._update([self.names[place] for place in places], rows)
        for ids in in_chunks(old[key][0] for key in gone):
            db.session.execute(sa.delete(self.table).where(self.table.c.id.in_(ids)))
        if added or changed:
            plan_version.touched(user_id)  # past the session, which would have noted it
        return frozenset(self.names if added or gone else (self.names[place] for places in changed for place in places))

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        names = ("user_id", "store_id", *self.names)
        table = sa.table(self.table.name, *map(sa.column, names))
        _execute_many(sa.insert(table).values({name: sa.bindparam(name) for name in names}), names, rows)

    def _update(self, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """`rows` end in numbers. An index of other columns is left alone."""
        table: Any = sa.table(self.table.name, sa.column("id"), *map(sa.column, names))
        statement = sa.update(table).where(table.c.id == sa.bindparam("row_id"))
        _execute_many(statement.values({name: sa.bindparam(name) for name in names}), (*names, "row_id"), rows)

    def _binder(self, name: str) -> Callable[[Any], Any] | None:
        """None where the driver takes the column's values as they are."""
        kind, dialect = self.table.c[name].type, db.engine.dialect
        if isinstance(kind, sa.JSON):
            return _as_json
        if isinstance(kind, ExactNumeric) and dialect.name == "sqlite":
            return float
        return int if isinstance(kind, sa.Boolean) and not dialect.supports_native_boolean else None

    def _readers(self) -> list[Callable[[Any], Any]]:
        return [self._reader(name) for name in self.names]

    def _reader(self, name: str) -> Callable[[Any], Any]:
        kind = self.table.c[name].type
        if isinstance(kind, sa.JSON):
            return _from_json
        if isinstance(kind, ExactNumeric):
            return partial(kind.process_result_value, dialect=db.engine.dialect)
        return _as_flag if isinstance(kind, sa.Boolean) else _as_it_is


def _differing(old: Sequence[Any], new: Sequence[Any], readers: Sequence[Callable[[Any], Any]]) -> tuple[int, ...]:
    """Places of the columns that mean something else now: one list is written as JSON in several ways."""
    places = [place for place, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
    return tuple(place for place in places if readers[place](old[place]) != readers[place](new[place]))


def _execute_many(statement: Any, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """`names`: of the statement's parameters, as the rows have them."""
    connection = db.session.connection()
    compiled = statement.compile(dialect=connection.dialect)
    if not compiled.positional:
        connection.exec_driver_sql(str(compiled), [dict(zip(names, row, strict=True)) for row in rows])
        return
    if tuple(compiled.positiontup) != tuple(names):
        raise AssertionError(f"the statement has another order than {names}")
    connection.exec_driver_sql(str(compiled), list(rows))


def _as_json(value: Any) -> str:
    """As SQLAlchemy writes it, so that rows of both are the same text, and mostly in a fifteenth of its time."""
    quickly = _encode(value)
    return quickly.decode() if b"," not in quickly and quickly.isascii() else json.dumps(value)


def is_same_json(one: str | None, other: str | None) -> bool:
    """Whatever spaces and escapes it was written with."""
    return one == other or _from_json(one) == _from_json(other)


def _from_json(held: str | None) -> Any:
    return None if held is None else _decode(held)


def _as_flag(held: Any) -> bool | None:
    return None if held is None else bool(held)


def _as_it_is(held: Any) -> Any:
    return held
