"""The stored catalog as domain objects: stores with their groups, products and pictures."""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from sys import intern
from typing import Any

import sqlalchemy as sa
from msgspec.json import decode

from app.db import contains, db
from app.domain.catalog.goods import Attribute, Group, GroupTree, Product, Store
from app.domain.catalog.pictures import Pictures
from app.domain.catalog.variants import choices_of, shortened, shown_name, with_choices
from app.domain.listing.key import ListingKey
from app.domain.listing.name import item_name
from app.domain.planning.selection import StoreGoods
from app.domain.texts.cleaning import clean_line
from app.domain.texts.search import folded
from app.domain.vk_limits import NAME_MAX
from app.models import CatalogGroup, CatalogProduct, CatalogStore, StoreState
from app.services.catalog import unreadable
from app.services.errors import UnknownEntity
from app.services.photos import gallery

_G = CatalogGroup.__table__.c
_C = CatalogProduct.__table__.c
"""Plain columns: rows of a long catalog come twice as fast as through the mapper, and JSON is read faster as text."""
_NAME_COLUMNS = (_C.product_id, _C.name, _C.group_id, sa.cast(_C.choices, sa.Text))
FACT_COLUMNS = (
    *(*_NAME_COLUMNS, _C.type, _C.measure, _C.allow_to_sell, _C.price, _C.quantity),
    *(_C.is_excisable, _C.is_age_limited),
)
TEXT_COLUMNS = (_C.description, _C.article, _C.code, sa.cast(_C.barcodes, sa.Text))
_WAY_COLUMNS = (_G.store_id, _G.group_id, _G.name, _G.parent_id)
_MOST_WORDS = 8
"""Of a name, to look for others by: more would find the same."""


def load_goods(
    user_id: int,
    store_id: str | None = None,
    product_id: str | None = None,
    *,
    texts: bool = True,
    facts: bool = True,
) -> list[StoreGoods]:
    """Every store with its groups, products and photos, by name.

    `product_id`: of its products only this one. Without `texts` descriptions and codes are left out; without `facts`
    all but a product's id, name and group.
    """
    stores = sa.select(
        CatalogStore.store_id, CatalogStore.name, CatalogStore.address, CatalogStore.state.label("state")
    ).where(CatalogStore.user_id == user_id)
    if store_id is not None:
        stores = stores.where(CatalogStore.store_id == store_id)
    groups = load_groups(user_id, store_id)
    products = _products(user_id, store_id, product_id, texts=texts, facts=facts)
    pictures = gallery.pictures_by_store(user_id, store_id)
    unread = unreadable.ids_by_store(user_id, store_id) if texts else {}  # only a selection asks for them
    rows = sorted(db.session.execute(stores).all(), key=lambda row: (row.name.casefold(), row.store_id))
    return [
        StoreGoods(
            Store(row.store_id, row.name, row.address),
            GroupTree.of(groups.get(row.store_id, [])),
            products.get(row.store_id, []),
            is_closed=row.state == StoreState.CLOSED,
            is_whole=row.state == StoreState.OK,
            pictures=pictures.get(row.store_id) or Pictures(),
            unread=unread.get(row.store_id, frozenset()),
        )
        for row in rows
    ]


def load_store(
    user_id: int, store_id: str, product_id: str | None = None, *, texts: bool = True, facts: bool = True
) -> StoreGoods:
    """One open store, as `load_goods` has it. Raises UnknownEntity for what is not in the user's catalog.

    With `product_id` that is also said of a product, and the store comes with this product alone.
    """
    stores = load_goods(user_id, store_id, product_id, texts=texts, facts=facts)
    if not stores or stores[0].is_closed or (product_id is not None and not stores[0].products):
        raise UnknownEntity
    return stores[0]


def load_groups(user_id: int, store_id: str | None = None) -> dict[str, list[Group]]:
    """By store id."""
    query = sa.select(*_WAY_COLUMNS, _G.is_variant_model, _G.attributes).where(_G.user_id == user_id)
    if store_id is not None:
        query = query.where(_G.store_id == store_id)
    by_store: dict[str, list[Group]] = {}
    for store, group_id, name, parent_id, is_variant_model, attributes in db.session.execute(query):
        group = Group(group_id, name, parent_id, is_variant_model, to_attributes(attributes or ()))
        by_store.setdefault(store, []).append(group)
    return by_store


def load_trees(user_id: int, store_ids: Collection[str] | None = None) -> dict[str, GroupTree]:
    """By store id: names and ways only, not what the variants of a model differ in. None = all that have groups."""
    asked = {"user_id": user_id} if store_ids is None else {"user_id": user_id, "store_ids": list(store_ids)}
    groups: dict[str, dict[str, Group]] = {store_id: {} for store_id in store_ids or ()}
    for store_id, group_id, name, parent_id in db.session.execute(_ways(of_all=store_ids is None), asked).all():
        groups.setdefault(store_id, {})[group_id] = Group(group_id, name, parent_id)
    return {store_id: GroupTree(inside) for store_id, inside in groups.items()}


