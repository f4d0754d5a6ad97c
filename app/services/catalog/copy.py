"""Our copy of one store's goods: replaced whole by a good read, kept where a read looks like a bad one, or brought up
to date by what changed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.clients.evotor.client import GroupList, ProductList
from app.clock import utcnow
from app.db import Base, db
from app.domain.catalog.goods import GroupTree, Product, Store, Unreadable
from app.domain.catalog.pictures import Pictures
from app.domain.planning.selection import StoreGoods
from app.garbage import uncollected
from app.models import (
    CatalogCount,
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    CatalogUnreadable,
    StoreState,
    User,
)
from app.services.catalog import planner_statistics
from app.services.catalog.copy_merge import (
    doubt_about,
    groups_in_use,
    kept_products,
    with_old_choices,
    with_unread_fields,
)
from app.services.catalog.copy_rows import (
    COUNTED,
    GROUPS,
    NAMED,
    PRODUCTS,
    WITHOUT_TEXTS,
    group_row,
    product_row,
    stored_groups,
    texts_that_stand,
)
from app.services.catalog.copy_table import HeldRow
from app.services.catalog.reads.heard import heard
from app.services.catalog.reads.since import since_of
from app.services.catalog.verdicts import counts, stored
from app.services.catalog.verdicts.criteria import Criteria
from app.services.locks import lock
from app.services.owner import rule_entities
from app.services.photos import gallery

_GOODS: tuple[type[Base], ...] = (CatalogProduct, CatalogGroup, CatalogUnreadable, CatalogCount)
_UNREADABLE = CatalogUnreadable.__table__


def mark_store(
    user_id: int, store_id: str, state: StoreState, code: str, *, retry_after: timedelta | None = None
) -> None:
    """The copy that we have stays, and says why it was not replaced; nothing but a whole list replaces it. Commits."""
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(
            state=state,
            error_code=code,
            since=None,
            heard=None,
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
    with uncollected():
        return _replace(user_id, store_id, listed, products, is_believed=is_believed)


def _replace(user_id: int, store_id: str, listed: GroupList, products: ProductList, *, is_believed: bool) -> bool:
    old_groups, old_products = GROUPS.read(user_id, store_id), PRODUCTS.read(user_id, store_id)
    known_groups = {group.id: group for group in stored_groups(old_groups.values())}
    groups = [with_unread_fields(group, listed, known_groups) for group in listed.groups]
    kept = kept_products(old_products, products)
    doubt = None if is_believed else doubt_about(old_groups, old_products, groups, products, kept)
    if doubt is not None:
        mark_store(user_id, store_id, StoreState.SUSPICIOUS, doubt)
        return False
    standing = [*(with_old_choices(product, old_products) for product in products.products), *kept]
    in_use = groups_in_use(known_groups, groups, {product.group_id for product in standing})
    tree = GroupTree.of([*groups, *(known_groups[group_id] for group_id in in_use)])
    new_groups = GROUPS.held(map(group_row, groups))
    changed = GROUPS.replace(user_id, store_id, old_groups, new_groups, tree.groups.keys())
    rows = _other_rows(user_id, store_id, tree, standing, old_products)
    ids = {product.id for product in standing}
    _follow(user_id, store_id, PRODUCTS.replace(user_id, store_id, old_products, rows, ids), changed)
    _note_unreadable({"user_id": user_id, "store_id": store_id}, products.unreadable)
    lacks_some = bool(old_products.keys() - ids)  # it may have been cut: what it lacks no change would bring back
    since = None if lacks_some else since_of(products)
    _note_read(user_id, store_id, read_whole_at=utcnow(), since=since, heard=heard(listed, products))
    planner_statistics.renew_after(len(standing) - len(old_products))
    return True


def update_goods(user_id: int, store_id: str, listed: GroupList, changed: ProductList) -> bool:
    """Bring the copy of one store up to date by what changed in it, with what is said of that; nothing goes.

    Commits; False, and nothing was written, where more may have changed than was told: its tree is another, or its last
    whole list is no ground to stand on any more.
    """
    lock(user_id)
    with uncollected():
        return _update(user_id, store_id, listed, changed.products)


def _update(user_id: int, store_id: str, listed: GroupList, changed: Sequence[Product]) -> bool:
    old_groups = GROUPS.read(user_id, store_id)
    known_groups = {group.id: group for group in stored_groups(old_groups.values())}
    groups = [with_unread_fields(group, listed, known_groups) for group in listed.groups]
    query = sa.select(CatalogStore.since).where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
    if db.session.scalar(query) is None or not GROUPS.is_as_it_was(old_groups, GROUPS.held(map(group_row, groups))):
        db.session.rollback()
        return False
    ids = {product.id for product in changed}
    old = PRODUCTS.read(user_id, store_id, ids)
    rows = _other_rows(
        user_id, store_id, GroupTree.of(groups), [with_old_choices(product, old) for product in changed], old
    )
    _follow(user_id, store_id, PRODUCTS.replace(user_id, store_id, old, rows, ids))
    _note_read(user_id, store_id, heard=None)
    return True


def _follow(
    user_id: int, store_id: str, changed: Collection[str], changed_groups: Collection[str] = frozenset()
) -> None:
    """What is counted by the columns that changed, and remembered of them."""
    if COUNTED.intersection(changed):
        counts.recount_store(user_id, store_id)
    if NAMED.intersection(changed) or NAMED.intersection(changed_groups):
        rule_entities.refresh_names(db.session.get_one(User, user_id))


def _note_read(user_id: int, store_id: str, **more: Any) -> None:
    """Commits."""
    now = utcnow()
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(state=StoreState.OK, error_code=None, fetched_at=now, heard_at=now, retry_after=None, **more)
    )
    db.session.commit()


def _other_rows(
    user_id: int, store_id: str, tree: GroupTree, products: Sequence[Product], old: Mapping[str, HeldRow]
) -> Iterator[tuple[Any, ...]]:
    """Of the products that are not what they were, or of which not the same is said."""
    user = db.session.get_one(User, user_id)
    criteria = Criteria.now(user)
    if not old:
        stored.begin(user_id, criteria)
    is_asked = criteria.settings.photo_required
    pictures = gallery.pictures_by_store(user_id, store_id).get(store_id) if is_asked else None
    goods = StoreGoods(Store(store_id, ""), tree, products, pictures=pictures or Pictures())
    rows = PRODUCTS.held((*product_row(product), *said) for product, said in stored.said_of(goods, criteria))
    for product, row in zip(products, rows, strict=True):
        before = old.get(product.id)
        if before is None or before[WITHOUT_TEXTS] != row or product.choices:
            texts = texts_that_stand(before, row)
            yield (*row, *(stored.found_by(product, tree).values() if texts is None else texts))


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
