"""Looking for a category of VK's."""

import pytest

from app.domain.market.categories import Category, search_categories, similar_categories

DRINKS = Category(20064, ("Продукты питания", "Напитки"))
TEA = Category(20114, ("Продукты питания", "Чай"))
MEAT = Category(20056, ("Продукты питания", "Мясо и птица"))
BIRDS = Category(20115, ("Животные", "Для птиц"))
TOOLS = Category(20116, ("Строительство и ремонт", "Инструменты", "Ручной инструмент"))
HONEY = Category(20117, ("Продукты питания", "Мёд и варенье"))
ALL = [DRINKS, TEA, MEAT, BIRDS, TOOLS, HONEY]


def test_a_category_is_read_from_the_root_down() -> None:
    assert TOOLS.title == "Строительство и ремонт › Инструменты › Ручной инструмент"


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("", ALL),
        ("чай", [TEA]),
        ("НАПИТ", [DRINKS]),
        ("питания чай", [TEA]),
        ("мед", [HONEY]),
        ("птиц", [MEAT, BIRDS]),
        ("танки", []),
    ],
)
def test_every_word_must_stand_in_the_path(q: str, expected: list[Category]) -> None:
    assert search_categories(ALL, q) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Чай", [TEA]),
        ("Напиток", [DRINKS]),
        ("Мед", [HONEY]),
        ("Мясо, птица", [MEAT, BIRDS]),
        ("Инструмент механический", [TOOLS]),
        ("Товары для дома", []),
        ("", []),
        ("Велосипеды", []),
    ],
)
def test_a_group_is_likened_to_categories_by_its_words(name: str, expected: list[Category]) -> None:
    assert similar_categories(ALL, name) == expected


def test_only_the_likest_are_proposed() -> None:
    many = [Category(number, (f"Чай {number}",)) for number in range(10)]

    assert similar_categories([*many, TEA], "Чай", most=2)[0] in (TEA, many[0])
    assert len(similar_categories(many, "Чай", most=2)) == 2
