"""From product to item: its figures, its category, its album and its picture (docs/contracts/vk.md §4.2 and §6)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.catalog.goods import GroupTree, Product
from app.domain.digest import digest_of
from app.domain.listing.card import CARD_VERSION, card_digest
from app.domain.listing.key import ListingKey, sku
from app.domain.listing.owner_settings import FALLBACK_CATEGORY, OwnerSettings, StockRule
from app.domain.listing.pricing import money
from app.domain.listing.stock import stock_amount
from app.domain.listing.wanted import Place, Wanted, album_title, to_wanted
from tests.factories import a_group, a_product

USUAL = OwnerSettings()
NO_GROUPS = GroupTree.of([])
KEY = ListingKey("S1", "P1")


# Figures


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        (None, -1),
        ("-3", 0),
        ("0", 0),
        ("0.001", 1),
        ("0.999", 1),
        ("1", 1),
        ("1.375", 1),
        ("12.9", 12),
        ("999999", 999_999),
        ("1000000", 999_999),
    ],
)
def test_stock_is_whole_pieces(quantity: str | None, amount: int) -> None:
    assert stock_amount(quantity if quantity is None else Decimal(quantity)) == amount


@pytest.mark.parametrize(
    ("roubles", "text"),
    [("350", "350.00"), ("64.9", "64.90"), ("0.005", "0.01"), ("99999999.99", "99999999.99"), ("1E+3", "1000.00")],
)
def test_a_price_travels_as_text_with_two_decimals(roubles: str, text: str) -> None:
    assert money(Decimal(roubles)) == text


def test_the_sku_is_the_product_id_behind_our_prefix() -> None:
    assert sku("8d1f") == "ev:8d1f"


# The item


def wanted(
    product: Product, tree: GroupTree = NO_GROUPS, settings: OwnerSettings = USUAL, *, extended_shop: bool = False
) -> Wanted:
    return to_wanted(KEY, product, tree, settings, extended_shop=extended_shop)


def test_an_item_has_the_fields_of_a_plain_shop() -> None:
    assert wanted(a_product(description="Собран в горах")).fields == {
        "name": "Чай травяной",
        "description": "Собран в горах",
        "price": "350.00",
        "category_id": FALLBACK_CATEGORY,
        "deleted": 0,
    }


def test_only_an_extended_shop_gets_the_stock() -> None:
    assert wanted(a_product(), extended_shop=True).fields["stock_amount"] == 12
    assert "stock_amount" not in wanted(a_product()).fields


def test_what_is_sold_out_is_hidden_and_needs_no_album() -> None:
    item = wanted(a_product(group_id="G", quantity=Decimal(0)), GroupTree.of([a_group("G")]))

    assert item.is_hidden
    assert item.album is None


def test_what_is_sold_out_stays_shown_where_the_owner_chose_so() -> None:
    item = wanted(a_product(quantity=Decimal(0)), settings=OwnerSettings(stock_rule=StockRule.SHOW))

    assert not item.is_hidden


def test_the_category_is_that_of_the_nearest_group_that_has_one() -> None:
    tree = GroupTree.of([a_group("G"), a_group("S", "G"), a_group("T", "S")])
    settings = OwnerSettings(category_id=5, category_by_group={"G": 100, "S": 200})

    assert wanted(a_product(group_id="T"), tree, settings).fields["category_id"] == 200
    assert wanted(a_product(group_id="G"), tree, settings).fields["category_id"] == 100
    assert wanted(a_product(), tree, settings).fields["category_id"] == 5


def test_the_price_follows_the_owners_rule() -> None:
    settings = OwnerSettings(price_percent=Decimal(10), price_rounding=10)

    assert wanted(a_product(price=Decimal("129.90")), settings=settings).fields["price"] == "140.00"


def test_the_description_follows_the_owners_template() -> None:
    tree = GroupTree.of([a_group("Чай"), a_group("Модель", "Чай", is_variant_model=True)])
    settings = OwnerSettings(description_template="{название} из «{магазин}», {группа}")
    item = to_wanted(KEY, a_product(group_id="Модель"), tree, settings, extended_shop=False, store="Лавка")

    assert item.fields["description"] == "Чай травяной из «Лавка», Группа Чай"


def test_a_refused_category_gives_way_to_the_next_above() -> None:
    tree = GroupTree.of([a_group("G"), a_group("S", "G")])
    settings = OwnerSettings(category_by_group={"G": 100, "S": 200}, refused_categories=frozenset({200}))

    assert wanted(a_product(group_id="S"), tree, settings).fields["category_id"] == 100


def test_where_albums_are_left_alone_an_item_wants_none() -> None:
    settings = OwnerSettings(with_albums=False)

    assert wanted(a_product(group_id="G"), GroupTree.of([a_group("G")]), settings).album is None


def test_the_album_is_the_nearest_group_that_is_not_a_variant_model() -> None:
    tree = GroupTree.of([a_group("Чай"), a_group("Модель", "Чай", is_variant_model=True)])

    assert Place.of("Модель", tree, OwnerSettings()).album == "Группа Чай"


@pytest.mark.parametrize("group_id", [None, "nowhere", "lonely model"])
def test_without_such_a_group_there_is_no_album(group_id: str | None) -> None:
    tree = GroupTree.of([a_group("lonely model", is_variant_model=True)])

    assert Place.of(group_id, tree, OwnerSettings()).album is None


@pytest.mark.parametrize(
    ("name", "title"), [('Чай  "Гора" 🍵', "Чай «Гора»"), ("я" * 200, "я" * 128), ("🍵", None), ("", None)]
)
def test_an_album_title_is_cleaned_and_cut_to_128(name: str, title: str | None) -> None:
    assert album_title(name) == title


def test_the_digest_changes_with_every_field_and_with_the_picture() -> None:
    base = wanted(a_product(description="Собран в горах"))
    dearer = wanted(a_product(description="Собран в горах", price=Decimal("351")))

    assert len({base.digest, dearer.digest, replace(base, photo="other").digest}) == 3
    assert base.digest == wanted(a_product(description="Собран в горах")).digest


def test_the_picture_changes_with_the_name_and_the_drawing_only() -> None:
    assert wanted(a_product(price=Decimal(1))).photo == wanted(a_product()).photo == card_digest("Чай травяной")
    assert card_digest("Чай") == digest_of("card", CARD_VERSION, "Чай")


def test_a_digest_keeps_its_parts_apart() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")
