from typing import Any

import pytest

from app.clients.answers import MalformedAnswer
from app.clients.evotor.answers import GroupList, parse_groups, parse_page, parse_stores
from app.clients.evotor.products import parse_products
from app.domain.catalog.goods import Attribute, Group, Store
from tests.support.evotor_answers import raw


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
