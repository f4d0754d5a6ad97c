"""One of the owner's own products as VK would show it under settings that are being tried out."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.listing.fitness import SkipReason, unfit_reason
from app.domain.listing.key import ListingKey, Value
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.listing.wanted import to_wanted
from app.domain.planning.selection import StoreGoods
from app.models import CatalogCount, CatalogProduct, CatalogStore, User
from app.services.catalog.load import load_store
from app.services.catalog.verdicts import stored
from app.services.errors import UnknownEntity
from app.services.owner.settings import owner_settings

MOST_CHOICES = 10
_NO_MATTER = (SkipReason.NO_PHOTO, SkipReason.SOLD_OUT)
"""What keeps a product from buyers, but is no matter of words and prices."""


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
    stored.ensure_current(user)
    groups = db.session.execute(_groups_with_fit(user.id)).all()
    if not groups:
        return {}
    first = [sa.select(_first_fit(user.id, *group).subquery()) for group in groups]
    return {row.product_id: row.name for row in db.session.execute(sa.union_all(*first))}


def _groups_with_fit(user_id: int) -> sa.Select[str, str]:
    """Store and group, as products name it, of the first few that have one."""
    count = CatalogCount.__table__.c
    store = sa.and_(CatalogStore.user_id == count.user_id, CatalogStore.store_id == count.store_id)
    return (
        sa.select(count.store_id, count.group_id)
        .join(CatalogStore, store)
        .where(count.user_id == user_id, count.included.is_(True), count.problem.in_(["", *_NO_MATTER]))
        .group_by(CatalogStore.name, count.store_id, count.group_id)
        .order_by(CatalogStore.name, count.store_id, count.group_id)
        .limit(MOST_CHOICES)
    )


def _first_fit(user_id: int, store_id: str, group_id: str) -> sa.Select[str, str]:
    product = CatalogProduct.__table__.c
    is_fit = sa.or_(product.problem.is_(None), product.problem.in_(_NO_MATTER))
    return (
        sa.select(product.product_id, product.name)
        .where(product.user_id == user_id, product.store_id == store_id)
        .where(product.group_id == group_id if group_id else product.group_id.is_(None))
        .where(product.included.is_(True), is_fit)
        .order_by(product.sort_key)
        .limit(1)
    )


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
