"""The audit that the crash matrix and the soak rely on sees what it is there for."""

from typing import Any

import pytest

from tests.support.audit import check_always, check_final, strangers
from tests.support.register import Shown

CLUB = 1
EXPECTED = {"P1": Shown("Чай", "100.00", "Полка"), "P2": Shown("Мёд", "200.00", None)}


def item(item_id: int, product_id: str, name: str, price: str, **more: Any) -> dict[str, Any]:
    usual = {"hidden": False, "deleted": False, "foreign": False}
    return {"id": item_id, "sku": f"ev:{product_id}", "name": name, "price": price, **usual, **more}


@pytest.fixture
def market() -> dict[str, Any]:
    """As it should be."""
    return {
        "items": [
            item(1, "P1", "Чай", "100.00"),
            item(2, "P2", "Мёд", "200.00"),
            item(3, "P3", "Сушки", "50.00", hidden=True),
            item(4, "P4", "Варенье", "50.00", deleted=True),
            item(5, "P5", "Чужой", "70.00", foreign=True),
        ],
        "albums": [
            {"title": "Полка", "item_ids": [1], "foreign": False},
            {"title": "Полка", "item_ids": [5], "foreign": True},
        ],
    }


def dump(market: dict[str, Any]) -> dict[str, Any]:
    return {"vk": {"clubs": {str(CLUB): market}}}


def test_it_finds_nothing_in_a_market_that_is_right(market: dict[str, Any]) -> None:
    assert not check_final(dump(market), CLUB, strangers(dump(market), CLUB), EXPECTED)


@pytest.mark.parametrize(
    ("kind", "where", "number", "change"),
    [
        ("twice", "items", 2, {"sku": "ev:P1"}),
        ("twice", "items", 3, {"sku": "ev:P1", "deleted": False}),
        ("lost", "items", 0, {"hidden": True}),
        ("lost", "items", 1, {"deleted": True}),
        ("wrong", "items", 0, {"name": "Чай старый"}),
        ("wrong", "items", 0, {"price": "101.00"}),
        ("wrong", "items", 2, {"hidden": False}),
        ("wrong", "albums", 0, {"title": "Старая полка"}),
        ("wrong", "albums", 0, {"item_ids": [1, 2]}),
        ("wrong", "albums", 0, {"item_ids": []}),
        ("foreign", "items", 4, {"price": "71.00"}),
        ("foreign", "albums", 1, {"item_ids": []}),
    ],
)
def test_it_tells_what_is_not_right(
    market: dict[str, Any], kind: str, where: str, number: int, change: dict[str, Any]
) -> None:
    before = strangers(dump(market), CLUB)
    market[where] = [{**one, **change} if index == number else one for index, one in enumerate(market[where])]
    assert getattr(check_final(dump(market), CLUB, before, EXPECTED), kind)


def test_it_finds_two_albums_of_ours_with_one_title(market: dict[str, Any]) -> None:
    before = strangers(dump(market), CLUB)
    market["albums"].append({"title": "Полка", "item_ids": [], "foreign": False})
    assert check_always(dump(market), CLUB, before, EXPECTED).twice == ["album 'Полка'"]


def test_under_faults_an_item_may_be_late_but_not_out_of_nowhere(market: dict[str, Any]) -> None:
    before = strangers(dump(market), CLUB)
    market["items"][0]["hidden"] = True
    market["items"][2]["hidden"] = False
    assert not check_always(dump(market), CLUB, before, {*EXPECTED, "P3"})
    assert check_always(dump(market), CLUB, before, EXPECTED).wrong