@cache
def _ways(*, of_all: bool) -> sa.Select[Any]:
    ours = sa.select(*_WAY_COLUMNS).where(_G.user_id == sa.bindparam("user_id"))
    return ours if of_all else ours.where(_G.store_id.in_(sa.bindparam("store_ids", expanding=True)))


def to_attributes(stored: Sequence[Any]) -> tuple[Attribute, ...]:
    return tuple(Attribute(attribute_id, name, to_pairs(choices)) for attribute_id, name, choices in stored)


def to_pairs(stored: Sequence[Any] | None) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in stored or ())


def _products(
    user_id: int, store_id: str | None, product_id: str | None, *, texts: bool, facts: bool
) -> dict[str, list[Product]]:
    columns = (*FACT_COLUMNS, *(TEXT_COLUMNS if texts else ())) if facts else _NAME_COLUMNS
    # In the same order each time, and so the changes of a plan: PostgreSQL keeps none of rows that were written anew.
    query = sa.select(_C.store_id, *columns).where(_C.user_id == user_id).order_by(_C.store_id, _C.product_id)
    if store_id is not None:
        query = query.where(_C.store_id == store_id)
    if product_id is not None:
        query = query.where(_C.product_id == product_id)
    made: Callable[[Sequence[Any]], Product] = to_product if facts else _named_product
    by_store: dict[str, list[Product]] = {}
    for store, *values in db.session.execute(query):
        by_store.setdefault(store, []).append(made(values))
    return by_store


def load_products(user_id: int, store_id: str, product_ids: Sequence[str]) -> dict[str, Product]:
    """A few products of one store, whole."""
    query = sa.select(*FACT_COLUMNS, *TEXT_COLUMNS).where(
        _C.user_id == user_id, _C.store_id == store_id, _C.product_id.in_(product_ids)
    )
    return {row[0]: to_product(row) for row in db.session.execute(query)}


def load_namesakes(goods: StoreGoods, user_id: int, product: Product) -> list[Product]:
    """All products of the store that get its name in VK as long as nothing tells them apart, itself among them.

    Whatever the register calls them: what buyers read is spelled in one way, may hold choices, and is cut somewhere.
    But its words stand in what each of them is found by.
    """

    def shown(one: Product) -> str:
        return item_name(one, choices_of(one, goods.tree))

    whole = with_choices(clean_line(product.name), choices_of(product, goods.tree))
    words = _words(shortened(whole, NAME_MAX))
    if not words:
        return [product]
    found = sa.select(_C.id).where(
        _C.user_id == user_id, _C.store_id == goods.store.id, *(contains(_C.search_text, word) for word in words)
    )
    query = sa.select(*_NAME_COLUMNS).where(_C.id.in_(found))
    name = shown(product)
    alike = [row[0] for row in db.session.execute(query).all() if shown(_named_product(row)) == name]
    others = [product_id for product_id in alike if product_id != product.id]
    return [product, *(load_products(user_id, goods.store.id, others).values() if others else ())]


def _words(name: str) -> list[str]:
    """The longest ones first, without what a name is joined by or cut with."""
    words = {word for word in folded(name).replace("…", " ").replace(",", " ").split() if word}
    return sorted(words, key=len, reverse=True)[:_MOST_WORDS]


def _named_product(values: Sequence[Any]) -> Product:
    product_id, name, group_id, choices = values
    return Product(product_id, name, group_id, choices=_choices(choices))


def to_product(values: Sequence[Any]) -> Product:
    """Of `FACT_COLUMNS`, and of `TEXT_COLUMNS` where they were asked for. What many have in common is held once."""
    product_id, name, group_id, choices, kind, measure, allow, price, quantity, excisable, age_limited, *texts = values
    description, article, code, barcodes = texts or ("", "", "", "[]")
    return Product(
        product_id,
        name,
        group_id and intern(group_id),
        intern(kind),
        intern(measure),
        allow,
        price,
        quantity,
        description,
        article,
        code,
        tuple(decode(barcodes)),
        excisable,
        age_limited,
        _choices(choices),
    )


def _choices(stored: str | None) -> tuple[tuple[str, str], ...]:
    return to_pairs(decode(stored)) if stored else ()


def load_names(user_id: int, *which: sa.ColumnElement[bool]) -> dict[ListingKey, str]:
    """What the owner calls the products, with what variants are told by; `which`: not all of the catalog."""
    query = sa.select(_C.store_id, _C.product_id, _C.name, _C.group_id, _C.choices).where(_C.user_id == user_id, *which)
    rows = db.session.execute(query).all()
    found = {ListingKey(row.store_id, row.product_id): row.name for row in rows}
    variants = [row for row in rows if row.choices]
    groups = load_groups(user_id) if variants else {}
    trees = {store_id: GroupTree.of(inside) for store_id, inside in groups.items()}
    for row in variants:
        if tree := trees.get(row.store_id):
            product = Product(row.product_id, row.name, row.group_id, choices=to_pairs(row.choices))
            found[ListingKey(row.store_id, row.product_id)] = shown_name(product, tree)
    return found
