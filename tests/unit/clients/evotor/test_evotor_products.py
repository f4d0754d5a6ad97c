from decimal import Decimal
from typing import Any

import pytest

from app.clients.answers import ForeignCharset
from app.clients.evotor.answers import parse_page
from app.clients.evotor.products import parse_products
from app.domain.catalog.goods import Product, Unreadable
from tests.support.evotor_answers import product, raw, unreadable


def test_a_whole_product_is_read() -> None:
    assert product(
        store_id="S",
        parent_id="g1",
        name=" Чай ",
        type="TEA_MARKED",
        measure_name="шт",
        tax="VAT_22",
        allow_to_sell=False,
        price=350,
        cost_price=190.5,
        quantity=-0.315,
        description="Сбор\nс чабрецом",
        article_number="TEA-17",
        code="17",
        barcodes=["2000000000176", ""],
        is_excisable=True,
        is_age_limited=True,
        surprise={"deep": [1]},
    ) == Product(
        id="p1",
        name="Чай",
        group_id="g1",
        type="TEA_MARKED",
        measure="шт",
        allow_to_sell=False,
        price=Decimal("350.00"),
        quantity=Decimal("-0.315"),
        description="Сбор\nс чабрецом",
        article="TEA-17",
        code="17",
        barcodes=("2000000000176",),
        is_excisable=True,
        is_age_limited=True,
    )


def test_a_product_may_be_an_id_and_a_name_alone() -> None:
    assert product() == Product(id="p1", name="Чай")


OPTIONAL = ["parent_id", "type", "measure_name", "allow_to_sell", "price", "quantity", "description"]
OPTIONAL += ["article_number", "code", "barcodes", "is_excisable", "is_age_limited", "attributes_choices"]


@pytest.mark.parametrize("field", OPTIONAL)
def test_null_reads_as_absent(field: str) -> None:
    assert product(**{field: None}) == Product(id="p1", name="Чай")


@pytest.mark.parametrize("field", ["parent_id", "type", "measure_name", "price", "quantity", "description", "code"])
def test_an_empty_text_reads_as_absent(field: str) -> None:
    assert product(**{field: ""}) == Product(id="p1", name="Чай")


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"id": None},
        {"id": True},
        {"id": 5.5},
        {"id": ""},
        {"id": "x" * 256},
        {"id": "a\x00"},
        {"id": "a\nb"},
        {"id": ".."},
        [],
        5,
        '{"id": "\\ud800"}',
        "null",
    ],
)
def test_an_item_without_a_usable_id_leaves_its_neighbours_alone(item: Any) -> None:
    found = parse_products(raw({"id": "good", "name": "Мёд"}, item))
    assert [one.id for one in found.products] == ["good"]
    assert [one.id for one in found.unreadable] == [None]
    assert found.has_nameless


def test_a_whole_number_is_an_id_as_well() -> None:
    assert parse_products(raw({"id": 17, "name": "Чай"})).products[0].id == "17"


def test_ids_stay_as_they_are() -> None:
    assert parse_products(raw({"id": "AbC-1 я", "name": "Чай"})).products[0].id == "AbC-1 я"


def test_an_empty_parent_is_the_root() -> None:
    assert product(parent_id="").group_id is None


def test_an_empty_type_is_an_ordinary_product() -> None:
    assert product(type="").type == "NORMAL"


def test_texts_lose_control_characters_and_lone_surrogates() -> None:
    found = parse_products(raw('{"id": "p1", "name": " a\\u0000b\\ud800c ", "barcodes": ["1\\u0007"]}')).products[0]
    assert (found.name, found.barcodes) == ("abc", ("1",))


def test_bytes_that_are_not_utf8_spoil_their_product_alone() -> None:
    items = parse_page(b'{"items": [{"id": "bad", "name": "\xff"}, {"id": "good", "name": ""}]}').items
    assert parse_products(items).unreadable == (Unreadable("bad", "", "name", '"\ufffd"'),)


def test_a_list_in_another_encoding_is_no_list_of_damaged_products() -> None:
    body = '{"items": [{"id": "a", "name": "Чай"}, {"id": "b", "name": "Мёд"}, {"id": "c", "name": "Tea"}]}'
    with pytest.raises(ForeignCharset):
        parse_page(body.encode("cp1251"))


def test_the_last_of_two_equal_ids_wins() -> None:
    found = parse_products(raw({"id": "p1", "name": "old"}, {"id": "p2", "name": ""}, {"id": "p1", "name": "new"}))
    assert [(one.id, one.name) for one in found.products] == [("p1", "new"), ("p2", "")]


def test_a_readable_copy_replaces_an_unreadable_one() -> None:
    assert parse_products(raw({"id": "p1", "price": -1}, {"id": "p1", "name": "Чай"})).unreadable == ()


def test_an_unreadable_copy_replaces_a_readable_one() -> None:
    good, bad = {"id": "p1", "name": "Чай"}, {"id": "p1", "name": "Чай", "price": -1}
    assert parse_products(raw(good, bad)) == unreadable("price", "-1")
