"""Which items of others look like which products of ours."""

from typing import Any

import pytest

from app.domain.listing.key import ListingKey
from app.domain.market.adoption import MatchedBy, matches
from app.domain.market.items import Availability, MarketItem
from tests.factories import a_product

A, B = ListingKey("S1", "A"), ListingKey("S1", "B")


def an_item(item_id: int = 1, title: str = "Что-то другое", description: str = "", sku: str = "") -> MarketItem:
    return MarketItem(item_id, title, description, None, None, sku, Availability.AVAILABLE)


def found(item: MarketItem, **facts: Any) -> MatchedBy | None:
    made = matches([item], {A: a_product("A", **facts)})
    return made[0].by if made else None


@pytest.mark.parametrize(
    ("item", "facts", "by"),
    [
        (an_item(sku="TEA-17"), {"article": "tea-17"}, MatchedBy.ARTICLE),
        (an_item(sku="17"), {"code": "17"}, MatchedBy.ARTICLE),
        (an_item(description="Штрихкод: 2000000000176."), {"barcodes": ("2000000000176",)}, MatchedBy.BARCODE),
        (an_item(title="Чай 2000000000176"), {"barcodes": ("2000000000176",)}, MatchedBy.BARCODE),
        (an_item(sku="2000000000176"), {"barcodes": ("2000000000176",)}, MatchedBy.BARCODE),
        (an_item(title="ЧАЙ  травяной"), {}, MatchedBy.NAME),
        (an_item(title="Мёд «Липовый»"), {"name": 'Мед "Липовый"'}, MatchedBy.NAME),
        (an_item(), {}, None),
        (an_item(title="Чай травяной 50 г"), {}, None),
        (an_item(description="120000000001760"), {"barcodes": ("2000000000176",)}, None),
        (an_item(sku=""), {"article": ""}, None),
    ],
)
def test_an_item_is_recognised_by_article_barcode_or_name(
    item: MarketItem, facts: dict[str, Any], by: MatchedBy | None
) -> None:
    assert found(item, **facts) is by


def test_the_surest_sign_wins() -> None:
    products = {A: a_product("A", article="TEA"), B: a_product("B", name="Мёд")}
    items = [an_item(1, title="Чай травяной"), an_item(2, title="Мёд", sku="TEA")]

    assert [(match.item.id, match.key, match.by) for match in matches(items, products)] == [
        (2, A, MatchedBy.ARTICLE),
    ]


def test_each_item_and_each_product_is_proposed_once() -> None:
    products = {A: a_product("A"), B: a_product("B")}
    items = [an_item(number, title="Чай травяной") for number in (3, 1, 2)]

    assert [(match.item.id, match.key) for match in matches(items, products)] == [(1, A), (2, B)]
