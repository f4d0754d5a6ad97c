"""Edits, hides, shows and deletions go many to a request, and each of them ends as it would by itself."""

from collections import Counter
from collections.abc import Callable

import pytest

from app.clients.http import Response
from app.db import db
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus, SyncRun, User
from app.services.owner import orders
from tests.support.batches import all_cost, nothing_is_left, outcomes, repriced, requests, stocked
from tests.support.owners import hide_all
from tests.support.sandbox import CLUB
from tests.support.shop import Shop
from tests.support.statements import counted_statements

# What it costs


def test_a_price_list_of_sixty_costs_three_requests(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    ids = repriced(shop, 60)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert requests(shop) == {"vk.execute": 3}
    assert all_cost(shop, "101.00", ids)
    entries = shop.entries()
    assert {entry.product_id for entry in entries} == set(ids)
    assert {(entry.action, entry.outcome, entry.after["price"]) for entry in entries} == {("edit", "done", "101.00")}
    assert (shop.last_run().done, shop.last_run().total) == (60, 60)
    nothing_is_left(shop)


def test_what_one_answer_settles_is_written_by_few_statements(shop: Shop) -> None:
    repriced(shop, 60)
    with counted_statements() as statements:
        shop.run()

    counted = Counter(" ".join(statement.split()[:3]) for statement in statements)
    assert counted["INSERT INTO sync_run_entries"] == 3
    assert counted["UPDATE listings SET"] == 6, "what is meant, before VK is asked; and what it took"


def test_hiding_everything_and_showing_it_again_costs_three_requests_each(shop: Shop) -> None:
    ids = stocked(shop, 60)
    hide_all(shop)
    shop.run()
    assert (requests(shop)["vk.execute"], shop.calls("market.edit"), shop.prices()) == (3, 0, {})

    hiding = db.session.get_one(SyncRun, shop.last_run().id)
    orders.undo(db.session.get_one(User, shop.owner_id), hiding)
    db.session.commit()
    shop.forget_calls()
    shop.run()

    assert (requests(shop)["vk.execute"], shop.calls("market.edit")) == (3, 0)
    assert all_cost(shop, "100.00", ids)


def test_what_left_the_selection_is_hidden_by_one_request_and_deleted_by_one(shop: Shop) -> None:
    ids = stocked(shop, 60)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids[:20])
    shop.run()
    assert requests(shop) == {"vk.execute": 1}
    assert {shop.item(name)["hidden"] for name in ids[:20]} == {True}
    shop.clock.move(days=8)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 1}, {EntryOutcome.DONE: 20})
    assert len(shop.sandbox.items()) == 43
    shop.clock.move(seconds=2)
    nothing_is_left(shop)


def test_hides_and_edits_share_a_request(shop: Shop) -> None:
    ids = repriced(shop, 20)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids[:5])

    shop.run()

    assert requests(shop) == {"vk.execute": 1}
    assert all_cost(shop, "101.00", ids[5:])
    assert Counter(entry.action for entry in shop.entries()) == {"hide": 5, "edit": 15}


def test_a_batch_of_one_is_a_single_call(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", price=111)
    shop.forget_calls()

    shop.run()

    assert requests(shop) == {"vk.market.edit": 1}


def test_an_edit_with_a_new_picture_goes_by_itself(shop: Shop) -> None:
    ids = repriced(shop, 4)
    shop.patch(ids[0], name="Другое имя", price=100)

    shop.run()

    assert requests(shop) == {"vk.execute": 1, "vk.market.edit": 1}
    nothing_is_left(shop)


# Refusals within


def test_one_refused_and_one_gone_cost_their_neighbours_nothing(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    ids = repriced(shop, 25)
    gone = ids[14]
    shop.sandbox.control("vk/items", club=CLUB, delete=[shop.item(gone)["id"]])
    shop.sandbox.fault("vk", "error:100", "market.edit", after=12, times=1, suffix="name is too strange")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 1}, {EntryOutcome.DONE: 23, EntryOutcome.FAILED: 2})
    failed = {entry.error_code: entry.product_id for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED}
    assert failed == {"vk_100": ids[12], "vk_1403": gone}
    assert all_cost(shop, "101.00", [name for name in ids if name not in failed.values()])
    assert shop.item(ids[12])["price"] == "100.00"
    listing = shop.listing(gone)
    assert listing is not None
    assert listing.state == LinkState.GONE
    nothing_is_left(shop)


def test_what_vk_has_already_is_a_success(shop: Shop) -> None:
    ids = repriced(shop, 5)
    shop.sandbox.control("vk/items", club=CLUB, edit=[{"id": shop.item(ids[2])["id"], "price": 101}])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 1}, {EntryOutcome.DONE: 5})


def test_items_gone_already_count_as_deleted(shop: Shop) -> None:
    ids = stocked(shop, 12)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids[:5])
    shop.run()
    shop.clock.move(days=8)
    shop.sandbox.fault("vk", "error:1403", "market.delete", times=2)
    shop.forget_calls()

    shop.run()

    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 1}, {EntryOutcome.DONE: 5})


@pytest.mark.parametrize("code", [1, 6, 10, 32])
def test_what_may_pass_is_made_once_more_by_itself(shop: Shop, code: int) -> None:
    ids = repriced(shop, 25)
    shop.sandbox.fault("vk", f"error:{code}", "market.edit", after=3, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (requests(shop), outcomes(shop)) == (
        {"vk.execute": 1, "vk.market.edit": 1},
        {EntryOutcome.DONE: 25},
    )
    assert all_cost(shop, "101.00", ids)


def test_a_shop_that_keeps_no_stock_any_more_gets_single_calls_once(extended_shop: Shop) -> None:
    shop = extended_shop
    ids = stocked(shop, 30)
    shop.patch_all(ids, quantity=7)
    shop.sandbox.fault("vk", "error:1409", "market.edit", times=25)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert outcomes(shop) == {EntryOutcome.DONE: 30}
    nothing_is_left(shop)


@pytest.mark.parametrize("answer", ["0", '"0"'])
def test_an_edit_that_vk_answers_with_zero_is_refused(shop: Shop, answer: str) -> None:
    repriced(shop, 3)
    shop.on_call("/execute", lambda _call: Response(200, {}, f'{{"response": [1, {answer}, 1]}}'.encode()))

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [entry.outcome for entry in shop.entries()] == ["done", "failed", "done"]


@pytest.mark.parametrize("answer", ["null", "[]", '""', "2", '{"ok": 1}'])
def test_an_answer_that_says_neither_yes_nor_no_is_asked_for_by_itself(shop: Shop, answer: str) -> None:
    ids = repriced(shop, 3)

    def odd(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, f'{{"response": [1, {answer}, 1]}}'.encode())

    shop.on_call("/execute", odd)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.calls("market.edit"), outcomes(shop)) == (1, {EntryOutcome.DONE: 3})
    assert all_cost(shop, "101.00", ids)
