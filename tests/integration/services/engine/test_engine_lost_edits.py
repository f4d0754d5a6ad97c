"""Edits, moves and deletions without an answer: what is in flight is unknown, whatever the catalog says afterwards."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from tests.support.lost_answers import ALL, all_is_well, dies_after
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop


def test_a_deleted_item_that_lists_still_show_is_not_linked_again(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=8)
    shop.put("P4", price=40)
    sandbox.fault("vk", "lag:0.9", "market.delete", times=1)
    sandbox.fault("vk", "drop_before", "market.add", times=1)
    shop.run()
    shop.clock.move(seconds=5)

    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()

    assert shop.prices() == {**ALL, "P4": "40.00"}


def test_an_item_put_into_an_album_a_moment_ago_is_not_put_there_again(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "lag:0.9", "market.addToAlbum")
    sandbox.fault("vk", "drop_before", "market.add", after=2, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.addToAlbum") == 2


def lose_every_edit(shop: Shop, method: str) -> None:
    """Every answer of this method is lost, also those of the client's own repeats, until the run gives up."""
    shop.sandbox.fault("vk", "drop_after", method)
    shop.run(to_end=False)
    shop.sandbox.clear_faults()


def test_an_edit_without_an_answer_and_a_catalog_that_goes_back(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", price=111)
    lose_every_edit(shop, "market.edit")
    assert shop.prices()["P1"] == "111.00"
    shop.patch("P1", price=100)

    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


def test_a_hide_without_an_answer_and_a_rule_that_goes_back(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    lose_every_edit(shop, "market.edit")
    assert "P1" not in shop.prices()
    shop.rule(EntityType.PRODUCT, None, "P1")

    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


@pytest.mark.parametrize("method", ["market.addToAlbum", "market.removeFromAlbum"])
def test_a_move_without_an_answer_and_a_catalog_that_goes_back(shop_everywhere: Shop, method: str) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", parent_id="G2")
    lose_every_edit(shop, method)
    shop.patch("P1", parent_id="G1")

    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


@pytest.mark.parametrize("method", ["market.edit", "market.addToAlbum", "market.removeFromAlbum"])
def test_a_worker_that_dies_after_a_change_and_a_catalog_that_goes_back(shop: Shop, method: str) -> None:
    shop.run()
    shop.patch("P1", price=111, parent_id="G2")
    shop.on_call(f"/{method}", dies_after)
    shop.run_killed()
    shop.patch("P1", price=100, parent_id="G1")

    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


def test_a_deletion_without_an_answer_is_a_deletion(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=8)
    lose_every_edit(shop, "market.delete")
    shop.clock.move(minutes=10)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert {item["sku"] for item in sandbox.items()} == {"ev:P2", "ev:P3"}
    shop.clock.move(seconds=2)
    shop.run()
    assert shop.listing("P1") is None
    assert db.session.scalar(sa.text("SELECT count(*) FROM listings")) == 2
