"""What counts as changed in VK by hand."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from app.domain.listing.key import ListingKey, Value
from app.domain.market.drift import drift_of
from app.domain.market.items import Availability, MarketItem
from app.domain.planning.changes import Link, LinkState

SENT: Mapping[str, Value] = {
    "name": "Чай «Луговой»",
    "description": "Сбор с чабрецом.\nЦена за 1 кг.",
    "price": "64.90",
    "deleted": 0,
    "category_id": 20064,
}


def difference(sent: Mapping[str, Value] = SENT, photo_id: int | None = 5, **seen: Any) -> dict[str, Value]:
    usual: dict[str, Any] = {
        "title": "Чай «Луговой»",
        "description": "Сбор с чабрецом.\nЦена за 1 кг.",
        "price": Decimal("64.90"),
        "category_id": 20064,
        "availability": Availability.AVAILABLE,
        "photo_ids": (5,),
    }
    item = MarketItem(id=1, sku="ev:1", **(usual | seen))
    return drift_of(Link(ListingKey("S1", "1"), LinkState.LIVE, item_id=1, sent=sent), item, photo_id=photo_id)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({}, {}),
        ({"title": "Чай со скидкой"}, {"name": "Чай со скидкой"}),
        ({"description": "Другое"}, {"description": "Другое"}),
        ({"price": Decimal("60.00")}, {"price": "60.00"}),
        ({"availability": Availability.HIDDEN}, {"deleted": 1}),
        ({"photo_ids": (9,)}, {"photo": 9}),
        ({"photo_ids": (9, 5)}, {}),
        ({"photo_ids": ()}, {}),  # VK does not say
        ({"price": None}, {}),
        ({"category_id": 40064}, {}),  # VK counts categories in two ways
        ({"stock_amount": 3}, {}),  # we never sent one
        ({"description": "Сбор с чабрецом. Цена за 1 кг. "}, {}),  # another spelling of the same
        ({"title": "Чай &laquo;Луговой&raquo;"}, {}),
    ],
)
def test_what_vk_shows_otherwise_than_sent_is_drift(seen: dict[str, Any], expected: dict[str, Value]) -> None:
    assert difference(**seen) == expected


def test_a_picture_that_we_cannot_name_is_no_drift() -> None:
    assert difference(photo_id=None, photo_ids=(9,)) == {}


def test_a_field_in_flight_is_no_drift() -> None:
    assert difference(sent={"name": "Чай «Луговой»"}, price=Decimal("1.00")) == {}


def test_stock_counts_where_we_send_it() -> None:
    assert difference(sent={**SENT, "stock_amount": 5}, stock_amount=4) == {"stock_amount": 4}


def test_what_is_sold_out_may_be_unavailable_by_itself() -> None:
    sold_out = {**SENT, "stock_amount": 0}

    assert difference(sent=sold_out, stock_amount=0, availability=Availability.HIDDEN) == {}


def test_a_spelling_that_vk_is_known_for_is_no_drift() -> None:
    link = Link(ListingKey("S1", "1"), LinkState.LIVE, item_id=1, sent={"name": "Чай"})
    item = MarketItem(1, "Чай.", "", None, None, "ev:1", Availability.AVAILABLE)

    assert drift_of(link, item, photo_id=None, rendered={"name": "Чай."}) == {}
    assert drift_of(link, item, photo_id=None) == {"name": "Чай."}
