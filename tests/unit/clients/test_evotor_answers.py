import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.clients.answers import MalformedAnswer
from app.clients.evotor_answers import ProductList, parse_groups, parse_page, parse_products, parse_stores
from app.domain.catalog import Group, Product, Store


def raw(*items: Any) -> list[msgspec.Raw]:
    """Items as they come in a page; text is taken as ready JSON."""
    texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
    return parse_page(f'{{"items": [{",".join(texts)}]}}'.encode()).items


def product(**fields: Any) -> Product:
    return parse_products(raw({"id": "p1", **fields})).products[0]


def priced(price: str) -> ProductList:
    return parse_products(raw(f'{{"id": "p1", "price": {price}}}'))


def counted(quantity: str) -> ProductList:
    return parse_products(raw(f'{{"id": "p1", "quantity": {quantity}}}'))


@pytest.mark.parametrize(
    ("body", "cursor"),
    [
        (b'{"items": [], "paging": {"next_cursor": "abc"}}', "abc"),
        (b'{"items": [], "paging": {"next_cursor": null}}', None),
        (b'{"items": [], "paging": {"next_cursor": ""}}', None),
        (b'{"items": [], "paging": {}}', None),
        (b'{"items": [], "paging": null}', None),
        (b'{"items": []}', None),
        (b" []", None),
    ],
)
def test_the_end_of_a_list_has_many_forms(body: bytes, cursor: str | None) -> None:
    assert parse_page(body).next_cursor == cursor


@pytest.mark.parametrize("body", [b"{}", b'{"items": null}', b'{"items": {}}', b'{"items": [], "paging": 5}', b'"x"'])
def test_a_page_of_another_shape_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        parse_page(body)


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


def test_a_product_may_be_an_id_alone() -> None:
    assert product() == Product(id="p1", name="")


OPTIONAL = ["name", "parent_id", "type", "measure_name", "allow_to_sell", "price", "quantity", "description"]
OPTIONAL += ["article_number", "code", "barcodes", "is_excisable", "is_age_limited"]


@pytest.mark.parametrize("field", OPTIONAL)
def test_null_reads_as_absent(field: str) -> None:
    assert product(**{field: None}) == Product(id="p1", name="")


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


@pytest.mark.parametrize("sent", ["-0.01", "-5", "10000000000", "9999999999.995", "1e999999", '"350"', "true", "[]"])
def test_a_price_that_cannot_be_makes_the_product_unreadable(sent: str) -> None:
    assert priced(sent) == ProductList([], frozenset({"p1"}))


@pytest.mark.parametrize(("sent", "read"), [("-0.315", "-0.315"), ("1.3755", "1.376"), ("0", "0"), ("12", "12")])
def test_a_quantity_is_rounded_to_three_decimals(sent: str, read: str) -> None:
    assert counted(sent).products[0].quantity == Decimal(read)


@pytest.mark.parametrize("sent", ["1000000000", "-1000000000", '"1"', "{}"])
def test_a_quantity_that_cannot_be_makes_the_product_unreadable(sent: str) -> None:
    assert counted(sent).unreadable_ids == {"p1"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("parent_id", 5),
        ("type", []),
        ("allow_to_sell", "yes"),
        ("barcodes", "1"),
        ("barcodes", [1]),
        ("description", {}),
        ("is_excisable", "no"),
        ("code", 17),
        ("parent_id", "a\x00b"),
        ("parent_id", "x" * 256),
    ],
)
def test_a_field_of_the_wrong_type_spoils_its_product_alone(field: str, value: Any) -> None:
    found = parse_products(raw({"id": "bad", field: value}, {"id": "good"}))
    assert ([good.id for good in found.products], found.unreadable_ids) == (["good"], frozenset({"bad"}))


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"id": None},
        {"id": 5},
        {"id": ""},
        {"id": "x" * 256},
        {"id": "a\x00"},
        {"id": "a\nb"},
        {"id": ".."},
        [],
        '{"id": "\\ud800"}',
        "null",
    ],
)
def test_an_item_without_a_usable_id_spoils_the_list(item: Any) -> None:
    with pytest.raises(MalformedAnswer):
        parse_products(raw({"id": "good"}, item))


def test_ids_stay_as_they_are() -> None:
    assert parse_products(raw({"id": "AbC-1 я"})).products[0].id == "AbC-1 я"


def test_an_empty_parent_is_the_root() -> None:
    assert product(parent_id="").group_id is None


def test_an_empty_type_is_an_ordinary_product() -> None:
    assert product(type="").type == "NORMAL"


def test_texts_lose_control_characters_and_lone_surrogates() -> None:
    found = parse_products(raw('{"id": "p1", "name": " a\\u0000b\\ud800c ", "barcodes": ["1\\u0007"]}')).products[0]
    assert (found.name, found.barcodes) == ("abc", ("1",))


def test_bytes_that_are_not_utf8_spoil_their_product_alone() -> None:
    items = parse_page(b'{"items": [{"id": "bad", "name": "\xff"}, {"id": "good"}]}').items
    assert parse_products(items).unreadable_ids == {"bad"}


def test_the_last_of_two_equal_ids_wins() -> None:
    found = parse_products(raw({"id": "p1", "name": "old"}, {"id": "p2"}, {"id": "p1", "name": "new"}))
    assert [(one.id, one.name) for one in found.products] == [("p1", "new"), ("p2", "")]


def test_a_readable_copy_replaces_an_unreadable_one() -> None:
    assert parse_products(raw({"id": "p1", "price": -1}, {"id": "p1"})).unreadable_ids == frozenset()


def test_an_unreadable_copy_replaces_a_readable_one() -> None:
    assert parse_products(raw({"id": "p1"}, {"id": "p1", "price": -1})) == ProductList([], frozenset({"p1"}))


def test_groups_are_read() -> None:
    assert parse_groups(raw({"id": "g1", "name": "Чай"}, {"id": "g2", "parent_id": "g1", "name": None})) == [
        Group("g1", "Чай"),
        Group("g2", "", "g1"),
    ]


@pytest.mark.parametrize(("attributes", "expected"), [([{"id": "a"}], True), ([], False), (None, False)])
def test_a_group_with_attributes_is_a_model_of_variants(attributes: Any, expected: bool) -> None:
    assert parse_groups(raw({"id": "g1", "attributes": attributes}))[0].is_variant_model is expected


@pytest.mark.parametrize("item", [{"name": "x"}, {"id": ""}, {"id": "g", "parent_id": 5}, {"id": "g", "name": []}])
def test_a_group_that_cannot_be_read_spoils_the_list(item: Any) -> None:
    with pytest.raises(MalformedAnswer):
        parse_groups(raw(item))


def test_stores_are_read() -> None:
    store = {"id": "20240305-1A2B-4C3D-80EF-0123456789AB", "name": "Лавка", "user_id": "01-000000000012345"}
    assert parse_stores(raw(store, {"id": "S2"})) == [
        Store("20240305-1A2B-4C3D-80EF-0123456789AB", "Лавка", "", "01-000000000012345"),
        Store("S2", ""),
    ]
