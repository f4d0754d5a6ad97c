"""Which stores are read by what changed since their last whole list: docs/contracts/evotor.md §3.1."""

from collections.abc import Collection, Iterable
from datetime import timedelta

import sqlalchemy as sa

from app.clients.evotor.client import ProductList
from app.clock import utcnow
from app.db import db
from app.models import CatalogProduct, CatalogStore, CatalogUnreadable, StoreState

WHOLE_EVERY = timedelta(hours=1)
"""The longest that the copy holds what is gone from the register. Runs come every quarter of an hour."""


def since_of(whole: ProductList) -> int | None:
    """From when on it is enough to ask what changed after this list; None where that never is."""
    return whole.since if is_enough(whole) else None


def since_by_store(user_id: int, known: Iterable[CatalogStore], apart_from: Collection[str] = ()) -> dict[str, int]:
    """Of those stores for which it is enough to ask what changed: Evotor's parameter.

    Not of one that Evotor gave a hint of, nor of one with stock, for nobody says that a sale counts as a change, nor of
    one with goods that could not be read. `known`: the rows of the user's stores.
    """
    if not any(row.since is not None and row.hinted_at is None and row.store_id not in apart_from for row in known):
        return {}
    now = utcnow()
    has_stock = sa.exists().where(
        CatalogProduct.user_id == user_id,
        CatalogProduct.store_id == CatalogStore.store_id,
        CatalogProduct.quantity.is_not(None),
    )
    has_unreadable = sa.exists().where(
        CatalogUnreadable.user_id == user_id, CatalogUnreadable.store_id == CatalogStore.store_id
    )
    query = sa.select(CatalogStore.store_id, CatalogStore.since).where(
        CatalogStore.user_id == user_id,
        CatalogStore.state == StoreState.OK,
        CatalogStore.read_whole_at > now - WHOLE_EVERY,
        CatalogStore.read_whole_at <= now,
        CatalogStore.since.is_not(None),
        CatalogStore.hinted_at.is_(None),
        ~has_stock,
        ~has_unreadable,
    )
    found = db.session.execute(query)
    return {store_id: since for store_id, since in found if since is not None and store_id not in apart_from}


def is_enough(changed: ProductList) -> bool:
    """False where the store turns out to be one that `since_by_store` would have left out."""
    return not changed.unreadable and all(product.quantity is None for product in changed.products)
