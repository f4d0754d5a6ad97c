"""New items go many to a request, and each of them ends as it would by itself."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest
import sqlalchemy as sa

from app.clients.http import Response, TransportError
from app.db import db
from app.models import ConnectionState, EntryOutcome, Listing, RunStatus
from app.services.owner import settings
from tests.support.batches import LOST, SPOILT, nothing_is_left
from tests.support.lost_answers import ALL, dies_after, dies_before
from tests.support.owners import switches_off
from tests.support.shop import Killed, Shop

TOO_BIG = Response(200, {}, b'{"error": {"error_code": 13, "error_msg": "Runtime error: response size is too big"}}')
ADDRESSES_FIRST = {"after": 1, "times": 1}
"""Of a fault at `execute`: it meets the request that adds, before which one asks for upload addresses."""


def outcomes(shop: Shop) -> Counter[str]:
    """Of the last run's adds."""
    return Counter(entry.outcome for entry in shop.entries() if entry.action == "add")


def each_once(shop: Shop, ids: list[str]) -> bool:
    skus = [item["sku"] for item in shop.sandbox.items(shop.club)]
    return sorted(skus) == sorted(f"ev:{name}" for name in ids)


def at_adding(shop: Shop, hook: Callable[[Callable[[], Response]], Response]) -> None:
    """The hook has the first request that adds."""
    shop.on_batches_of("market.add", hook, times=1)


def test_forty_new_items_cost_two_requests_and_their_pictures_a_save_for_five(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    ids = [*shop.fill(37), *ALL]

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.calls("market.add"), shop.calls("market.saveProductPhoto")) == (0, 0)
    assert shop.calls("execute") == 2 + 2 + 1, "addresses, adds, albums"
    assert shop.calls("market.saveProductPhotoBulk") == 8
    assert each_once(shop, ids)
    assert outcomes(shop) == {EntryOutcome.DONE: 40}
    assert (shop.last_run().done, shop.last_run().total) == (44, 44)
    assert len({item["photo_id"] for item in shop.sandbox.items()}) == 40
    nothing_is_left(shop)


# Refusals within


def test_one_refused_one_without_its_photo_and_a_full_shop_cost_their_neighbours_nothing(
    shop_everywhere: Shop,
) -> None:
    shop = shop_everywhere
    ids = [*shop.fill(22), *ALL]
    shop.sandbox.fault("vk", "error:100", "market.add", after=4, times=1, suffix="name is too strange")
    shop.sandbox.fault("vk", "error:100", "market.add", after=5, times=1, suffix="photo not found or already assigned")
    shop.sandbox.fault("vk", "error:1405", "market.add", after=20)

    assert shop.run().status == RunStatus.SUCCEEDED

    failed = {entry.error_code for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED}
    assert failed == {"vk_100", "vk_1405"}
    assert outcomes(shop)[EntryOutcome.FAILED] == 2, "a full shop is told once"
    assert len(shop.sandbox.items()) == outcomes(shop)[EntryOutcome.DONE]
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    shop.run()
    assert each_once(shop, ids)


@pytest.mark.parametrize("code", [6, 8])
def test_what_may_pass_is_made_once_more_by_itself(shop: Shop, code: int) -> None:
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", f"error:{code}", "market.add", after=3, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == 1
    assert outcomes(shop) == {EntryOutcome.DONE: 15}
    assert each_once(shop, ids)


@pytest.mark.parametrize("kind", ["error_after:1", "error_after:10", "error_after:32", "error:10"])
def test_one_of_which_nobody_knows_is_looked_up_and_never_made_twice(shop_everywhere: Shop, kind: str) -> None:
    shop = shop_everywhere
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", kind, "market.add", after=3, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert each_once(shop, ids)
    nothing_is_left(shop)


