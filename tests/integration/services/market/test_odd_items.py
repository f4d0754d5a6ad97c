"""Items of VK that cannot be read: they stop no read, make no double and let nothing vanish."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.clients.http import Response
from app.db import db
from app.domain.planning.changes import LinkState
from app.models import Listing, RunStatus
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def spoil(shop: Shop, *fields: str) -> None:
    """VK shows the item of P1 without these fields, wherever it shows it."""

    def spoilt(call: Callable[[], Response]) -> Response:
        body: dict[str, Any] = json.loads(call().body)
        for item in body["response"]["items"]:
            if item.get("sku") == "ev:P1":
                for field in fields:
                    del item[field]
        return Response(200, {}, json.dumps(body).encode())

    for method in ("/market.get", "/market.getById"):
        shop.on_call(method, spoilt, times=100)


@pytest.mark.parametrize("fields", [("id",), ("id", "sku")])
def test_an_unreadable_item_is_not_taken_for_gone(shop: Shop, fields: tuple[str, ...]) -> None:
    shop.run()
    spoil(shop, *fields)
    shop.clock.move(days=1, hours=1)
    shop.patch("P2", price=250)

    assert shop.run().status == RunStatus.SUCCEEDED

    listing = shop.listing("P1")
    assert listing is not None
    assert listing.state == LinkState.LIVE
    assert shop.prices() == {**ALL, "P2": "250.00"}


def test_an_unreadable_item_whose_link_is_lost_gets_no_double(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    db.session.query(Listing).delete()
    db.session.commit()
    spoil(shop, "id")

    shop.run()

    assert len(shop.sandbox.items(shop.club)) == len(ALL)
    shop.stop_hooks()
    shop.clock.move(days=1, hours=1)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == ALL
    assert len(shop.sandbox.items(shop.club)) == len(ALL)


def test_an_add_without_an_answer_is_not_repeated_beside_an_unreadable_item(shop: Shop) -> None:
    def lost(call: Callable[[], Response]) -> Response:
        call()
        return Response(502, {}, b"")

    shop.patch("P2", allow_to_sell=False)
    shop.patch("P3", allow_to_sell=False)
    spoil(shop, "id", "sku")
    shop.on_call("/market.add", lost)

    for _ in range(3):
        shop.run()
        shop.clock.move(minutes=20)

    assert len(shop.sandbox.items(shop.club)) == 1
