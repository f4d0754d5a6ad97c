"""Edits, hides, shows and deletions go many to a request, and each of them ends as it would by itself."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app.clients.http import Response
from app.db import db
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import ConnectionState, EntryOutcome, RunStatus, SyncConfig, SyncRun, User, VkConnection
from app.services.owner import orders
from tests.support.lost_answers import dies_after, dies_before
from tests.support.owners import hide_all
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Killed, Shop

WRITING = ("vk.execute", "vk.market.edit", "vk.market.delete")
SPOILT = ["not_a_list", "one_fewer", "one_error_more"]
CUT = ["truncated", "garbage_after"]


def stocked(shop: Shop, count: int) -> list[str]:
    """Goods N000, N001, … that stand in VK, at 100 roubles; P1 to P3 besides."""
    ids = shop.fill(count)
    assert shop.run().status == RunStatus.SUCCEEDED
    shop.forget_calls()
    return ids


def repriced(shop: Shop, count: int) -> list[str]:
    """The same, and at the register they cost 101 by now."""
    ids = stocked(shop, count)
    shop.patch_all(ids, price=101)
    return ids


def requests(shop: Shop) -> dict[str, int]:
    """What changes cost."""
    return {name: times for name, times in shop.sandbox.dump()["calls"].items() if name in WRITING}


def outcomes(shop: Shop) -> Counter[str]:
    return Counter(entry.outcome for entry in shop.entries())


def all_cost(shop: Shop, price: str, ids: list[str]) -> bool:
    return {shop.prices().get(name) for name in ids} == {price}


def nothing_is_left(shop: Shop) -> None:
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0


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


# What ends a run


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        (5, RunStatus.STOPPED, ConnectionState.TOKEN_REJECTED),
        (205, RunStatus.STOPPED, ConnectionState.FORBIDDEN),
        (1438, RunStatus.STOPPED, ConnectionState.SHOP_CLOSED),
        (14, RunStatus.STOPPED, ConnectionState.NEEDS_OWNER),
        (15, RunStatus.STOPPED, ConnectionState.FORBIDDEN),
        (17, RunStatus.STOPPED, ConnectionState.NEEDS_OWNER),
        (9, RunStatus.CONTINUED, ConnectionState.OK),
        (43, RunStatus.CONTINUED, ConnectionState.OK),
        (2, RunStatus.FAILED, ConnectionState.OK),
    ],
)
def test_what_ends_a_run_ends_it_within_a_batch_and_what_was_made_before_is_recorded(
    shop: Shop, code: int, status: RunStatus, state: ConnectionState
) -> None:
    ids = repriced(shop, 40)
    shop.sandbox.fault("vk", f"error:{code}", "market.edit", after=10)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (status, f"vk_{code}")
    assert outcomes(shop) == {EntryOutcome.DONE: 10}
    assert requests(shop).get("vk.market.edit", 0) == (1 if code in (14, 15, 17) else 0), "it says more"
    connection = shop.owner.vk
    assert connection is not None
    assert connection.state == state
    assert bool(connection.way_out) == (code in (14, 17))
    assert "execute" not in connection.resting
    shop.sandbox.clear_faults()
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert all_cost(shop, "101.00", ids)
    assert outcomes(shop) == {EntryOutcome.DONE: 30}, "the ten are not made again"


def test_an_application_that_vk_denies_access_is_our_fault_in_a_batch_as_well(shop: Shop) -> None:
    repriced(shop, 3)
    denied = {"method": "market.edit", "error_code": 15, "error_msg": "Access denied"}
    alone = {"error": {**denied, "error_subcode": 1133}}
    within = {"response": [False] * 3, "execute_errors": [denied] * 3}
    shop.on_call("/execute", lambda _call: Response(200, {}, json.dumps(within).encode()))
    shop.on_call("/market.edit", lambda _call: Response(200, {}, json.dumps(alone).encode()))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "vk_15")
    connection = shop.owner.vk
    assert connection is not None
    assert connection.state == ConnectionState.OK, "the owner can do nothing"


def test_a_quota_used_up_in_the_middle_leaves_the_rest_for_the_next_day(shop: Shop) -> None:
    ids = repriced(shop, 40)
    shop.sandbox.fault("vk", "error:29", "market.edit", after=10)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_29")
    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 1}, {EntryOutcome.DONE: 10})
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert all_cost(shop, "101.00", ids)


def test_after_a_captcha_changes_go_one_by_one_at_their_slow_pace(shop: Shop) -> None:
    ids = repriced(shop, 12)
    shop.sandbox.fault("vk", "captcha", "market.edit")
    assert shop.run().status == RunStatus.STOPPED
    shop.sandbox.clear_faults()
    shop.clock.move(hours=2)
    shop.forget_calls()
    began = shop.clock.utcnow()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert requests(shop) == {"vk.market.edit": 12}
    assert shop.clock.utcnow() - began >= timedelta(seconds=33), "one in three seconds"
    assert all_cost(shop, "101.00", ids)
    connection = shop.owner.vk
    assert connection is not None
    assert connection.resting == {}
    shop.patch_all(ids, price=102)
    shop.forget_calls()
    shop.run()
    assert requests(shop) == {"vk.execute": 1}, "the captcha is passed"


def test_five_strange_refusals_in_a_row_end_the_run(shop: Shop) -> None:
    repriced(shop, 60)
    shop.sandbox.fault("vk", "error:7777", "market.edit")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "vk_strange_errors")
    assert requests(shop) == {"vk.execute": 1}


# Batches that VK does not take, or that nobody hears of


@pytest.mark.parametrize("kind", ["error:12", "error:13", "error:3", "no_right", "rate_limit", *SPOILT, *CUT])
def test_what_is_no_answer_to_a_batch_is_made_by_single_calls_and_batches_rest_for_a_day(shop: Shop, kind: str) -> None:
    ids = repriced(shop, 27)
    shop.sandbox.fault("vk", kind, "execute")

    assert shop.run().status == RunStatus.SUCCEEDED

    sent = 2 if kind in CUT else 1
    assert (requests(shop), outcomes(shop)) == ({"vk.execute": sent, "vk.market.edit": 27}, {EntryOutcome.DONE: 27})
    assert all_cost(shop, "101.00", ids)
    connection = shop.owner.vk
    assert connection is not None
    assert connection.state == ConnectionState.OK
    assert connection.resting.keys() == {"execute"}
    nothing_is_left(shop)
    shop.sandbox.clear_faults()
    shop.patch_all(ids[:2], price=102)
    shop.clock.move(hours=23)
    shop.forget_calls()
    shop.run()
    assert requests(shop) == {"vk.market.edit": 2}
    shop.patch_all(ids[:2], price=103)
    shop.clock.move(hours=2)
    shop.forget_calls()
    shop.run()
    assert requests(shop) == {"vk.execute": 1}, "it is tried again"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (9, RunStatus.CONTINUED),
        (43, RunStatus.CONTINUED),
        (14, RunStatus.STOPPED),
        (17, RunStatus.STOPPED),
    ],
)
def test_what_ends_a_run_at_each_batch_does_not_end_the_next_run(shop: Shop, code: int, status: RunStatus) -> None:
    ids = repriced(shop, 10)
    shop.sandbox.fault("vk", f"error:{code}", "execute")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (status, f"vk_{code}")
    connection = shop.owner.vk
    assert connection is not None
    assert connection.resting.keys() == {"execute"}
    shop.clock.move(hours=7)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert requests(shop) == {"vk.execute": 1, "vk.market.edit": 10}
    assert all_cost(shop, "101.00", ids)


def test_that_vk_takes_no_batches_is_logged_once(shop: Shop) -> None:
    repriced(shop, 60)
    shop.sandbox.fault("vk", "error:12", "execute")

    with capture_logs() as lines:
        shop.run()

    refused = [(line["method"], line["user_id"]) for line in lines if line["event"] == "method_refused"]
    assert refused == [("execute", shop.owner_id)]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "http_502", "http_500_after"])
def test_silence_is_heard_once_more_and_then_made_by_single_calls_for_this_run(shop: Shop, kind: str) -> None:
    ids = repriced(shop, 27)
    shop.sandbox.fault("vk", kind, "execute", times=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (requests(shop), outcomes(shop)) == ({"vk.execute": 2, "vk.market.edit": 27}, {EntryOutcome.DONE: 27})
    assert all_cost(shop, "101.00", ids)
    connection = shop.owner.vk
    assert connection is not None
    assert connection.resting == {}
    nothing_is_left(shop)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage_after"])
@pytest.mark.parametrize("method", ["market.edit", "market.delete"])
def test_an_answer_lost_after_vk_did_some_of_it(shop_everywhere: Shop, method: str, kind: str) -> None:
    shop = shop_everywhere
    ids = stocked(shop, 20)
    if method == "market.delete":
        shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids[:5])
        shop.run()
        shop.clock.move(days=8)
    else:
        shop.patch_all(ids[:5], price=101)
    shop.sandbox.fault("vk", kind, method, after=2, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert outcomes(shop) == {EntryOutcome.DONE: 5}
    assert len(shop.sandbox.items()) == (18 if method == "market.delete" else 23)
    shop.clock.move(seconds=2)
    nothing_is_left(shop)


def test_a_vk_that_answers_nothing_any_more_ends_the_run_with_a_pause(shop: Shop) -> None:
    ids = repriced(shop, 40)
    shop.sandbox.fault("vk", "drop_after", "execute")
    shop.sandbox.fault("vk", "drop_before", "market.edit", after=50)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_unreachable")
    assert outcomes(shop) == {EntryOutcome.UNKNOWN: 3}
    shop.sandbox.clear_faults()
    shop.patch_all(ids, price=100)
    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert all_cost(shop, "100.00", ids), "what was in flight counts as unknown"
    nothing_is_left(shop)


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
