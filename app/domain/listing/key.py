"""How a listing is named: here, and at VK by its sku."""

from typing import NamedTuple

SKU_PREFIX = "ev:"
Value = str | int
"""How a field travels and is remembered: prices as text with two decimals."""


class ListingKey(NamedTuple):
    """Identifies a listing. Opaque to the plan: one (store, product) today."""

    store_id: str
    product_id: str


def sku(product_id: str) -> str:
    return SKU_PREFIX + product_id
