"""The price rule of the shop window."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing.pricing import LEAST_PERCENT, MOST_PERCENT, ROUNDINGS, window_price


@pytest.mark.parametrize(
    ("price", "percent", "rounding", "expected"),
    [
        ("129.90", "0", 0, "129.90"),
        ("129.90", "10", 0, "142.89"),
        ("129.90", "10", 1, "143.00"),
        ("129.90", "10", 5, "145.00"),
        ("129.90", "10", 10, "140.00"),
        ("129.90", "-5.5", 0, "122.76"),
        ("102.50", "0", 5, "105.00"),
        ("102.49", "0", 5, "100.00"),
        ("0.50", "0", 1, "1.00"),
        ("0.004", "0", 0, "0.01"),
        ("1.005", "0", 0, "1.01"),
        ("7", "0", 0, "7.00"),
        ("1", "-90", 10, "10.00"),
        ("0.01", "-90", 0, "0.01"),
        ("9999999999.99", "500", 10, "60000000000.00"),
    ],
)
def test_a_price_is_changed_and_rounded(price: str, percent: str, rounding: int, expected: str) -> None:
    assert str(window_price(Decimal(price), Decimal(percent), rounding)) == expected


prices = st.decimals("0.01", "9999999999.99", places=2)
percents = st.decimals(LEAST_PERCENT, MOST_PERCENT, places=1)


@given(prices)
def test_without_a_rule_it_is_the_price_of_the_register(price: Decimal) -> None:
    assert window_price(price) == price


@given(prices, percents, st.sampled_from(ROUNDINGS))
def test_a_price_is_whole_steps_and_never_nothing(price: Decimal, percent: Decimal, rounding: int) -> None:
    step = Decimal(rounding or "0.01")
    found = window_price(price, percent, rounding)

    assert found >= step
    assert found % step == 0
    assert found == step or abs(found - price * (100 + percent) / 100) <= step / 2


@given(prices, prices, percents, st.sampled_from(ROUNDINGS))
def test_what_costs_more_never_ends_cheaper(one: Decimal, other: Decimal, percent: Decimal, rounding: int) -> None:
    low, high = sorted((one, other))

    assert window_price(low, percent, rounding) <= window_price(high, percent, rounding)
