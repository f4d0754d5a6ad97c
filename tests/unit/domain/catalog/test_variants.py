import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from app.domain.catalog.goods import Attribute, Group, GroupTree, Product, Store
from app.domain.catalog.variants import (
    Choice,
    choices_of,
    choices_sentence,
    contains_words,
    signs_of_alike,
    with_choices,
)
from app.domain.listing.key import ListingKey
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.planning.plan import Desired
from app.domain.planning.selection import StoreGoods, select
from app.domain.rules import RuleSet
from tests.factories import a_product

COLOUR = Attribute("a1", "Цвет", (("c1", "красный"), ("c2", "синий")))
SIZE = Attribute("a2", "Размер", (("s", "S"), ("m", "M")))
MODEL = Group("model", "Футболка", "clothes", is_variant_model=True, attributes=(COLOUR, SIZE))
TREE = GroupTree.of([Group("clothes", "Одежда"), MODEL])
RED, SMALL = Choice("Цвет", "красный"), Choice("Размер", "S")


def variant(product_id: str, colour: str = "c1", size: str = "s", **fields: Any) -> Product:
    chosen = (("a1", colour), ("a2", size))
    return a_product(product_id, **{"name": "Футболка", "group_id": "model", "choices": chosen, **fields})


def wanted(*products: Product, tree: GroupTree = TREE, settings: OwnerSettings | None = None) -> Desired:
    store_goods = StoreGoods(Store("S1", "Лавка"), tree, products)
    return select([store_goods], RuleSet(), settings or OwnerSettings(), extended_shop=False)


def names(*products: Product, **more: Any) -> dict[str, str]:
    return {key.product_id: str(item.fields["name"]) for key, item in wanted(*products, **more).wanted.items()}


@pytest.mark.parametrize(
    ("name", "choices", "expected"),
    [
        ("Футболка", [RED, SMALL], "Футболка, красный, S"),
        ("Футболка красный", [RED, SMALL], "Футболка красный, S"),
        ("Футболка S (Красный)", [RED, SMALL], "Футболка S (Красный)"),
        ("Футболка Sport", [SMALL], "Футболка Sport, S"),
        ("Футболка", [], "Футболка"),
        ("я" * 150, [RED, SMALL], "я" * 87 + "…, красный, S"),
        ("Ё" * 140 + " S", [SMALL], "Ё" * 96 + "…, S"),
        ("Ё" * 96 + " S", [RED, SMALL], "Ё" * 87 + "…, красный, S"),
        ("Футболка, С", [Choice("Размер", "C")], "Футболка, С"),
        ("Товар", [Choice("Цвет", "к" * 80), SMALL], f"Товар, {'к' * 66}…, S"),
        ("Товар", [Choice("Цвет", "к" * 80), Choice("Узор", "у" * 80)], f"Товар, {'к' * 33}…, {'у' * 33}…"),
        ("Товар", [Choice("Цвет", "»")], "Товар, »"),
    ],
)
def test_a_name_gets_the_choices_that_it_lacks(name: str, choices: Sequence[Choice], expected: str) -> None:
    found = with_choices(name, choices)
    assert found == expected
    assert len(found) <= 100


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Сок 5 л", "5", True),
        ("Сок 1,5 л", "5", False),
        ("Сок 5,5 л", "5", False),
        ("Ёлка", "елка", True),
        ("Кофе (зёрна)", "зерна", True),
        ("Кружка 300 мл", "300 мл", True),
        ("XS", "S", False),
    ],
)
def test_a_choice_stands_in_a_name_as_whole_words(text: str, words: str, expected: bool) -> None:
    assert contains_words(text, words) is expected


def test_choices_come_in_the_order_of_the_model_and_unknown_ones_are_left_out() -> None:
    product = variant("P", choices=(("a2", "s"), ("a1", "c1"), ("a3", "x")))
    assert choices_of(product, TREE) == (RED, SMALL)
    assert choices_of(variant("P", choices=(("a1", "gone"),)), TREE) == ()
    assert choices_of(variant("P", group_id="clothes"), TREE) == ()


def test_a_choice_without_an_attributes_name_still_tells() -> None:
    assert choices_sentence([RED, Choice("", "S")]) == "Цвет: красный. S."


def test_four_products_of_one_name_are_four_items() -> None:
    four = [variant(f"{colour}{size}", colour, size) for colour in ("c1", "c2") for size in ("s", "m")]
    assert names(*four) == {
        "c1s": "Футболка, красный, S",
        "c1m": "Футболка, красный, M",
        "c2s": "Футболка, синий, S",
        "c2m": "Футболка, синий, M",
    }
    items = wanted(*four).wanted
    assert {item.album for item in items.values()} == {"Одежда"}
    assert len({item.photo for item in items.values()}) == 4
    assert all("Цвет: " in str(item.fields["description"]) for item in items.values())


