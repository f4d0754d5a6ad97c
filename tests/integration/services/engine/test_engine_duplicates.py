"""Two items of one product in the market."""

from app.models import EntryOutcome, RunStatus
from tests.support.lost_answers import ALL, dies_before
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Shop


def test_of_two_items_the_linked_one_stays(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    linked = shop.item("P1")["id"]
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    shop.clock.move(days=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert sandbox.visible()["P1"]["id"] == linked
    assert [entry.reason for entry in shop.entries()] == ["twin"]


def test_of_two_unlinked_items_the_lower_id_is_linked(shop: Shop, sandbox: Sandbox) -> None:
    duplicates = [{"name": "Первый", "sku": "ev:P1", "price": 1}, {"name": "Второй", "sku": "ev:P1", "price": 2}]
    lower = min(sandbox.control("vk/items", club=CLUB, add=duplicates)["added"])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert sandbox.visible()["P1"]["id"] == lower
    listing = shop.listing("P1")
    assert listing is not None
    assert listing.vk_item_id == lower


def test_a_duplicate_that_vk_will_not_hide_stops_nobody_else(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    shop.patch("P2", price=222)
    shop.clock.move(days=2)
    sandbox.fault("vk", "error:100", "market.edit", times=1, suffix="this one is not for you")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices()["P2"] == "222.00"
    assert [entry.outcome for entry in shop.entries() if entry.reason == "twin"] == [EntryOutcome.FAILED]


def test_a_worker_that_dies_before_it_hid_the_duplicate(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    shop.clock.move(days=2)
    shop.on_call("/market.edit", dies_before)
    shop.run_killed()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [item["hidden"] for item in sandbox.items() if item["sku"] == "ev:P1"] == [False, True]
