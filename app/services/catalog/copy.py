"""Our copy of one store's goods: replaced whole by a good read, kept where a read looks like a bad one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.clients.evotor.client import GroupList, ProductList
from app.clock import utcnow
from app.db import Base, db
from app.domain.catalog.goods import Unreadable
from app.models import CatalogGroup, CatalogProduct, CatalogStore, CatalogUnreadable, StoreState
from app.services.catalog.bad_reads import doubt_about
from app.services.catalog.copy_merge import groups_in_use, kept_rows, with_old_choices, with_unread_fields
from app.services.catalog.copy_rows import group_row, product_row, replace_rows, stored_rows
from app.services.locks import lock

_GOODS: tuple[type[Base], ...] = (CatalogProduct, CatalogGroup, CatalogUnreadable)
_UNREADABLE = CatalogUnreadable.__table__


def mark_store(
    user_id: int, store_id: str, state: StoreState, code: str, *, retry_after: timedelta | None = None
) -> None:
    """The copy that we have stays, and says why it was not replaced. Commits."""
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(
            state=state,
            error_code=code,
            retry_after=utcnow() + retry_after if retry_after else None,
        )
    )
    db.session.commit()


def replace_goods(
    user_id: int, store_id: str, listed: GroupList, products: ProductList, *, is_believed: bool = False
) -> bool:
    """Replace the copy of one store. Commits; False where the lists look like a bad read and the old copy was kept."""
    lock(user_id)
    old_groups = stored_rows(CatalogGroup.__table__, "group_id", user_id, store_id)
    old_products = stored_rows(CatalogProduct.__table__, "product_id", user_id, store_id)
    groups = [with_unread_fields(group, listed, old_groups) for group in listed.groups]
    kept = kept_rows(old_products, products)
    doubt = None if is_believed else doubt_about(old_groups, old_products, groups, products, kept)
    if doubt is not None:
        mark_store(user_id, store_id, StoreState.SUSPICIOUS, doubt)
        return False
    owner = {"user_id": user_id, "store_id": store_id}
    standing = {product.group_id for product in products.products} | {row["group_id"] for row in kept.values()}
    in_use = groups_in_use(old_groups, groups, standing)
    replace_rows(
        CatalogGroup.__table__,
        "group_id",
        {group_id: row for group_id, row in old_groups.items() if group_id not in in_use},
        [{**owner, **group_row(group)} for group in groups],
    )
    replace_rows(
        CatalogProduct.__table__,
        "product_id",
        {product_id: row for product_id, row in old_products.items() if product_id not in kept},
        [{**owner, **product_row(with_old_choices(product, old_products))} for product in products.products],
    )
    _note_unreadable(owner, products.unreadable)
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(state=StoreState.OK, error_code=None, fetched_at=utcnow(), retry_after=None)
    )
    db.session.commit()
    return True


def _note_unreadable(owner: Mapping[str, Any], found: Sequence[Unreadable]) -> None:
    columns = (_UNREADABLE.c.product_id, _UNREADABLE.c.name, _UNREADABLE.c.field, _UNREADABLE.c.sent)
    here = (_UNREADABLE.c.user_id == owner["user_id"], _UNREADABLE.c.store_id == owner["store_id"])
    known = Counter(tuple(row) for row in db.session.execute(sa.select(*columns).where(*here)))
    if known == Counter((one.id, one.name, one.field, one.sent) for one in found):
        return
    db.session.execute(sa.delete(CatalogUnreadable).where(*here))
    if found:
        rows = [{"product_id": one.id, "name": one.name, "field": one.field, "sent": one.sent} for one in found]
        db.session.execute(sa.insert(CatalogUnreadable), [{**owner, **row} for row in rows])


def drop_goods(user_id: int, store_id: str) -> None:
    """Everything of the store but its own row."""
    for model in _GOODS:
        db.session.execute(sa.delete(model).where(sa.column("user_id") == user_id, sa.column("store_id") == store_id))


def drop_catalog(user_id: int) -> None:
    """The whole copy: it belongs to another Evotor account than the one connected now."""
    everything: tuple[type[Base], ...] = (*_GOODS, CatalogStore)
    for model in everything:
        db.session.execute(sa.delete(model).where(sa.column("user_id") == user_id))
