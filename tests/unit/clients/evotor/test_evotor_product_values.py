from decimal import Decimal
from typing import Any

import pytest

from app.clients.evotor.products import parse_products
from tests.support.evotor_answers import (
    counted,
    priced,
    product,
    raw,
    unreadable,
)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("1240.9", "1240.90"),
        ("350", "350.00"),
        ("0", "0.00"),
        ("12.345", "12.35"),
        ("0.005", "0.01"),
        ("1e3", "1000"),
        ("9999999999.99", "9999999999.99"),
        ("-0.0", "0"),
        ("0.1", "0.10"),
    ],
)
def test_a_price_is_rounded_half_up_to_kopecks(sent: str, read: str) -> None:
    assert priced(sent).products[0].price == Decimal(read)


@pytest.mark.parametrize(
    ("sent", "read"),
    [('"999.00"', "999.00"), ('" 350 "', "350.00"), ('"12,5"', "12.50"), ('"12.345"', "12.35"), ('"0"', "0.00")],
)
def test_a_price_may_be_plainly_written_as_text(sent: str, read: str) -> None:
    assert priced(sent).products[0].price == Decimal(read)


NO_PRICES = ["-0.01", "-5", "10000000000", "9999999999.995", "1e999999", "true", "[]", '"-5"', '"1e3"', '"NaN"']
NO_PRICES += ['"12,345"', '"1 240"', '"много"', '"1e9999999"', '"Infinity"', '"0x1F"', '"٣"', '"9999999999999"', "{}"]


@pytest.mark.parametrize("sent", NO_PRICES)
def test_a_price_that_cannot_be_makes_the_product_unreadable(sent: str) -> None:
    assert priced(sent) == unreadable("price", sent)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("-0.315", "-0.315"),
        ("1.3755", "1.376"),
        ("0", "0"),
        ("12", "12"),
        ('"1"', "1"),
        ('"-0.5"', "-0.5"),
        ("4607126901523", "999999999"),
        ("1e9999999", "999999999"),
        ("-1e300", "-999999999"),
    ],
)
def test_a_quantity_is_rounded_to_three_decimals_and_clamped(sent: str, read: str) -> None:
    assert counted(sent).products[0].quantity == Decimal(read)


@pytest.mark.parametrize("sent", ["{}", "true", '"много"', "[1]", '"1e9"', "1e99999999999999999999"])
def test_a_quantity_that_cannot_be_is_left_out(sent: str) -> None:
    assert counted(sent).products[0].quantity is None


STRANGE: list[Any] = [5, -7.25, True, [], [1], {}, {"ru": "x"}, "x" * 5000, "\x00\ud800", "<b>&amp;</b>", 10**300]
LEFT_OUT = ["measure_name", "description", "article_number", "code", "barcodes", "quantity", "attributes_choices"]
LEFT_OUT += ["tax", "cost_price", "images", "updated_at", "quite_unknown"]
DECISIVE = ["name", "parent_id", "type", "allow_to_sell", "is_excisable", "is_age_limited", "price"]


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("field", LEFT_OUT)
def test_a_strange_value_of_a_field_that_may_be_missing_never_spoils_the_product(field: str, value: Any) -> None:
    found = product(price=777, **{field: value})
    assert (found.name, found.price) == ("Чай", Decimal(777))


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("field", DECISIVE)
def test_a_strange_value_of_a_field_that_decides_spoils_its_product_alone(field: str, value: Any) -> None:
    sent = {"id": "p1", "name": "Чай", field: value}
    found = parse_products(raw(sent, {"id": "good", "name": "Мёд"}))

    assert "good" in {one.id for one in found.products}
    if found.unreadable:
        (one,) = found.unreadable
        assert (one.id, one.field) == ("p1", field)
        assert len(one.sent) <= 200
        assert one.sent.isprintable()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", {}),
        ("name", True),
        ("parent_id", []),
        ("parent_id", "a\x00b"),
        ("parent_id", "x" * 256),
        ("type", []),
        ("type", 5),
        ("allow_to_sell", "yes"),
        ("allow_to_sell", 2),
        ("is_excisable", "no"),
        ("is_age_limited", []),
    ],
)
def test_what_the_window_or_the_rules_hang_on_is_not_guessed(field: str, value: Any) -> None:
    found = parse_products(raw({"id": "bad", "name": "Чай", field: value}, {"id": "good", "name": "Мёд"}))
    assert [good.id for good in found.products] == ["good"]
    assert [(one.id, one.field) for one in found.unreadable] == [("bad", field)]


def test_a_missing_name_cannot_be_read_and_an_empty_one_is_none() -> None:
    assert parse_products(raw({"id": "p1", "price": 5})) == unreadable("name", "", name="")
    assert product(name="").name == ""


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        (
            {"barcodes": [None, "4600000000017", 4600000000024, {}, ""]},
            {"barcodes": ("4600000000017", "4600000000024")},
        ),
        ({"barcodes": "4600000000017"}, {"barcodes": ("4600000000017",)}),
        ({"barcodes": {"0": "460"}}, {"barcodes": ()}),
        ({"code": 392}, {"code": "392"}),
        ({"code": {"a": 1}, "article_number": 17.5, "measure_name": []}, {"code": "", "article": "", "measure": ""}),
        ({"name": 1812}, {"name": "1812"}),
        ({"parent_id": 5}, {"group_id": "5"}),
        ({"allow_to_sell": "false"}, {"allow_to_sell": False}),
        ({"allow_to_sell": "", "is_excisable": 0}, {"allow_to_sell": True, "is_excisable": False}),
        ({"is_excisable": "true", "is_age_limited": 1}, {"is_excisable": True, "is_age_limited": True}),
        ({"description": ["x"], "code": 1}, {"description": "", "code": "1"}),
        ({"attributes_choices": {"b": "2", "a": 1, "c": None}}, {"choices": (("a", "1"), ("b", "2"))}),
    ],
)
def test_what_is_plainly_meant_is_read(fields: dict[str, Any], read: dict[str, Any]) -> None:
    found = product(price=777, **fields)
    assert {name: getattr(found, name) for name in read} == read
    assert found.price == 777
