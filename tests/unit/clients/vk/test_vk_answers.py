from decimal import Decimal
from typing import Any

import pytest

from app.clients.answers import MalformedAnswer
from app.clients.vk import answers
from app.domain.market.categories import Category
from app.domain.market.items import Album, Availability, Community, MarketItem, Profile, Rejection

ITEM: dict[str, Any] = {
    "id": 9100045,
    "owner_id": -777000111,
    "title": "Хлеб ржаной",
    "description": "Хлеб ржаной. Артикул: 000217.",
    "price": {"amount": "6490", "currency": {"id": 643}, "text": "64,90 ₽"},
    "category": {"inner_type": "market_market_category_nested", "id": 20055, "name": "Бакалея"},
    "availability": 0,
    "sku": "ev:1",
    "stock_amount": 14,
    "albums_ids": [7],
    "photos": [{"id": 457239101}, {"id": 457239102}],
    "can_edit": True,
    "can_comment": 1,
}


def item(**fields: Any) -> MarketItem:
    return answers.market_items([{**ITEM, **fields}])[0]


def test_a_whole_item_is_read() -> None:
    assert item() == MarketItem(
        id=9100045,
        title="Хлеб ржаной",
        description="Хлеб ржаной. Артикул: 000217.",
        price=Decimal("64.90"),
        category_id=20055,
        sku="ev:1",
        availability=Availability.AVAILABLE,
        stock_amount=14,
        album_ids=(7,),
        photo_ids=(457239101, 457239102),
    )


def test_an_item_may_be_an_id_alone() -> None:
    assert answers.market_items([{"id": 1}]) == [MarketItem(1, "", "", None, None, "", Availability.AVAILABLE)]


def test_false_among_items_is_left_out() -> None:
    assert [one.id for one in answers.market_items([False, ITEM])] == [9100045]


@pytest.mark.parametrize("price", [[], None, {}, {"amount": ""}, {"amount": "free"}, {"amount": None}, False])
def test_a_price_that_vk_does_not_say_is_none(price: Any) -> None:
    assert item(price=price).price is None


@pytest.mark.parametrize(("amount", "price"), [("6490", "64.9"), (100, "1"), ("0", "0"), ("5", "0.05")])
def test_prices_come_in_hundredths(amount: Any, price: str) -> None:
    assert item(price={"amount": amount}).price == Decimal(price)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, Availability.AVAILABLE),
        (1, Availability.REMOVED),
        (2, Availability.HIDDEN),
        (7, Availability.HIDDEN),
        (True, Availability.REMOVED),
        ("2", Availability.HIDDEN),
        (None, Availability.AVAILABLE),
    ],
)
def test_availability_is_a_number(value: Any, expected: Availability) -> None:
    assert item(availability=value).availability is expected


def test_the_newer_category_is_read_where_the_older_is_missing() -> None:
    assert item(category=False, category_v2={"id": 40064}).category_id == 40064


@pytest.mark.parametrize("photos", [None, [], False, [False]])
def test_an_item_may_have_no_photo(photos: Any) -> None:
    assert item(photos=photos).photo_ids == ()


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"title": "Отклонён", "description": "Цена", "moderation_status": 2}, Rejection("Отклонён", "Цена")),
        ({"moderation_status": 2}, Rejection()),
        ({"title": 5, "description": "ы" * 900}, Rejection("", "ы" * 500)),
        (None, None),
        ([], None),
        ({}, None),
        (False, None),
    ],
)
def test_what_moderators_say_is_read(info: Any, expected: Rejection | None) -> None:
    assert item(reject_info=info).rejection == expected


@pytest.mark.parametrize(
    ("value", "sku"),
    [
        ({"title": "x", "sku": "ev:1"}, "ev:1"),
        ({"id": None, "sku": 5}, ""),
        ({"id": "x"}, ""),
        ({"id": 2**70, "sku": "ev:2"}, "ev:2"),
        (5, ""),
        ("x", ""),
        ([1], ""),
    ],
)
def test_an_item_without_an_id_leaves_its_neighbours_alone_and_its_mark_behind(value: Any, sku: str) -> None:
    found = answers.market_items([value, ITEM])
    assert [one.id for one in found] == [9100045]
    assert found.odd.skus == {sku}
    assert found.odd.may_hold("ev:1") is (sku in ("ev:1", ""))