def test_a_category_that_is_gone_is_replaced_for_all(shop: Shop) -> None:
    ids = [*shop.fill(30), *ALL]
    settings.change(shop.owner, category_id=20055)
    db.session.commit()
    shop.sandbox.control("vk/settings", removed_categories=[20055])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert each_once(shop, ids)
    assert {item["category_id"] for item in shop.sandbox.items()} == {1}
    assert {entry.error_code for entry in shop.entries() if entry.action == "add"} == {"vk_category"}
    nothing_is_left(shop)


def test_an_answer_that_is_no_id_is_looked_up(shop: Shop) -> None:
    def odd(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, b'{"response": [{"market_item_id": "x"}, 1, {}]}')

    at_adding(shop, odd)

    shop.run()

    assert each_once(shop, list(ALL))


# Answers that are lost


@pytest.mark.parametrize("kind", [*LOST, *SPOILT])
def test_a_lost_answer_is_looked_up_for_all_of_them_at_once(shop_everywhere: Shop, kind: str) -> None:
    shop = shop_everywhere
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", kind, "execute", **ADDRESSES_FIRST)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert outcomes(shop) == {EntryOutcome.DONE: 15}
    assert shop.calls("market.get") == 1 + 1 + 1, "the market, whether links are lost, the newest page"
    assert (shop.calls("market.add"), each_once(shop, ids)) == (0, True)
    nothing_is_left(shop)


@pytest.mark.parametrize("kind", ["drop_before", "http_502", "half"])
def test_what_was_not_made_is_added_after_the_read_lag_by_the_same_run(shop_everywhere: Shop, kind: str) -> None:
    shop = shop_everywhere
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", kind, "execute", **ADDRESSES_FIRST)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert each_once(shop, ids)
    assert any(0 < pause <= 1 for pause in shop.clock.slept)
    nothing_is_left(shop)


def test_items_that_lists_do_not_show_yet_are_found_later(shop: Shop) -> None:
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", "lag:0.5", "market.add", times=15)
    shop.sandbox.fault("vk", "drop_after", "execute", **ADDRESSES_FIRST)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert each_once(shop, ids)


def test_one_lost_answer_does_not_make_all_that_follow_single(shop: Shop) -> None:
    shop.fill(60)
    shop.sandbox.fault("vk", "drop_after", "execute", after=2, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == 0


@pytest.mark.parametrize("death", [dies_before, dies_after])
def test_a_worker_that_dies_around_the_request_leaves_each_item_once(
    shop_everywhere: Shop, death: Callable[[Callable[[], Response]], Response]
) -> None:
    shop = shop_everywhere
    ids = [*shop.fill(12), *ALL]
    at_adding(shop, death)
    shop.run_killed()
    shop.stop_hooks()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert each_once(shop, ids)
    nothing_is_left(shop)


def test_a_worker_that_dies_in_the_middle_of_the_request_leaves_each_item_once(shop: Shop) -> None:
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", "half", "execute", **ADDRESSES_FIRST)

    def dies(call: Callable[[], Response]) -> Response:
        with suppress(TransportError):
            call()
        raise Killed

    at_adding(shop, dies)
    shop.run_killed()
    shop.stop_hooks()

    shop.run()

    assert each_once(shop, ids)


def test_pictures_that_were_saved_before_a_worker_died_are_not_sent_up_again(shop: Shop) -> None:
    shop.fill(12)
    at_adding(shop, dies_before)
    shop.run_killed()
    shop.stop_hooks()
    shop.forget_calls()

    shop.run()

    assert shop.calls("market.saveProductPhotoBulk") == 0


def test_what_an_error_unknown_to_us_says_of_all_is_looked_up(shop: Shop) -> None:
    ids = [*shop.fill(7), *ALL]

    def strange(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, b'{"error": {"error_code": 777, "error_msg": "?"}}')

    at_adding(shop, strange)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert each_once(shop, ids)


@pytest.mark.parametrize("answer", [Response(502, {}, b""), TOO_BIG])
def test_what_comes_to_nothing_together_goes_alone_in_the_next_of_short_runs(shop: Shop, answer: Response) -> None:
    ids = [*shop.fill(7), *ALL]
    shop.on_batches_of("market.add", lambda _call: answer)

    for _ in range(2):
        shop.run(to_end=False)
        shop.clock.move(hours=2)

    assert each_once(shop, ids)


def test_what_vk_made_is_recorded_before_a_lost_one_is_asked_for(shop: Shop) -> None:
    shop.fill(12)
    shop.sandbox.fault("vk", "error_after:10", "market.add", after=3, times=1)

    def stop(call: Callable[[], Response]) -> Response:
        answer = call()
        switches_off()
        return answer

    at_adding(shop, stop)

    assert shop.run().status == RunStatus.STOPPED

    assert outcomes(shop)[EntryOutcome.DONE] >= 14
    assert sum(row.vk_item_id is not None for row in db.session.scalars(sa.select(Listing))) >= 14


# What ends a run


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        (5, RunStatus.STOPPED, ConnectionState.TOKEN_REJECTED),
        (205, RunStatus.STOPPED, ConnectionState.FORBIDDEN),
        (1438, RunStatus.STOPPED, ConnectionState.SHOP_CLOSED),
        (14, RunStatus.STOPPED, ConnectionState.NEEDS_OWNER),
        (9, RunStatus.CONTINUED, ConnectionState.OK),
        (29, RunStatus.CONTINUED, ConnectionState.OK),
        (2, RunStatus.FAILED, ConnectionState.OK),
    ],
)
def test_what_ends_a_run_ends_it_within_a_batch_and_what_was_added_before_is_recorded(
    shop: Shop, code: int, status: RunStatus, state: ConnectionState
) -> None:
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", f"error:{code}", "market.add", after=10)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (status, f"vk_{code}")
    assert (outcomes(shop), len(shop.sandbox.items())) == ({EntryOutcome.DONE: 10}, 10)
    connection = shop.owner.vk
    assert connection is not None
    assert connection.state == state
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert each_once(shop, ids)
    assert outcomes(shop) == {EntryOutcome.DONE: 5}, "the ten are not made again"


