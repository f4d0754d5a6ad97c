"""A community that changes hands."""

import pytest

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import (
    Listing,
    RunStatus,
    User,
    VkAlbum,
)
from app.services.connections import vk
from tests.factories import make_user
from tests.support.sandbox import (
    Sandbox,
)
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clients.evotor.client.BACK_OFF", ())
    monkeypatch.setattr("app.clients.vk.failures.Failure.pause_before", lambda *_, **__: None)


# A community that changes hands


def hand_over(shop: Shop, giver: int, taker: User) -> None:
    vk.disconnect_vk(db.session.get_one(User, giver))
    db.session.commit()
    shop.connect(taker)
    shop.owner_id = taker.id


def test_a_community_that_passes_to_another_user_keeps_its_items(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    items = {product: shop.item(product)["id"] for product in ALL}
    first = shop.owner_id
    hand_over(shop, first, make_user("second@example.ru"))
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == shop.calls("market.addAlbum") == 0
    assert {product: shop.item(product)["id"] for product in ALL} == items
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}
    assert {row.user_id for row in db.session.query(Listing)} == {shop.owner_id}
    assert {row.user_id for row in db.session.query(VkAlbum)} == {shop.owner_id}
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_a_community_that_comes_back_keeps_its_items_too(shop_everywhere: Shop) -> None:
    """The first user's market was read a moment ago, yet the links are now the second user's."""
    shop = shop_everywhere
    shop.run()
    first, second = shop.owner_id, make_user("second@example.ru").id
    hand_over(shop, first, db.session.get_one(User, second))
    shop.put("P4", parent_id="G2")
    shop.run()
    hand_over(shop, second, db.session.get_one(User, first))
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == shop.calls("market.addAlbum") == 0
    assert shop.prices() == {**ALL, "P4": "100.00"}
    assert len(shop.sandbox.items()) == 4


def test_what_the_new_owner_does_not_have_is_a_stranger(shop: Shop) -> None:
    shop.run()
    first = shop.owner_id
    shop.drop("P1")
    hand_over(shop, first, make_user("second@example.ru"))

    assert shop.run().status == RunStatus.SUCCEEDED
    shop.clock.move(days=9)
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


def test_two_stores_with_equal_product_ids_are_two_listings(shop: Shop, sandbox: Sandbox) -> None:
    """Evotor gives every store its own ids; should two be equal, each keeps its item."""
    from tests.support.sandbox import ACCOUNT

    other = "20260101-BBBB-4BBB-80CC-000000000002"
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": other, "name": "Вторая"}])
    sandbox.put_product("P1", other, price=10)
    shop.run()
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, other)
    shop.run()
    assert len([item for item in sandbox.items() if item["sku"] == "ev:P1"]) == 2
    shop.forget_calls()
    shop.clock.move(days=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0
