"""Our copy of one store's goods: replaced whole by a good read, kept where a read looks like a bad one."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.clients.evotor.client import GroupList, ProductList
from app.clock import utcnow
from app.db import Base, db, in_chunks
from app.domain.catalog.goods import Attribute, Group, Product, Unreadable
from app.models import CatalogGroup, CatalogProduct, CatalogStore, CatalogUnreadable, StoreState
from app.services.catalog.load import to_attributes, to_pairs
from app.services.locks import lock

FEWEST_IN_STOCK = 3
"""So many products that were in stock do not all sell out between two reads."""
_GOODS: tuple[type[Base], ...] = (CatalogProduct, CatalogGroup, CatalogUnreadable)
_UNREADABLE = CatalogUnreadable.__table__


def mark_store(
    user_id: int, store_id: str, state: StoreState, code: str, *, retry_after: timedelta | None = None
) -> None:
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
    """Replace the copy of one store; False where the lists look like a bad read and the old copy was kept."""
    lock(user_id)
    old_groups = _rows(CatalogGroup.__table__, "group_id", user_id, store_id)
    old_products = _rows(CatalogProduct.__table__, "product_id", user_id, store_id)
    groups = [_filled(group, listed, old_groups) for group in listed.groups]
    kept = _kept(old_products, products)
    doubt = None if is_believed else _doubt(old_groups, old_products, groups, products, kept)
    if doubt is not None:
        mark_store(user_id, store_id, StoreState.SUSPICIOUS, doubt)
        return False
    owner = {"user_id": user_id, "store_id": store_id}
    standing = {product.group_id for product in products.products} | {row["group_id"] for row in kept.values()}
    in_use = _groups_in_use(old_groups, groups, standing)
    _replace(
        CatalogGroup.__table__,
        "group_id",
        {group_id: row for group_id, row in old_groups.items() if group_id not in in_use},
        [{**owner, **_group_row(group)} for group in groups],
    )
    _replace(
        CatalogProduct.__table__,
        "product_id",
        {product_id: row for product_id, row in old_products.items() if product_id not in kept},
        [{**owner, **_product_row(_with_old_choices(product, old_products))} for product in products.products],
    )
    _note_unreadable(owner, products.unreadable)
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(state=StoreState.OK, error_code=None, fetched_at=utcnow(), retry_after=None)
    )
    db.session.commit()
    return True


def _filled(group: Group, listed: GroupList, old: Mapping[str, Mapping[str, Any]]) -> Group:
    """What Evotor does not say readably of a known group stays as it was: where it stands, its name, its attributes."""
    unread, known = listed.unread.get(group.id, frozenset()), old.get(group.id)
    if not unread or known is None:
        return group
    if "name" in unread:
        group = replace(group, name=known["name"])
    if "parent_id" in unread:
        group = replace(group, parent_id=known["parent_id"])
    if "attributes" in unread:
        attributes = _merged(to_attributes(known["attributes"] or ()), group.attributes)
        is_model = group.is_variant_model or known["is_variant_model"]
        group = replace(group, is_variant_model=is_model, attributes=attributes)
    return group


def _merged(old: Sequence[Attribute], read: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """In the old order; what can be read is as Evotor has it now."""
    found = {attribute.id: attribute for attribute in old}
    for attribute in read:
        before = found.get(attribute.id, attribute)
        choices = {**dict(before.choices), **dict(attribute.choices)}
        found[attribute.id] = Attribute(attribute.id, attribute.name or before.name, tuple(choices.items()))
    return tuple(found.values())


def _with_old_choices(product: Product, old: Mapping[str, Mapping[str, Any]]) -> Product:
    if not product.has_odd_choices or product.id not in old:
        return product
    choices = {**dict(to_pairs(old[product.id]["choices"])), **dict(product.choices)}
    return replace(product, choices=tuple(sorted(choices.items())))


def _kept(old: Mapping[str, Mapping[str, Any]], products: ProductList) -> dict[str, Mapping[str, Any]]:
    """Rows that stay as they are: Evotor has these products, only not in a form that can be read.

    What has not even a readable id may be any of those that the list lacks.
    """
    readable = {product.id for product in products.products}
    unreadable = products.unreadable_ids
    return {
        product_id: row
        for product_id, row in old.items()
        if product_id in unreadable or (products.has_nameless and product_id not in readable)
    }


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


def _doubt(
    old_groups: Mapping[str, Any],
    old_products: Mapping[str, Mapping[str, Any]],
    groups: Sequence[Group],
    products: ProductList,
    kept: Mapping[str, Mapping[str, Any]],
) -> str | None:
    """Why lists that came whole look like a bad read all the same; a code."""
    readable = products.products
    if old_products and not readable and not products.unreadable:
        return "evotor_empty"
    if old_groups and not groups and any(product.group_id for product in readable):
        return "evotor_empty"
    were_in_stock = sum(_is_in_stock(row["quantity"]) for row in old_products.values())
    quantities = [*(product.quantity for product in readable), *(row["quantity"] for row in kept.values())]
    if were_in_stock >= FEWEST_IN_STOCK and not any(map(_is_in_stock, quantities)):
        return "evotor_no_stock"
    return None


def _is_in_stock(quantity: Decimal | None) -> bool:
    return quantity is not None and quantity > 0


def _groups_in_use(
    old: Mapping[str, Mapping[str, Any]], groups: Sequence[Group], standing: Collection[str | None]
) -> set[str]:
    """Known groups that the list lacks although something stands in them: without them the rules would decide anew."""
    listed = {group.id for group in groups}
    waiting = {group.parent_id for group in groups} | {*standing}
    found: set[str] = set()
    while waiting:
        group_id = waiting.pop()
        if group_id is not None and group_id in old and group_id not in listed | found:
            found.add(group_id)
            waiting.add(old[group_id]["parent_id"])
    return found


def _rows(table: sa.FromClause, key: str, user_id: int, store_id: str) -> dict[str, Mapping[str, Any]]:
    query = sa.select(table).where(table.c.user_id == user_id, table.c.store_id == store_id)
    return {row[key]: dict(row) for row in db.session.execute(query).mappings()}


def _replace(table: Any, key: str, old: Mapping[str, Mapping[str, Any]], new: Sequence[dict[str, Any]]) -> None:
    """Write only what differs: an unchanged catalog costs no write."""
    added = [row for row in new if row[key] not in old]
    changed = [
        {**row, "row_id": old[row[key]]["id"]}
        for row in new
        if row[key] in old and any(old[row[key]][name] != value for name, value in row.items())
    ]
    gone = old.keys() - {row[key] for row in new}
    if added:
        db.session.execute(sa.insert(table), added)
    if changed:
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in changed[0] if name != "row_id"}
        db.session.connection().execute(
            sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(columns), changed
        )
    for ids in in_chunks(old[entity_id]["id"] for entity_id in gone):
        db.session.execute(sa.delete(table).where(table.c.id.in_(ids)))


def _group_row(group: Group) -> dict[str, Any]:
    return {
        "group_id": group.id,
        "parent_id": group.parent_id,
        "name": group.name,
        "is_variant_model": group.is_variant_model,
        "attributes": list(map(_attribute_row, group.attributes)) or None,
    }


def _attribute_row(attribute: Attribute) -> list[Any]:
    return [attribute.id, attribute.name, list(map(list, attribute.choices))]


def _product_row(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.id,
        "group_id": product.group_id,
        "name": product.name,
        "type": product.type,
        "measure": product.measure,
        "allow_to_sell": product.allow_to_sell,
        "price": product.price,
        "quantity": product.quantity,
        "description": product.description,
        "article": product.article,
        "code": product.code,
        "barcodes": list(product.barcodes),
        "is_excisable": product.is_excisable,
        "is_age_limited": product.is_age_limited,
        "choices": list(map(list, product.choices)) or None,
    }


def drop_goods(user_id: int, store_id: str) -> None:
    for model in _GOODS:
        db.session.execute(sa.delete(model).where(sa.column("user_id") == user_id, sa.column("store_id") == store_id))


def drop_catalog(user_id: int) -> None:
    """The whole copy: it belongs to another Evotor account than the one connected now."""
    everything: tuple[type[Base], ...] = (*_GOODS, CatalogStore)
    for model in everything:
        db.session.execute(sa.delete(model).where(sa.column("user_id") == user_id))