@pytest.mark.parametrize("code", [5, 6, 9, 14])
def test_a_request_that_vk_refuses_as_a_whole_left_nothing_behind(shop: Shop, code: int) -> None:
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", f"error:{code}", "execute", after=1)

    assert shop.run().status in (RunStatus.STOPPED, RunStatus.CONTINUED)

    assert shop.sandbox.items() == []
    assert not [row for row in db.session.scalars(sa.select(Listing)) if row.is_lost]
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert each_once(shop, ids)


@pytest.mark.parametrize("code", [3, 7, 12, 15])
def test_where_vk_takes_no_batches_items_are_added_one_by_one_and_it_is_remembered(shop: Shop, code: int) -> None:
    ids = [*shop.fill(12), *ALL]
    shop.sandbox.fault("vk", f"error:{code}", "execute")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.calls("market.add"), shop.calls("execute")) == (15, 1)
    assert shop.calls("market.saveProductPhotoBulk") == 3, "pictures go together still"
    assert each_once(shop, ids)
    connection = shop.owner.vk
    assert connection is not None
    assert "execute" in connection.resting


def test_a_stop_is_heard_between_two_requests(shop: Shop) -> None:
    shop.fill(60)
    at_adding(shop, lambda call: call())

    def asked(call: Callable[[], Response]) -> Response:
        answer = call()
        switches_off()
        return answer

    shop.on_call("/market.saveProductPhotoBulk", asked)

    assert shop.run().status == RunStatus.STOPPED

    assert shop.sandbox.items() == []


def test_a_token_after_a_captcha_adds_one_by_one(shop: Shop) -> None:
    shop.fill(3)
    shop.sandbox.fault("vk", "captcha", "market.add")
    assert shop.run().status == RunStatus.STOPPED
    shop.sandbox.clear_faults()
    shop.clock.move(hours=2)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.calls("market.add"), shop.calls("execute"), shop.calls("market.saveProductPhotoBulk")) == (6, 0, 0)
