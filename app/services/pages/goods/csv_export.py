"""The catalog with its verdicts as a table for a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

import sqlalchemy as sa

from app.db import db, snapshot
from app.domain.catalog.goods import GroupTree, Store
from app.models import CatalogProduct, CatalogStore, User
from app.services.catalog.verdicts import stored
from app.services.pages.goods.group_tree import tree_of
from app.services.pages.goods.named_verdict import Names, decision_of

_C = CatalogProduct.__table__.c
_COLUMNS = (
    *(_C.product_id, _C.name, _C.group_id, _C.code, _C.article, _C.price, _C.quantity, _C.measure),
    *(_C.included, _C.level, _C.decided_by, _C.problem),
)
COLUMNS = (
    "store_id",
    "store",
    "group",
    "product_id",
    "product",
    "code",
    "article",
    "price",
    "quantity",
    "measure",
    "verdict",
    "level",
    "decided_by",
    "problem",
)
BOM = "\ufeff"
_FORMULA_STARTS = frozenset("=+-\N{MINUS SIGN}@|%")
_SEPARATORS = ("\t", "\r", "\n")
_UNSEEN = frozenset("CZM")
"""First letters of the categories of signs that a spreadsheet may pass over: controls, spaces, marks upon nothing."""
_ROWS_IN_CHUNK = 500


def csv_file(user: User) -> IO[bytes]:
    """The whole file, on the disk until it is closed: nothing of the database waits for the visitor's network."""
    file = TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    try:
        file.writelines(chunk.encode() for chunk in csv_chunks(user))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def csv_chunks(user: User) -> Iterator[str]:
    """Piece by piece, each store as of one moment, and no transaction stays open between two stores."""
    stored.ensure_current(user)
    query = sa.select(CatalogStore.store_id, CatalogStore.name).where(CatalogStore.user_id == user.id)
    rows = db.session.execute(query.order_by(CatalogStore.name)).all()
    return _chunks(user.id, [Store(row.store_id, row.name) for row in rows])


def _chunks(user_id: int, stores: Sequence[Store]) -> Iterator[str]:
    db.session.commit()
    yield BOM + _as_csv([COLUMNS])
    for store in stores:
        with snapshot():
            names = Names(store, tree_of(user_id, store.id))
            for rows in _products(user_id, store.id):
                yield _as_csv([_row(row, names) for row in rows])


def _products(user_id: int, store_id: str) -> Iterator[Sequence[Any]]:
    """By id, a few at a time: what is behind the last one is found by an index, however many come before it."""
    query = sa.select(*_COLUMNS).where(_C.user_id == user_id, _C.store_id == store_id)
    query = query.order_by(_C.product_id).limit(_ROWS_IN_CHUNK)
    rows = db.session.execute(query).all()
    while rows:
        yield rows
        rows = db.session.execute(query.where(_C.product_id > rows[-1].product_id)).all()


def _row(row: Any, names: Names) -> list[str]:
    decision = decision_of(row.included, row.level, row.decided_by)
    return [
        _text(names.store.id),
        _text(names.store.name),
        _text(_path(names.tree, row.group_id)),
        _text(row.product_id),
        _text(row.name),
        _text(row.code),
        _text(row.article),
        _number(row.price, decimals=2),
        _number(row.quantity).rstrip("0").rstrip(","),
        _text(row.measure),
        "in" if decision.included else "out",
        decision.level or "",
        _text(names.verdict(decision, row.name).decided_by or ""),
        (decision.included and row.problem) or "",
    ]


def _path(tree: GroupTree, group_id: str | None) -> str:
    return " / ".join(tree.groups[ancestor].name for ancestor in reversed(tree.lineage(group_id)))


def _text(value: str) -> str:
    """A cell that a spreadsheet would run as a formula is told to be text."""
    return f"'{value}" if value.startswith(_SEPARATORS) or _first_seen(value) in _FORMULA_STARTS else value


def _first_seen(value: str) -> str:
    """The first sign that a reader sees, in its plain form: «=» of «＝», and of «=» behind a zero-width space."""
    seen = (sign for sign in value if unicodedata.category(sign)[0] not in _UNSEEN)
    return unicodedata.normalize("NFKC", next(seen, ""))[:1]


def _number(value: Decimal | None, decimals: int = 3) -> str:
    """With a decimal comma, as a Russian spreadsheet reads numbers."""
    return "" if value is None else f"{value:.{decimals}f}".replace(".", ",")


def _as_csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
