import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.clients.answers import ForeignCharset, MalformedAnswer
from app.clients.evotor.answers import GroupList, parse_groups, parse_page, parse_stores
from app.clients.evotor.products import ProductList, parse_products
from app.domain.catalog.goods import Attribute, Group, Product, Store, Unreadable


def raw(*items: Any) -> list[msgspec.Raw]:
    """Items as they come in a page; text is taken as ready JSON."""
    texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
    return parse_page(f'{{"items": [{",".join(texts)}]}}'.encode()).items


def product(**fields: Any) -> Product:
    (found,) = parse_products(raw({"id": "p1", "name": "Чай", **fields})).products
    return found


def priced(price: str) -> ProductList:
    return parse_products(raw(f'{{"id": "p1", "name": "Чай", "price": {price}}}'))


def counted(quantity: str) -> ProductList:
    return parse_products(raw(f'{{"id": "p1", "name": "Чай", "quantity": {quantity}}}'))


def unreadable(field: str, sent: str, name: str = "Чай") -> ProductList:
    return ProductList([], (Unreadable("p1", name, field, sent),))


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


def test_groups_are_read() -> None:
    assert parse_groups(raw({"id": "g1", "name": "Чай"}, {"id": "g2", "parent_id": "g1", "name": None})) == GroupList(
        [Group("g1", "Чай"), Group("g2", "", "g1")], {"g2": frozenset({"name"})}
    )


SIZE = {"id": "a1", "name": "Размер", "choices": [{"id": "c1", "name": "S"}, {"id": "c2", "name": "M"}]}
ODD_CHOICES = [5, None, {"id": "c1", "name": 42}, {"id": "c2"}]


@pytest.mark.parametrize(
    ("attributes", "is_model", "read"),
    [
        ([SIZE], True, (Attribute("a1", "Размер", (("c1", "S"), ("c2", "M"))),)),
        ([{"id": "a"}], True, (Attribute("a", ""),)),
        ([{**SIZE, "choices": ODD_CHOICES}, 5, {"name": "?"}], True, (Attribute("a1", "Размер", (("c1", "42"),)),)),
        ([5], True, ()),
        ([], False, ()),
        (None, False, ()),
        ({}, False, ()),
        ("", False, ()),
        ({"a1": "Размер"}, False, ()),
    ],
)
def test_a_group_with_attributes_is_a_model_of_variants(attributes: Any, is_model: bool, read: Any) -> None:
    (group,) = parse_groups(raw({"id": "g1", "attributes": attributes})).groups
    assert (group.is_variant_model, group.attributes) == (is_model, read)


@pytest.mark.parametrize("item", [{"name": "x"}, {"id": ""}, {"id": None}, {"id": "x" * 256}, 5, "null", []])
def test_a_group_without_a_usable_id_leaves_the_others_alone(item: Any) -> None:
    assert [group.id for group in parse_groups(raw({"id": "g1"}, item)).groups] == ["g1"]


@pytest.mark.parametrize(("name", "read"), [(7, "7"), ([], ""), ({}, ""), (True, ""), (None, "")])
def test_a_group_has_any_name(name: Any, read: str) -> None:
    assert [group.name for group in parse_groups(raw({"id": "g1", "name": name})).groups] == [read]


@pytest.mark.parametrize("parent", [[], {}, True, "x" * 256, "a\x00"])
def test_a_group_whose_place_cannot_be_read_is_named(parent: Any) -> None:
    found = parse_groups(raw({"id": "g1", "name": "Чай", "parent_id": parent}))
    assert found == GroupList([Group("g1", "Чай")], {"g1": frozenset({"parent_id"})})


@pytest.mark.parametrize(
    ("attributes", "is_whole"),
    [
        ([SIZE], True),
        ([], True),
        (None, True),
        ({}, False),
        ("", False),
        ([5], False),
        ([SIZE, 5], False),
        ([{**SIZE, "choices": 5}], False),
        ([{**SIZE, "name": {}}], False),
        ([{**SIZE, "choices": ODD_CHOICES}], False),
    ],
)
def test_attributes_that_cannot_be_read_are_told_from_none(attributes: Any, is_whole: bool) -> None:
    found = parse_groups(raw({"id": "g1", "name": "Чай", "attributes": attributes}))
    assert found.unread == ({} if is_whole else {"g1": frozenset({"attributes"})})


@pytest.mark.parametrize(
    ("choices", "read", "is_odd"),
    [
        (None, (), False),
        ({}, (), False),
        ([], (), False),
        ({"a": "c"}, (("a", "c"),), False),
        (5, (), True),
        ({"a": "c", "b": {}}, (("a", "c"),), True),
    ],
)
def test_choices_that_cannot_be_read_are_told_from_none(choices: Any, read: Any, is_odd: bool) -> None:
    (product,) = parse_products(raw({"id": "p1", "name": "Чай", "attributes_choices": choices})).products
    assert (product.choices, product.has_odd_choices) == (read, is_odd)


@pytest.mark.parametrize("user_id", [1000000000012345, "1" * 65, [], {}, True, None, ""])
def test_an_owner_that_cannot_be_told_is_none(user_id: Any) -> None:
    assert parse_stores(raw({"id": "S1", "name": 7, "user_id": user_id})) == [Store("S1", "7")]


def test_a_store_without_a_usable_id_leaves_the_others_alone() -> None:
    assert [store.id for store in parse_stores(raw({"id": None}, {"id": "S1"}, 5))] == ["S1"]


def test_no_store_with_a_usable_id_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        parse_stores(raw({"id": None}))


def test_stores_are_read() -> None:
    store = {"id": "20240305-1A2B-4C3D-80EF-0123456789AB", "name": "Лавка", "user_id": "01-000000000012345"}
    assert parse_stores(raw(store, {"id": "S2"})) == [
        Store("20240305-1A2B-4C3D-80EF-0123456789AB", "Лавка", "", "01-000000000012345"),
        Store("S2", ""),
    ]