@pytest.mark.parametrize("answer", [{"market_item_id": 5}, {"market_item_id": "5"}, 5, "5"])
def test_a_new_id_comes_in_several_forms(answer: Any) -> None:
    assert answers.new_id(answer, "market_item_id") == 5


@pytest.mark.parametrize("answer", [{}, {"market_item_id": None}, "", "five", [], None, 5.5])
def test_an_answer_without_the_new_id_is_malformed(answer: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answers.new_id(answer, "market_item_id")


COMMUNITY = {
    "id": 777000111,
    "name": "Пекарня",
    "market": {"enabled": 1, "type": "basic", "currency": {"id": 643, "name": "RUB"}},
}


@pytest.mark.parametrize("answer", [{"groups": [COMMUNITY], "profiles": []}, [COMMUNITY]])
def test_a_community_comes_in_an_object_or_a_list(answer: Any) -> None:
    assert answers.community(answer) == Community(777000111, "Пекарня", True, False, 643)


@pytest.mark.parametrize("answer", [{"groups": []}, []])
def test_no_community_is_none(answer: Any) -> None:
    assert answers.community(answer) is None


@pytest.mark.parametrize(
    ("kind", "expected"), [("advanced", True), ("pro", True), ("basic", False), ("base", False), ([], False)]
)
def test_an_extended_shop_is_known_by_its_type(kind: Any, expected: bool) -> None:
    market = {"enabled": True, "type": kind}
    found = answers.community([{**COMMUNITY, "market": market}])
    assert found
    assert found.is_extended is expected


@pytest.mark.parametrize("market", [None, False, [], {}, {"enabled": 0}, {"enabled": False}])
def test_a_community_without_a_shop_is_still_a_community(market: Any) -> None:
    assert answers.community([{**COMMUNITY, "market": market}]) == Community(777000111, "Пекарня", False, False, None)


def test_albums_are_read() -> None:
    found = answers.albums([{"id": 7, "title": " Хлеб ", "count": 12, "is_main": False}, False, {"id": "8"}])
    assert found == [Album(7, "Хлеб", 12), Album(8, "")]


def test_a_profile_is_read() -> None:
    assert answers.profiles([{"id": 5, "first_name": "Анна", "last_name": "Демо"}]) == [Profile(5, "Анна Демо")]


@pytest.mark.parametrize("answer", [{}, {"count": 1}, {"items": []}, {"count": 1, "items": {}}, [], None])
def test_a_page_without_its_parts_is_malformed(answer: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answers.page(answer)


# Categories


def test_the_leaves_of_a_tree_are_read_in_order() -> None:
    deep: dict[str, Any] = {"id": 50053, "name": "Кольца"}
    for number in range(18):
        deep = {"id": 60000 + number, "name": "…", "children": [deep]}
    answer = {
        "items": [
            {
                "id": 10009,
                "name": "Продукты &amp; питание",
                "children": [{"id": 20055, "name": "Бакалея", "children": []}, {"id": 20064, "name": "Напитки"}, False],
                "view": {"type": "tab_root", "selected": False, "root_path": []},
            },
            {"id": 20063, "name": "Еда"},
            {"id": 20064, "name": "Ещё раз"},
            deep,
        ]
    }
    *first, last = answers.categories(answer)

    assert first == [
        Category(20055, ("Продукты & питание", "Бакалея")),
        Category(20064, ("Продукты & питание", "Напитки")),
        Category(20063, ("Еда",)),
    ]
    assert (last.id, len(last.path)) == (50053, 19)


def nested(depth: int) -> dict[str, Any]:
    return {"id": 1, "children": [nested(depth - 1)] if depth else []}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"items": 1},
        {"items": ["a"]},
        {"items": [{"name": "Без номера"}]},
        {"items": [{"children": 5}]},
        {"items": [nested(500)]},
        {"items": [{"id": number} for number in range(1, 20_000)]},
    ],
)
def test_a_list_of_categories_of_another_shape_is_refused(answer: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answers.categories(answer)
