"""What the owner calls the products and stores that a page speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from app.db import db
from app.domain.listing import ListingKey
from app.models import CatalogProduct, CatalogStore, Listing


@dataclass(frozen=True, slots=True)
class Names:
    products: dict[ListingKey, str]
    stores: dict[str, str]
    prices: dict[ListingKey, Decimal | None]


def names_of(user_id: int, keys: Iterable[ListingKey]) -> Names:
    """Names, and prices at the register, for the rows of one page."""
    wanted = {key.product_id for key in keys}
    query = sa.select(
        CatalogProduct.store_id, CatalogProduct.product_id, CatalogProduct.name, CatalogProduct.price
    ).where(CatalogProduct.user_id == user_id, CatalogProduct.product_id.in_(wanted))
    rows = [(ListingKey(row.store_id, row.product_id), row) for row in db.session.execute(query)]
    stores = db.session.execute(
        sa.select(CatalogStore.store_id, CatalogStore.name).where(CatalogStore.user_id == user_id)
    )
    return Names(
        products={key: row.name for key, row in rows},
        stores={row.store_id: row.name for row in stores},
        prices={key: row.price for key, row in rows},
    )


def product_names(user_id: int) -> dict[ListingKey, str]:
    """Of the whole catalog."""
    product = CatalogProduct.__table__.c
    query = sa.select(product.store_id, product.product_id, product.name).where(product.user_id == user_id)
    return {ListingKey(store_id, product_id): name for store_id, product_id, name in db.session.execute(query)}


def refusals_of(user_id: int, keys: Iterable[ListingKey]) -> dict[ListingKey, str]:
    """Codes of what VK answered, for the rows of one page."""
    wanted = set(keys)
    query = sa.select(Listing.store_id, Listing.product_id, Listing.error_code).where(
        Listing.user_id == user_id,
        Listing.error_code.is_not(None),
        Listing.product_id.in_({key.product_id for key in wanted}),
    )
    found = {ListingKey(row.store_id, row.product_id): row.error_code or "" for row in db.session.execute(query)}
    return {key: code for key, code in found.items() if key in wanted}
