"""What of the old copy stays: what a good read does not say readably, and all of it after a read that looks bad."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.clients.evotor.client import GroupList, ProductList
from app.domain.catalog.goods import Attribute, Group, Product
from app.services.catalog.copy_rows import quantity_of, stored_products
from app.services.catalog.copy_table import HeldRow

FEWEST_IN_STOCK = 3
"""So many products that were in stock do not all sell out between two reads."""


def with_unread_fields(group: Group, listed: GroupList, old: Mapping[str, Group]) -> Group:
    """What Evotor does not say readably of a known group stays as it was: where it stands, its name, its attributes."""
    unread, known = listed.unread.get(group.id, frozenset()), old.get(group.id)
    if not unread or known is None:
        return group
    if "name" in unread:
        group = replace(group, name=known.name)
    if "parent_id" in unread:
        group = replace(group, parent_id=known.parent_id)
    if "attributes" in unread:
        attributes = _merged(known.attributes, group.attributes)
        is_model = group.is_variant_model or known.is_variant_model
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


def with_old_choices(product: Product, old: Mapping[str, HeldRow]) -> Product:
    """Those of a variant's choices that cannot be read stay as they were."""
    if not product.has_odd_choices or product.id not in old:
        return product
    (before,) = stored_products([old[product.id]])
    choices = {**dict(before.choices), **dict(product.choices)}
    return replace(product, choices=tuple(sorted(choices.items())))


def kept_products(old: Mapping[str, HeldRow], products: ProductList) -> list[Product]:
    """Those that stay as they are: Evotor has them, only not in a form that can be read.

    What has not even a readable id may be any of those that the list lacks.
    """
    if not products.unreadable:
        return []
    readable = {product.id for product in products.products}
    unreadable = products.unreadable_ids
    rows = (
        row
        for product_id, row in old.items()
        if product_id in unreadable or (products.has_nameless and product_id not in readable)
    )
    return list(stored_products(rows))


def groups_in_use(old: Mapping[str, Group], groups: Sequence[Group], standing: Collection[str | None]) -> set[str]:
    """Known groups that the list lacks although something stands in them: without them the rules would decide anew."""
    listed = {group.id for group in groups}
    waiting = {group.parent_id for group in groups} | {*standing}
    found: set[str] = set()
    while waiting:
        group_id = waiting.pop()
        if group_id is not None and group_id in old and group_id not in listed | found:
            found.add(group_id)
            waiting.add(old[group_id].parent_id)
    return found


def doubt_about(
    old_groups: Mapping[str, Any],
    old_products: Mapping[str, HeldRow],
    groups: Sequence[Group],
    products: ProductList,
    kept: Sequence[Product],
) -> str | None:
    """Why lists that came whole look like a bad read all the same; a code."""
    readable = products.products
    if old_products and not readable and not products.unreadable:
        return "evotor_empty"
    if old_groups and not groups and any(product.group_id for product in readable):
        return "evotor_empty"
    if any(_is_in_stock(product.quantity) for product in (*readable, *kept)):
        return None
    were_in_stock = sum(_is_in_stock(quantity_of(row)) for row in old_products.values())
    return "evotor_no_stock" if were_in_stock >= FEWEST_IN_STOCK else None


def _is_in_stock(quantity: Decimal | float | None) -> bool:
    return quantity is not None and quantity > 0
