"""What the owner calls the products and stores that a page speaks of."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from app.db import db
from app.domain.listing.key import ListingKey
from app.models import CatalogProduct, Listing
from app.services.catalog.load import load_names
from app.services.owner.known_stores import known_stores

_C = CatalogProduct.__table__.c


@dataclass(frozen=True, slots=True)
class Names:
    products: dict[ListingKey, str]
    """With what variants are told by."""
    stores: dict[str, str]


def names_of(user_id: int, keys: Iterable[ListingKey]) -> Names:
    """For the rows of one page; all stores, and the products with these keys."""
    keys = list(keys)
    products = load_names(user_id, *_named(keys)) if keys else {}
    return Names(products, {store.id: store.name for store in known_stores(user_id)})


def prices_of(user_id: int, keys: Iterable[ListingKey]) -> dict[ListingKey, Decimal | None]:
    """At the register, for the rows of one page."""
    prices = sa.select(_C.store_id, _C.product_id, _C.price).where(_C.user_id == user_id, *_named(list(keys)))
    return {ListingKey(row.store_id, row.product_id): row.price for row in db.session.execute(prices)}


def _named(keys: Collection[ListingKey]) -> tuple[sa.ColumnElement[bool], ...]:
    return _C.product_id.in_({key.product_id for key in keys}), _C.store_id.in_({key.store_id for key in keys})


@dataclass(frozen=True, slots=True)
class Answer:
    """What VK said to the last attempt."""

    code: str
    again_at: datetime | None
    price_in_vk: str | None
    """That buyers see, where there is an item and it is known."""


def refusals_of(user_id: int, keys: Iterable[ListingKey]) -> dict[ListingKey, Answer]:
    """For the rows of one page."""
    wanted = set(keys)
    rows = db.session.scalars(
        sa.select(Listing).where(
            Listing.user_id == user_id,
            Listing.error_code.is_not(None),
            Listing.product_id.in_({key.product_id for key in wanted}),
        )
    )
    found = {
        ListingKey(row.store_id, row.product_id): Answer(row.error_code or "", row.retry_after, row.price_in_vk)
        for row in rows
    }
    return {key: answer for key, answer in found.items() if key in wanted}
