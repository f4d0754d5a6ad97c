"""Which products VK may show at all, and how many pieces are enough (docs/contracts/vk.md §4.1)."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.listing.fitness import SkipReason, needs_review, unfit_reason
from app.domain.listing.owner_settings import OwnerSettings, StockRule
from app.domain.listing.stock import is_sold_out
from app.domain.planning.selection import skip_reason
from tests.factories import a_product

USUAL = OwnerSettings()


def reason(settings: OwnerSettings = USUAL, **fields: Any) -> SkipReason | None:
    return unfit_reason(a_product(**fields), settings)


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
    assert skip_reason(a_product(quantity=Decimal(0)), OwnerSettings(stock_rule=rule)) is expected
