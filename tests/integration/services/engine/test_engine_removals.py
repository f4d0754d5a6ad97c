"""What leaves the selection is hidden first and deleted later, and only on proof."""

from typing import Any

import pytest

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus
from tests.support.bad_reads import nothing_was_taken_away
from tests.support.lost_answers import ALL
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop


@pytest.mark.parametrize("answer", ["200", "401", "402", "403", "500", "html", "drop"])
def test_a_missing_product_is_hidden_only_after_its_own_404(shop: Shop, sandbox: Sandbox, answer: str) -> None:
    shop.run()
    sandbox.fault("evotor", "partial", "products")
    if answer != "200":
        sandbox.fault("evotor", answer, "product")

    for _ in range(2):
        assert shop.run().status == RunStatus.SUCCEEDED
        assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.KEPT}
        shop.clock.move(days=8)

    nothing_was_taken_away(shop)


def test_a_product_that_is_gone_is_hidden_and_later_deleted(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    shop.drop("P1")

    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.item("P1")["hidden"]
    assert shop.entries()[0].reason == "missing"

    shop.clock.move(days=6)
    shop.run()
    assert shop.item("P1")["hidden"]
    shop.clock.move(days=2)
    shop.run()
    assert {item["sku"] for item in sandbox.items()} == {"ev:P2", "ev:P3"}


def test_a_hidden_item_is_not_deleted_while_evotor_still_knows_its_product(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P3", quantity=0)
    shop.run()
    sandbox.fault("evotor", "partial", "products")
    for _ in range(3):
        shop.run()
        shop.clock.move(days=8)

    assert shop.item("P3")["hidden"]
    assert shop.calls("market.delete") == 0


def test_what_leaves_the_selection_is_hidden_and_comes_back_as_the_same_item(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    item_id = shop.item("P1")["id"]
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    assert shop.item("P1")["hidden"]
    shop.clock.move(days=6)
    shop.run()

    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()
    assert shop.prices() == ALL
    assert shop.item("P1")["id"] == item_id

    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=6)
    shop.run()
    assert shop.item("P1")["id"] == item_id, "the days begin anew"
    shop.clock.move(days=2)
    shop.run()
    assert shop.calls("market.delete") == 1
    shop.clock.move(seconds=2)

    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()
    assert shop.prices() == ALL


def test_what_is_selected_but_not_fit_is_never_deleted(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", allow_to_sell=False)
    shop.patch("P2", price=0)
    shop.patch("P3", quantity=0)
    for _ in range(3):
        shop.run()
        shop.clock.move(days=8)

    assert shop.prices() == {}
    assert shop.calls("market.delete") == 0


def _groups(sandbox: Sandbox, **lists: Any) -> None:
    sandbox.control("evotor/groups", store=TINY, **lists)


def test_a_group_missing_from_a_partial_list_still_includes_its_products(shop: Shop, sandbox: Sandbox) -> None:
    _groups(sandbox, upsert=[{"id": "G3", "name": "Внутри", "parent_id": "G2"}])
    shop.patch("P3", parent_id="G3")
    shop.run()
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G1", "G2")
    shop.run()
    _groups(sandbox, upsert=[{"id": "G0", "name": "Ещё"}])
    sandbox.fault("evotor", "partial", "groups")

    shop.run()

    nothing_was_taken_away(shop)


def test_a_group_that_is_gone_with_its_products_leaves_the_catalog(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P2", parent_id="G1")
    _groups(sandbox, delete=["G2"])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert db.session.execute(db.text("SELECT group_id FROM catalog_groups")).scalars().all() == ["G1"]


def test_a_product_that_the_lists_lacked_for_a_moment_may_be_deleted_the_next(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.fault("evotor", "partial", "products", times=1)
    shop.run()
    kept = {entry.product_id for entry in shop.entries() if entry.outcome == EntryOutcome.KEPT}
    shop.run()
    nothing_was_taken_away(shop)
    for product_id in kept:
        shop.drop(product_id or "")

    shop.run()

    assert kept
    assert not kept & shop.prices().keys()
