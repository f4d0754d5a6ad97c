"""Adds whose answer is lost, and workers that die around them."""

from collections.abc import Callable
from typing import NoReturn

import pytest

from app.clients.http import Response
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus
from tests.support.lost_answers import ALL, all_is_well, dies_after, dies_before
from tests.support.sandbox import Sandbox
from tests.support.shop import Killed, Shop

pytestmark = pytest.mark.one_by_one


@pytest.mark.parametrize("kind", ["drop_after", "http_502_after", "garbage_after"])
def test_an_add_whose_answer_is_lost_is_found_by_its_sku_at_once(shop: Shop, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault("vk", kind, "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL)
    assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.DONE}
    all_is_well(shop)


def test_an_internal_error_after_storing_makes_no_second_item(shop_everywhere: Shop) -> None:
    def stored_yet_failed(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, b'{"error": {"error_code": 10, "error_msg": "Internal server error"}}')

    shop_everywhere.on_call("/market.add", stored_yet_failed)

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED

    assert shop_everywhere.calls("market.add") == len(ALL)
    all_is_well(shop_everywhere)


def test_an_add_that_never_arrived_is_repeated_by_the_same_run_after_the_read_lag(
    shop_everywhere: Shop, sandbox: Sandbox
) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", "drop_before", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL) + 1
    assert any(0 < pause <= 1 for pause in shop.clock.slept)
    all_is_well(shop)


def test_a_slice_leaves_the_lost_add_to_a_later_pass(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "market.add", times=1)

    outcome = shop.run(to_end=False)

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "lost_answers")
    assert 0 < shop.next_run_in().total_seconds() <= 1
    assert len(shop.prices()) == len(ALL) - 1
    assert shop.run(to_end=False).status == RunStatus.CONTINUED, "too early: reads may trail writes"
    assert len(shop.prices()) == len(ALL) - 1
    shop.clock.move(seconds=2)
    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED
    all_is_well(shop)


def test_an_item_that_lists_do_not_show_yet_is_found_later(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", "lag:0.5", "market.add", times=1)
    sandbox.fault("vk", "drop_after", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL)
    all_is_well(shop)


def test_the_lag_counts_from_the_end_of_a_long_wait_for_the_answer(shop: Shop, sandbox: Sandbox) -> None:
    """VK may finish an add at the very moment in which we stop waiting for it."""
    sandbox.fault("vk", "lag:35.5", "market.add", times=1)

    def times_out(call: Callable[[], Response]) -> Response:
        call()
        shop.clock.move(seconds=35)
        return Response(502, {}, b"")

    shop.on_call("/market.add", times_out)

    shop.run()

    assert shop.calls("market.add") == len(ALL)
    all_is_well(shop)


@pytest.mark.parametrize("death", [dies_before, dies_after])
def test_a_worker_that_dies_around_an_add_leaves_exactly_one_item(
    shop_everywhere: Shop, death: Callable[[Callable[[], Response]], Response]
) -> None:
    shop = shop_everywhere
    shop.on_call("/market.add", death)

    shop.run_killed()

    assert shop.run().status == RunStatus.SUCCEEDED
    all_is_well(shop)


def test_a_worker_that_dies_between_answer_and_record(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services.engine.changes import adding

    def dies(*_: object) -> NoReturn:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(adding, "_link", dies)
        shop.run_killed()

    assert shop.run().status == RunStatus.SUCCEEDED
    all_is_well(shop)


def test_nothing_is_done_twice_while_the_dead_worker_still_holds_the_lease(shop: Shop) -> None:
    shop.on_call("/market.add", dies_after)
    with pytest.raises(Killed):
        shop.run()

    assert shop.run().status == "already_running"


def test_a_lost_add_of_a_product_that_left_the_selection_is_settled(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "market.add", times=1)
    shop.run(to_end=False)
    lost = next(product for product in ALL if product not in shop.prices())
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, lost)
    shop.clock.move(seconds=2)

    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED

    shop.forget_calls()
    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED
    assert shop.calls("market.get") == 1, "one question: nobody waits for the lost add any more"
    assert shop.calls("market.getAlbums") == 0


def test_a_lost_add_that_arrived_is_hidden_when_its_product_left_the_selection(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "lag:0.5", "market.add", times=1)
    sandbox.fault("vk", "drop_after", "market.add", times=1)
    shop.run(to_end=False)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ALL)
    shop.clock.move(seconds=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


def test_adds_that_all_get_lost_do_not_end_the_run_while_vk_answers_questions(shop: Shop, sandbox: Sandbox) -> None:
    shop.fill(6)
    sandbox.fault("vk", "drop_before", "market.add", times=5)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == len(sandbox.items()) == 9