@pytest.mark.parametrize("template", ["", "{название}: лучшее, что есть", "{описание}"])
def test_the_description_tells_the_choices_whatever_the_template(template: str) -> None:
    product = variant("P", description="Хлопок, сто процентов.", measure="м")
    (item,) = wanted(product, settings=OwnerSettings(description_template=template)).wanted.values()
    assert str(item.fields["description"]).endswith("\nЦвет: красный. Размер: S.\nЦена за 1 м.")


def test_products_that_look_alike_get_what_the_register_tells_them_by() -> None:
    assert names(a_product("P1", name="Товар", code="11"), a_product("P2", name="Товар", code="12")) == {
        "P1": "Товар, код 11",
        "P2": "Товар, код 12",
    }


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ([{"code": "1"}, {}], [["код 1"], None]),
        ([{"code": "1", "article": "A"}, {"code": "1", "article": "B"}], [["арт. A"], ["арт. B"]]),
        ([{"barcodes": ("460",)}, {"barcodes": ("461",)}], [["штрихкод 460"], ["штрихкод 461"]]),
        ([{}, {}], [None, None]),
        (
            [{"code": "1", "article": "A"}, {"code": "1", "article": "B"}, {"code": "2"}],
            [["код 1", "арт. A"], ["код 1", "арт. B"], ["код 2"]],
        ),
    ],
)
def test_the_sign_is_the_first_in_which_they_differ(signs: list[Any], expected: list[list[str] | None]) -> None:
    alike = {number: a_product(str(number), **fields) for number, fields in enumerate(signs)}
    found = signs_of_alike(alike)
    assert [found.get(number) for number in alike] == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('Сок "А" один', "Сок «А» один"),
        ("Сок  яблочный", "Сок яблочный"),
        ("Т" * 120 + "1", "Т" * 120 + "2"),
        ("Сок &amp; вода", "Сок & вода"),
    ],
)
def test_names_that_read_alike_are_told_apart_however_the_register_spells_them(one: str, other: str) -> None:
    text = "Одно описание для обоих"
    goods = [a_product(f"P{code}", name=name, code=code, description=text) for code, name in (("1", one), ("2", other))]
    found = names(*goods)
    assert [name[-7:] for name in found.values()] == [", код 1", ", код 2"]
    assert wanted(*goods).alike == frozenset()


def test_a_sign_leaves_a_long_variant_its_choices() -> None:
    twins = [variant(f"P{code}", name="Т" * 120, code=code) for code in "12"]
    assert [name.strip("Т") for name in names(*twins).values()] == ["…, красный, S, код 1", "…, красный, S, код 2"]


def test_a_variant_is_told_from_what_bears_its_choice_in_the_name() -> None:
    text = "Хлопок. Размер: S."
    one = variant("P1", choices=(("a2", "s"),), code="1", description=text)
    other = a_product("P2", name="Футболка, S", code="2", description=text)
    assert set(names(one, other).values()) == {"Футболка, S, код 1", "Футболка, S, код 2"}


def test_another_description_is_told_apart_already_and_a_price_renames_nothing() -> None:
    goods = [
        a_product("P1", name="Товар", code="1", price=Decimal(1)),
        a_product("P2", name="Товар", code="2", price=Decimal(2)),
        a_product("P3", name="Товар", code="3", price=Decimal(2), description="Совсем другой товар"),
    ]
    assert list(names(*goods).values()) == ["Товар, код 1", "Товар, код 2", "Товар"]


def test_names_depend_on_no_order_and_a_further_twin_renames_nobody() -> None:
    three = [a_product(f"P{code}", name="Товар", code=code) for code in "123"]
    found = {tuple(sorted(names(*order).items())) for order in itertools.permutations(three)}
    assert len(found) == 1
    assert names(*three[:2]).items() <= names(*three).items()


def test_what_nothing_tells_apart_is_told_to_the_owner() -> None:
    found = wanted(a_product("P1", name="Товар"), a_product("P2", name="Товар"), a_product("P3", name="Мёд"))
    assert found.alike == {ListingKey("S1", "P1"), ListingKey("S1", "P2")}


@pytest.mark.parametrize(("barcodes", "is_told"), [(("460",), False), ((), True)])
def test_one_product_of_two_stores_is_said_to_be_shared(barcodes: tuple[str, ...], is_told: bool) -> None:
    stores_goods = [StoreGoods(Store(name, name), TREE, [a_product(name, barcodes=barcodes)]) for name in ("S1", "S2")]
    found = select(stores_goods, RuleSet(), OwnerSettings(), extended_shop=False)
    assert bool(found.alike) is is_told
    assert {item.fields["name"] for item in found.wanted.values()} == {"Чай травяной"}


def test_no_two_of_many_look_alike_while_they_differ_in_anything() -> None:
    codes = itertools.product(["", "1", "2"], ["", "A"], [(), ("460",)])
    goods = [a_product(f"P{n}", name="Товар", code=c, article=a, barcodes=b) for n, (c, a, b) in enumerate(codes)]
    assert wanted(*goods).alike == frozenset()
