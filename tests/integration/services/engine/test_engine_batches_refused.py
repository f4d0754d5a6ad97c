"""What VK says that ends a run within a batch; batches that it does not take, or that nobody hears of."""

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.clients.http import Response
from app.domain.rules import EntityType, FilterMode
from app.models import ConnectionState, EntryOutcome, RunStatus
from tests.support.batches import SPOILT, all_cost, nothing_is_left, outcomes, repriced, requests, stocked
from tests.support.shop import Shop

CUT = ["truncated", "garbage_after"]

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
