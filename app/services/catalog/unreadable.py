"""Products that Evotor sent in a form we cannot trust: what the last read of each store left in its old copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import Unreadable
from app.models import CatalogProduct, CatalogStore, CatalogUnreadable


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    found: Unreadable
    store_id: str
    store: str
    known_as: str | None
    """Name in the old copy; None where there is none."""

    @property
    def name(self) -> str:
        return self.found.name or self.known_as or ""


def count(user_id: int) -> int:
    return db.session.scalar(_number(), {"user_id": user_id}) or 0


@cache
def _number() -> sa.Select[int]:
    of_user = CatalogUnreadable.user_id == sa.bindparam("user_id", type_=sa.Integer)
    query = sa.select(sa.func.count()).select_from(CatalogUnreadable).join(CatalogStore, _is_store)
    return query.where(of_user, CatalogStore.is_open)


def first_rows(user_id: int, most: int, offset: int = 0) -> Sequence[UnreadableRow]:
    """By store and name."""
    query = _of_user(user_id).order_by(
        CatalogStore.name, CatalogStore.store_id, CatalogUnreadable.name, CatalogUnreadable.id
    )
    return [
        UnreadableRow(_unreadable(row), row.store_id, store, known_as)
        for row, store, known_as in db.session.execute(query.limit(most).offset(offset))
    ]


def of_product(user_id: int, store_id: str, product_id: str) -> Unreadable | None:
    query = sa.select(CatalogUnreadable).where(
        CatalogUnreadable.user_id == user_id,
        CatalogUnreadable.store_id == store_id,
        CatalogUnreadable.product_id == product_id,
    )
    row = db.session.scalar(query.limit(1))
    return None if row is None else _unreadable(row)


def ids_by_store(user_id: int, store_id: str | None = None) -> dict[str, frozenset[str]]:
    query = sa.select(CatalogUnreadable.store_id, CatalogUnreadable.product_id).where(
        CatalogUnreadable.user_id == user_id, CatalogUnreadable.product_id.is_not(None)
    )
    if store_id is not None:
        query = query.where(CatalogUnreadable.store_id == store_id)
    found: dict[str, set[str]] = {}
    for store, product_id in db.session.execute(query):
        found.setdefault(store, set()).add(product_id or "")
    return {store: frozenset(ids) for store, ids in found.items()}


def counts_by_store(user_id: int) -> dict[str, int]:
    query = (
        sa.select(CatalogUnreadable.store_id, sa.func.count())
        .where(CatalogUnreadable.user_id == user_id)
        .group_by(CatalogUnreadable.store_id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


_is_store = sa.and_(
    CatalogStore.user_id == CatalogUnreadable.user_id, CatalogStore.store_id == CatalogUnreadable.store_id
)


def _of_user(user_id: int) -> sa.Select[CatalogUnreadable, str, str | None]:
    """With the names that the copy knows; not of a store that is closed for good."""
    is_product = sa.and_(
        CatalogProduct.user_id == CatalogUnreadable.user_id,
        CatalogProduct.store_id == CatalogUnreadable.store_id,
        CatalogProduct.product_id == CatalogUnreadable.product_id,
    )
    return (
        sa.select(CatalogUnreadable, CatalogStore.name, CatalogProduct.name)
        .join(CatalogStore, _is_store)
        .outerjoin(CatalogProduct, is_product)
        .where(CatalogUnreadable.user_id == user_id, CatalogStore.is_open)
    )


def _unreadable(row: CatalogUnreadable) -> Unreadable:
    return Unreadable(row.product_id, row.name, row.field, row.sent)
