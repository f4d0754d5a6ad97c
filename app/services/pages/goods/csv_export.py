"""The catalog with its verdicts as a table for a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO

import sqlalchemy as sa

from app.db import db, reading
from app.domain.catalog.goods import GroupTree, Product
from app.domain.planning.selection import StoreGoods
from app.domain.rules import Decision
from app.models import CatalogStore, User
from app.services.catalog.criteria import Criteria, verdict_of
from app.services.catalog.load import load_goods
from app.services.pages.goods.query import Codes
from app.services.pages.goods.store import product_codes

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
    """Piece by piece, and no transaction stays open between two."""
    query = sa.select(CatalogStore.store_id).where(CatalogStore.user_id == user.id).order_by(CatalogStore.name)
    return _chunks(user.id, db.session.scalars(query).all(), Criteria.of(user))


def _chunks(user_id: int, store_ids: Sequence[str], criteria: Criteria) -> Iterator[str]:
    db.session.commit()
    yield BOM + _as_csv([COLUMNS])
    for store_id in store_ids:
        rows = _store_rows(user_id, store_id, criteria)
        for start in range(0, len(rows), _ROWS_IN_CHUNK):
            yield _as_csv(rows[start : start + _ROWS_IN_CHUNK])


def _store_rows(user_id: int, store_id: str, criteria: Criteria) -> list[list[str]]:
    with reading():
        stores = load_goods(user_id, store_id, texts=False)
        codes = product_codes(user_id, store_id)
        db.session.commit()
    return [
        _row(goods, product, decision, codes.get(product.id, ("", "")), criteria)
        for goods in stores
        for product, decision in criteria.decisions(goods)
    ]


def _row(goods: StoreGoods, product: Product, decision: Decision, codes: Codes, criteria: Criteria) -> list[str]:
    verdict = verdict_of(decision, goods, product)
    article, code, *_barcodes = codes
    return [
        _text(goods.store.id),
        _text(goods.store.name),
        _text(_path(goods.tree, product.group_id)),
        _text(product.id),
        _text(product.name),
        _text(code),
        _text(article),
        _number(product.price, decimals=2),
        _number(product.quantity).rstrip("0").rstrip(","),
        _text(product.measure),
        "in" if decision.included else "out",
        decision.level or "",
        _text(verdict.decided_by or ""),
        criteria.skip_reason(goods, product, decision) or "",
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
