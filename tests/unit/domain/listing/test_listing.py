"""From product to item: what is shown at all, and in which words (docs/contracts/vk.md §4.1, §5 and §6)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog.goods import GroupTree, Product, Store
from app.domain.listing.fitness import SkipReason, is_sold_out, needs_review, unfit_reason
from app.domain.listing.key import ListingKey, digest_of, sku
from app.domain.listing.owner_settings import FALLBACK_CATEGORY, OwnerSettings, StockRule
from app.domain.listing.wanted import (
    CARD_VERSION,
    Wanted,
    album_title,
    card_digest,
    item_name,
    money,
    stock_amount,
    to_wanted,
)
from app.domain.planning.selection import StoreGoods, problem, select
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet
from app.domain.texts.cleaning import clean_line
from tests.factories import a_group, a_product

USUAL = OwnerSettings()
NO_GROUPS = GroupTree.of([])
KEY = ListingKey("S1", "P1")


def reason(settings: OwnerSettings = USUAL, **fields: Any) -> SkipReason | None:
    return unfit_reason(a_product(**fields), settings)


# Fit or not


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"allow_to_sell": False}, SkipReason.NOT_FOR_SALE),
        ({"price": None}, SkipReason.NO_PRICE),
        ({"price": Decimal("0.00")}, SkipReason.NO_PRICE),
        ({"price": Decimal("-5")}, SkipReason.NO_PRICE),
        ({"price": Decimal("0.01")}, None),
        ({"name": ""}, SkipReason.NO_NAME),
        ({"name": " \t\n "}, SkipReason.NO_NAME),
        ({"name": "🍏🍎"}, SkipReason.NO_NAME),
        ({"name": "&nbsp;"}, SkipReason.NO_NAME),
        ({"name": "茶"}, SkipReason.NO_NAME),
        ({"is_excisable": True}, SkipReason.RESTRICTED),
        ({"is_age_limited": True}, SkipReason.RESTRICTED),
        ({"quantity": Decimal(0)}, None),
    ],
)
def test_a_product_is_unfit_for_a_reason(fields: dict[str, Any], expected: SkipReason | None) -> None:
    assert reason(**fields) is expected


@pytest.mark.parametrize(
    "product_type",
    [
        "ALCOHOL_MARKED",
        "ALCOHOL_NOT_MARKED",
        "BEER_MARKED",
        "BEER_MARKED_KEG",
        "TOBACCO_MARKED",
        "TOBACCO_PRODUCTS_MARKED",
        "MEDICINE_MARKED",
        "LOTTERY_TICKET",
        "LOTTERY_PRIZE",
    ],
)
def test_restricted_types_are_never_listed(product_type: str) -> None:
    allowed = OwnerSettings(allowed_types=frozenset({product_type}))

    assert reason(allowed, type=product_type) is SkipReason.RESTRICTED


@pytest.mark.parametrize(
    "product_type",
    [
        "NORMAL",
        "SERVICE",
        "NOT_ALCOHOL_BEER_MARKED",
        "SHOES_MARKED",
        "TYRES_MARKED",
        "PERFUME_MARKED",
        "PHOTOS_MARKED",
        "LIGHT_INDUSTRY_MARKED",
        "DAIRY_MARKED",
        "WATER_MARKED",
        "BIKE_MARKED",
        "JEWELRY_MARKED",
        "FUR_MARKED",
        "JUICE_MARKED",
        "WHEELCHAIRS_MARKED",
        "CAVIAR_MARKED",
        "GROCERIES_MARKED",
        "CANNED_FISH_MARKED",
        "SOMETHING_NEW",
    ],
)
def test_other_types_are_listed(product_type: str) -> None:
    assert reason(type=product_type) is None


@pytest.mark.parametrize(
    "product_type",
    ["MEDICAL_DEVICES_MARKED", "DIETARY_SUPPLEMENTS_MARKED", "ANTISEPTIC_MARKED", "SOMETHING_NEW_MARKED"],
)
def test_doubtful_types_wait_until_the_owner_allows_them(product_type: str) -> None:
    assert needs_review(product_type)
    assert reason(type=product_type) is SkipReason.REVIEW
    assert reason(OwnerSettings(allowed_types=frozenset({product_type})), type=product_type) is None


def test_the_reason_that_the_owner_should_care_about_first_is_named() -> None:
    assert reason(allow_to_sell=False, price=None, name="", type="BEER_MARKED") is SkipReason.NOT_FOR_SALE
    assert reason(price=None, name="", type="BEER_MARKED") is SkipReason.RESTRICTED
    assert reason(price=None, name="", type="NEW_MARKED") is SkipReason.REVIEW
    assert reason(price=None, name="") is SkipReason.NO_PRICE


@pytest.mark.parametrize(
    ("quantity", "sold_out"), [(None, False), ("0", True), ("-3", True), ("0.001", False), ("5", False)]
)
def test_only_a_known_quantity_can_be_sold_out(quantity: str | None, sold_out: bool) -> None:
    product = a_product(quantity=quantity if quantity is None else Decimal(quantity))

    assert is_sold_out(product, OwnerSettings()) is sold_out
    assert not is_sold_out(product, OwnerSettings(stock_rule=StockRule.SHOW))


@pytest.mark.parametrize(
    ("quantity", "sold_out"), [(None, False), ("0", True), ("2.999", True), ("3", False), ("-1", True)]
)
def test_the_owner_may_want_a_few_pieces_before_a_product_is_shown(quantity: str | None, sold_out: bool) -> None:
    product = a_product(quantity=quantity if quantity is None else Decimal(quantity))

    assert is_sold_out(product, OwnerSettings(stock_rule=StockRule.FROM, show_from=3)) is sold_out


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(StockRule.HIDE, SkipReason.SOLD_OUT), (StockRule.FROM, SkipReason.SOLD_OUT), (StockRule.SHOW, None)],
)
def test_what_is_sold_out_is_a_problem_unless_the_owner_shows_it_always(
    rule: StockRule, expected: SkipReason | None
) -> None:
    assert problem(a_product(quantity=Decimal(0)), OwnerSettings(stock_rule=rule)) is expected


# Names


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Чай травяной", "Чай травяной"),
        ("  Чай \t травяной \n", "Чай травяной"),
        ("Чай 🍵 травяной", "Чай травяной"),
        ('Сыр "Гауда" 45%', "Сыр «Гауда» 45%"),
        ('Труба 1/2"', "Труба 1/2''"),
        ("Соль &amp; перец", "Соль & перец"),
        ("Сыр &quot;Гауда&quot;", "Сыр «Гауда»"),
        ("Кофе\u00a0зерновой", "Кофе зерновой"),
        ("Crème brûlée", "Creme brulee"),
        ("Мед\u0301овый торт", "Медовый торт"),
        ("Чай\u00adник", "Чайник"),
        ("Ещё № 5 — «люкс»…", "Ещё № 5 — «люкс»…"),
        ("Молоко ½ л", "Молоко 1/2 л"),
        ("Молоко 1½ л", "Молоко 1 1/2 л"),
        ("Фото 10×15", "Фото 10x15"),
        ("Рыба −18°C", "Рыба -18°C"),
        ("Кока\u2011кола", "Кока-кола"),
        ("Скидка 100 ₽", "Скидка 100 руб."),
        ("Вода H₂O, 5 м²", "Вода H2O, 5 м2"),
    ],
)
def test_a_name_keeps_its_meaning_in_cp1251(raw: str, name: str) -> None:
    assert item_name(a_product(name=raw)) == name


def test_a_name_of_100_characters_stays_whole() -> None:
    assert item_name(a_product(name="я" * 100)) == "я" * 100


def test_a_longer_name_is_cut_to_100_with_an_ellipsis() -> None:
    assert item_name(a_product(name="я" * 101)) == "я" * 99 + "…"


def test_a_name_is_not_cut_behind_a_space() -> None:
    assert item_name(a_product(name="я" * 98 + " " + "ю" * 50)) == "я" * 98 + "…"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"measure": "шт"}, "Чай, шт"),
        ({"measure": "", "article": "A-17"}, "Чай, A-17"),
        ({"measure": "", "code": "000217"}, "Чай, 000217"),
        ({"measure": ""}, "Чай, товар"),
        ({"measure": "🍵"}, "Чай, товар"),
    ],
)
def test_a_short_name_is_padded_with_what_the_product_has(fields: dict[str, str], name: str) -> None:
    assert item_name(a_product(name="Чай", **fields)) == name


def test_a_name_of_four_characters_needs_nothing() -> None:
    assert item_name(a_product(name="Кофе", measure="шт")) == "Кофе"


cp1251_letters = st.text(st.sampled_from("АБя1 .\"'&;:/wWhtps-\n№🍵\u00a0\u0301"), max_size=130)
texts = st.one_of(st.text(max_size=130), cp1251_letters, st.sampled_from(["www", "http:", "www.", "https://", "ww"]))


@given(texts, texts, texts, texts)
def test_every_name_fits_vk(name: str, measure: str, article: str, code: str) -> None:
    product = a_product(name=name, measure=measure, article=article, code=code)
    if unfit_reason(product, USUAL) is SkipReason.NO_NAME:
        return

    assert 4 <= len(item_name(product).encode("cp1251")) <= 100


@given(texts)
def test_a_cleaned_line_is_one_line_of_single_spaces(text: str) -> None:
    line = clean_line(text)

    assert line == " ".join(line.split())
    assert '"' not in line


@given(texts)
def test_a_product_has_a_name_exactly_if_something_of_it_is_left(name: str) -> None:
    assert (unfit_reason(a_product(name=name), USUAL) is SkipReason.NO_NAME) is not bool(clean_line(name))


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

    assert album_title(a_product(group_id="Модель"), tree) == "Группа Чай"


@pytest.mark.parametrize("group_id", [None, "nowhere", "lonely model"])
def test_without_such_a_group_there_is_no_album(group_id: str | None) -> None:
    tree = GroupTree.of([a_group("lonely model", is_variant_model=True)])

    assert album_title(a_product(group_id=group_id), tree) is None


@pytest.mark.parametrize(
    ("name", "title"), [('Чай  "Гора" 🍵', "Чай «Гора»"), ("я" * 200, "я" * 128), ("🍵", None), ("", None)]
)
def test_an_album_title_is_cleaned_and_cut_to_128(name: str, title: str | None) -> None:
    tree = GroupTree.of([replace(a_group("G"), name=name)])

    assert album_title(a_product(group_id="G"), tree) == title


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


# The selection of several stores


def store_goods(store_id: str, *products: Product) -> StoreGoods:
    return StoreGoods(Store(store_id, f"Лавка {store_id}"), NO_GROUPS, products)


def test_a_selection_sorts_every_product() -> None:
    goods = store_goods(
        "S1",
        a_product("in"),
        a_product("sold out", quantity=Decimal(0)),
        a_product("no price", price=None),
        a_product("out"),
    )
    rules = RuleSet((Rule(EntityType.PRODUCT, "out", FilterMode.EXCLUDE),))

    desired = select([goods], rules, USUAL, extended_shop=False)

    assert {key.product_id for key in desired.wanted} == {"in", "sold out"}
    assert desired.unfit == {ListingKey("S1", "no price"): SkipReason.NO_PRICE}
    assert desired.sold_out == {ListingKey("S1", "sold out")}
    assert {key.product_id for key in desired.known} == {"in", "sold out", "no price", "out"}


def test_the_same_product_of_two_stores_is_two_items() -> None:
    desired = select(
        [store_goods("S1", a_product()), store_goods("S2", a_product())], RuleSet(), USUAL, extended_shop=False
    )

    assert set(desired.wanted) == {ListingKey("S1", "P1"), ListingKey("S2", "P1")}


def test_barcodes_that_stand_in_several_selected_stores_are_counted() -> None:
    first = store_goods("S1", a_product("a", barcodes=("1", "2")), a_product("b", barcodes=("3",)))
    second = store_goods("S2", a_product("c", barcodes=("1",)), a_product("d", barcodes=("1", "4")))

    assert select([first, second], RuleSet(), USUAL, extended_shop=False).shared == 1


def test_a_barcode_twice_in_one_store_is_not_shared() -> None:
    goods = store_goods("S1", a_product("a", barcodes=("1",)), a_product("b", barcodes=("1",)))

    assert select([goods], RuleSet(), USUAL, extended_shop=False).shared == 0


def test_barcodes_of_a_store_that_is_out_are_not_counted() -> None:
    first, second = (store_goods(store, a_product(barcodes=("1",))) for store in ("S1", "S2"))
    rules = RuleSet((Rule(EntityType.STORE, "S2", FilterMode.EXCLUDE),))

    assert select([first, second], rules, USUAL, extended_shop=False).shared == 0
