"""What happens while a batch is on its way, or between two: a worker dies, the owner changes their mind."""

from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.models import EntryOutcome, RunStatus, SyncConfig, VkConnection
from tests.support.batches import all_cost, nothing_is_left, outcomes, repriced, requests, stocked
from tests.support.lost_answers import dies_after, dies_before
from tests.support.sandbox import Sandbox
from tests.support.shop import Killed, Shop

# A worker that dies


@pytest.mark.parametrize("death", [dies_before, dies_after])
def test_a_worker_that_dies_at_a_batch_and_a_catalog_that_goes_back(
    shop_everywhere: Shop, death: Callable[[Callable[[], Response]], Response]
) -> None:
    shop = shop_everywhere
    ids = repriced(shop, 10)
    shop.on_call("/execute", death)
    shop.run_killed()
    shop.patch_all(ids, price=100)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert all_cost(shop, "100.00", ids)
    nothing_is_left(shop)


def test_a_worker_that_dies_after_vk_did_some_of_it_and_a_catalog_that_goes_back(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    ids = repriced(shop, 10)
    shop.sandbox.fault("vk", "drop_after", "market.edit", after=4, times=1)
    shop.on_call("/execute", half_heard)
    shop.run_killed()
    assert Counter(item["price"] for item in shop.sandbox.items())["101.00"] == 5
    shop.patch_all(ids, price=100)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert all_cost(shop, "100.00", ids)
    nothing_is_left(shop)


def half_heard(call: Callable[[], Response]) -> Response:
    try:
        return call()
    finally:
        raise Killed


# The owner meanwhile


MEANWHILE = {
    "switched off": sa.update(SyncConfig).values(is_enabled=False),
    "disconnected": sa.update(VkConnection).values(group_id=None, token=None),
}


@pytest.mark.parametrize("deed", MEANWHILE)
def test_a_run_is_stopped_between_two_batches(shop_everywhere: Shop, deed: str) -> None:
    shop = shop_everywhere
    ids = repriced(shop, 60)

    def apply() -> None:
        with db.engine.begin() as connection:
            connection.execute(MEANWHILE[deed])

    shop.after_call("/execute", apply)

    assert shop.run().status == RunStatus.STOPPED

    assert requests(shop) == {"vk.execute": 1}
    assert Counter(shop.item(name)["price"] for name in ids) == {"101.00": 25, "100.00": 35}
    assert outcomes(shop) == {EntryOutcome.DONE: 25}


def test_a_run_whose_time_is_over_ends_between_two_batches(shop: Shop) -> None:
    ids = repriced(shop, 60)

    assert shop.run_slice(2).status == RunStatus.CONTINUED

    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 2}, {EntryOutcome.DONE: 50})
    assert shop.run().status == RunStatus.SUCCEEDED
    assert all_cost(shop, "101.00", ids)
    assert shop.calls("execute") == 3


def test_the_bar_moves_by_single_changes(shop: Shop) -> None:
    repriced(shop, 60)
    seen = []

    def look() -> None:
        with db.engine.begin() as connection:
            row = connection.execute(sa.text("SELECT done, total, stage FROM sync_runs ORDER BY id DESC LIMIT 1")).one()
        seen.append(tuple(row))

    def hook(call: Callable[[], Response]) -> Response:
        look()
        return call()

    shop.on_call("/execute", hook, times=3)
    shop.run()

    assert seen == [(0, 60, "edit"), (25, 60, "edit"), (50, 60, "edit")]


def test_every_intent_of_a_batch_is_committed_before_it_is_sent(shop: Shop) -> None:
    ids = repriced(shop, 25)
    seen: list[tuple[bool, bool]] = []

    def hook(call: Callable[[], Response]) -> Response:
        with db.engine.begin() as connection:
            rows = connection.execute(sa.text("SELECT sent, written_at FROM listings WHERE product_id LIKE 'N%'"))
            seen.extend(("price" in sent, written_at is not None) for sent, written_at in rows)
        return call()

    shop.on_call("/execute", hook)
    shop.run()

    assert seen == [(False, True)] * len(ids)


def test_a_missing_product_is_asked_for_alone_before_a_batch_hides_it(shop: Shop, sandbox: Sandbox) -> None:
    ids = stocked(shop, 12)
    for name in ids[:3]:
        shop.drop(name)
    sandbox.fault("evotor", "503", "product", times=5)
    shop.patch_all(ids[3:6], allow_to_sell=False)

    shop.run()

    assert requests(shop) == {"vk.execute": 1}
    assert {shop.item(name)["hidden"] for name in ids[3:6]} == {True}
    assert outcomes(shop)[EntryOutcome.KEPT] >= 1
