"""One of the owner's own products as VK would show it under settings that are being tried out."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.listing.fitness import unfit_reason
from app.domain.listing.key import ListingKey, Value
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.listing.wanted import to_wanted
from app.domain.planning.selection import StoreGoods, decisions
from app.models import CatalogProduct, User
from app.services.catalog.load import load_goods, load_store
from app.services.errors import UnknownEntity
from app.services.owner import rules as owner_rules
from app.services.owner.settings import owner_settings

MOST_CHOICES = 10


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    price: Decimal
    """At the register."""
    fields: Mapping[str, Value]
    """As of `Wanted`."""
    album: str | None


def example_products(user: User) -> dict[str, str]:
    """{product id: name} of a few selected products that VK may show, each of another group."""
    rules, settings = owner_rules.rules_of(user), _settings(user)

    def fit() -> Iterator[tuple[str, str]]:
        for goods in load_goods(user.id, texts=False):
            groups: set[str | None] = set()
            for product, decision in decisions(goods, rules):
                is_new = decision.included and product.group_id not in groups
                if is_new and unfit_reason(product, settings) is None:
                    groups.add(product.group_id)
                    yield product.id, product.name

    return dict(islice(fit(), MOST_CHOICES))


def example(user: User, product_id: str, tried: Mapping[str, Any]) -> Example | None:
    """None for a product that is not there or unfit. `tried`: fields of OwnerSettings instead of the stored ones."""
    settings = replace(_settings(user), **tried)
    goods = _goods_of(user.id, product_id)
    if goods is None:
        return None
    (product,) = goods.products
    if product.price is None or unfit_reason(product, settings) is not None:
        return None
    key = ListingKey(goods.store.id, product.id)
    item = to_wanted(key, product, goods.tree, settings, extended_shop=False, store=goods.store.name)
    return Example(str(item.fields["name"]), product.price, item.fields, item.album)


def _settings(user: User) -> OwnerSettings:
    """An example of words and prices needs no photo."""
    return replace(owner_settings(user), photo_required=False)


def _goods_of(user_id: int, product_id: str) -> StoreGoods | None:
    """The product's store with this product alone."""
    query = sa.select(CatalogProduct.store_id).where(
        CatalogProduct.user_id == user_id, CatalogProduct.product_id == product_id
    )
    store_id = db.session.scalar(query.limit(1))
    if store_id is None:
        return None
    with contextlib.suppress(UnknownEntity):  # closed or gone a moment ago
        return load_store(user_id, store_id, product_id)
    return None
