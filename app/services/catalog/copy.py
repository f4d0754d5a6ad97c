"""Our copy of one store's goods: replaced whole by a good read, kept where a read looks like a bad one."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.clients.evotor.client import GroupList, ProductList
from app.clock import utcnow
from app.db import Base, db
from app.domain.catalog.goods import GroupTree, Product, Store, Unreadable
from app.domain.catalog.pictures import Pictures
from app.domain.planning.selection import StoreGoods
from app.models import (
    CatalogCount,
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    CatalogUnreadable,
    StoreState,
    User,
)
from app.services.catalog.bad_reads import doubt_about
from app.services.catalog.copy_merge import groups_in_use, kept_rows, with_old_choices, with_unread_fields
from app.services.catalog.copy_rows import (
    group_row,
    product_row,
    replace_rows,
    stored_group,
    stored_product,
    stored_rows,
)
from app.services.catalog.verdicts import counts, stored
from app.services.catalog.verdicts.criteria import Criteria
from app.services.locks import lock
from app.services.photos import gallery

_GOODS: tuple[type[Base], ...] = (CatalogProduct, CatalogGroup, CatalogUnreadable, CatalogCount)
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
    """Replace the copy of one store, with what is said of each product.

    Commits; False where the lists look like a bad read and the old copy was kept.
    """
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
    tree = GroupTree.of([*groups, *(stored_group(old_groups[group_id]) for group_id in in_use)])
    read = [with_old_choices(product, old_products) for product in products.products]
    standing_products = [*read, *map(stored_product, kept.values())]
    rows = _product_rows(user_id, store_id, tree, standing_products, old_products)
    if replace_rows(CatalogProduct.__table__, "product_id", old_products, [{**owner, **row} for row in rows]):
        counts.recount_store(user_id, store_id)
    _note_unreadable(owner, products.unreadable)
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(state=StoreState.OK, error_code=None, fetched_at=utcnow(), retry_after=None)
    )
    db.session.commit()
    return True


def _product_rows(
    user_id: int, store_id: str, tree: GroupTree, products: Sequence[Product], old: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    user = db.session.get_one(User, user_id)
    criteria = Criteria.now(user)
    is_asked = criteria.settings.photo_required
    pictures = gallery.pictures_by_store(user_id, store_id).get(store_id) if is_asked else None
    goods = StoreGoods(Store(store_id, ""), tree, products, pictures=pictures or Pictures())
    for product, said in stored.said_of(goods, criteria):
        row = product_row(product)
        yield {**row, **said._asdict(), **_found_by(product, tree, row, old.get(product.id))}


_FOUND_BY = ("name", "article", "code", "barcodes", "choices")


def _found_by(
    product: Product, tree: GroupTree, row: Mapping[str, Any], old: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Folding takes longer than all the rest, so that what stands as it stood is not folded again."""
    is_same = old is not None and not product.choices and all(old[name] == row[name] for name in _FOUND_BY)
    if old is not None and is_same and old["included"] is not None:
        return {"search_text": old["search_text"], "sort_key": old["sort_key"]}
    return stored.found_by(product, tree)


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
