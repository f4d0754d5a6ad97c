"""Items that were in the community before us and look like products of ours: the owner takes or leaves each."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.catalog.goods import Product
from app.domain.listing.key import ListingKey
from app.domain.listing.name import item_name
from app.domain.market.items import MarketItem
from app.domain.texts import search


class MatchedBy(StrEnum):
    """What makes an item look like a product, the surest first."""

    ARTICLE = "article"
    BARCODE = "barcode"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Match:
    item: MarketItem
    key: ListingKey
    by: MatchedBy


_BARCODE = re.compile(r"(?<!\d)\d{8,14}(?!\d)")


def matches(items: Iterable[MarketItem], products: Mapping[ListingKey, Product]) -> list[Match]:
    """Each item and each product at most once; of several candidates the surest, then the lowest item id."""
    items = list(items)
    by_sign = _products_by_sign(products) if items else {}
    candidates = sorted(
        (
            Match(item, key, by)
            for item in items
            for by, sign in _signs_of_item(item)
            for key in by_sign.get((by, sign), ())
        ),
        key=lambda match: (list(MatchedBy).index(match.by), match.item.id, match.key),
    )
    found: list[Match] = []
    items_taken: set[int] = set()
    keys_taken: set[ListingKey] = set()
    for match in candidates:
        if match.item.id not in items_taken and match.key not in keys_taken:
            found.append(match)
            items_taken.add(match.item.id)
            keys_taken.add(match.key)
    return found


def _products_by_sign(products: Mapping[ListingKey, Product]) -> dict[tuple[MatchedBy, str], list[ListingKey]]:
    by_sign: dict[tuple[MatchedBy, str], list[ListingKey]] = {}
    for key, product in products.items():
        for sign in set(_signs_of_product(product)):
            by_sign.setdefault(sign, []).append(key)
    return by_sign


def _signs_of_product(product: Product) -> Iterator[tuple[MatchedBy, str]]:
    for text in (product.article, product.code):
        if folded := _folded(text):
            yield MatchedBy.ARTICLE, folded
    for barcode in product.barcodes:
        yield MatchedBy.BARCODE, barcode
    yield MatchedBy.NAME, _folded(item_name(product))


def _signs_of_item(item: MarketItem) -> Iterator[tuple[MatchedBy, str]]:
    if sku := _folded(item.sku):
        yield MatchedBy.ARTICLE, sku
    for barcode in _BARCODE.findall(f"{item.sku}\n{item.title}\n{item.description}"):
        yield MatchedBy.BARCODE, barcode
    if name := _folded(item.title):
        yield MatchedBy.NAME, name


def _folded(text: str) -> str:
    return search.plain_words(text)
