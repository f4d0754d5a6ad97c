"""Whether lists that came whole look like a bad read all the same."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.clients.evotor.client import ProductList
from app.domain.catalog.goods import Group, Product
from app.services.catalog.copy_rows import quantity_of
from app.services.catalog.copy_table import HeldRow

FEWEST_IN_STOCK = 3
"""So many products that were in stock do not all sell out between two reads."""


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
