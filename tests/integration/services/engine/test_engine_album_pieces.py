"""Many items of an album go in one call, and what comes of each is as if it had gone alone."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.clients.http import Response, TransportError
from app.db import db
from app.domain.planning.changes import Action, LinkState
from app.models import EntryOutcome, Listing, RunStatus, SyncConfig, SyncRun
from app.services.engine.changes import applying
from tests.support.lost_answers import dies_after, dies_before
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop

PUT = "market.addToAlbum"


def stock_up(shop: Shop, tea: int = 0, honey: int = 0) -> tuple[list[str], list[str]]:
    """So many products of each group, P1 and P2 among them."""
    ids = shop.fill(tea + honey - 2, parent_id="G1")
    first, second = ids[: tea - 1], ids[tea - 1 :]
    shop.patch_all(second, parent_id="G2")
    return sorted([*first, "P1"]), sorted([*second, "P2"])


def outcomes(shop: Shop) -> dict[str, list[str]]:
    """Of the puts of the last run: the products by what the owner reads."""
    told: dict[str, list[str]] = {}
    for entry in shop.entries():
        if entry.action == Action.ALBUM_PUT:
            told.setdefault(entry.error_code or entry.outcome, []).append(entry.product_id or "")
    return {code: sorted(products) for code, products in told.items()}


def nothing_is_left_to_do(shop: Shop) -> bool:
    shop.forget_calls()
    return shop.run().status == RunStatus.SUCCEEDED and shop.writes() == 0


def delete_by_hand(shop: Shop, product_id: str) -> Callable[[], None]:
    return lambda: shop.sandbox.control("vk/items", club=shop.club, delete=[shop.item(product_id)["id"]])


def after_deletion_by_hand(shop: Shop, product_id: str) -> Callable[[Callable[[], Response]], Response]:
    def hook(call: Callable[[], Response]) -> Response:
        delete_by_hand(shop, product_id)()
        return call()

    return hook


def test_thirty_new_items_of_two_albums_cost_two_calls(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    tea, honey = stock_up(shop, tea=15, honey=15)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls(PUT) == 2
    assert shop.albums() == {"Чай": tea, "Мёд": honey}
    assert outcomes(shop) == {EntryOutcome.DONE: sorted(tea + honey)}
    assert shop.last_run().done == shop.last_run().total == len(shop.entries())
    assert nothing_is_left_to_do(shop)


def test_items_that_change_their_group_move_together(shop: Shop) -> None:
    tea, honey = stock_up(shop, tea=6, honey=2)
    shop.run()
    shop.forget_calls()
    shop.patch_all(tea[:5], parent_id="G2")

    shop.run()

    assert (shop.calls("execute"), shop.calls("market.removeFromAlbum"), shop.calls(PUT)) == (1, 0, 1)
    assert shop.albums() == {"Чай": tea[5:], "Мёд": sorted(honey + tea[:5])}


@pytest.mark.parametrize("moved", [1, 5])
def test_what_vk_does_not_take_out_of_an_album_today_leaves_it_another_day(shop: Shop, moved: int) -> None:
    tea, honey = stock_up(shop, tea=6, honey=2)
    shop.run()
    shop.patch_all(tea[:moved], parent_id="G2")
    shop.sandbox.fault("vk", "rate_limit", "market.removeFromAlbum")
    shop.run()
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)

    shop.run()

    assert shop.albums() == {"Чай": tea[moved:], "Мёд": sorted(honey + tea[:moved])}


def test_a_piece_is_no_larger_than_vk_takes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "MOST_IDS_A_CALL", 3)
    tea, honey = stock_up(shop, tea=7, honey=2)

    shop.run()

    assert shop.calls(PUT) == 4
    assert shop.albums() == {"Чай": tea, "Мёд": honey}


def test_what_is_intended_is_recorded_before_the_call(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    _, honey = stock_up(shop, tea=1, honey=5)
    intended: list[str] = []

    def look(call: Callable[[], Response]) -> Response:
        query = sa.select(Listing.product_id).where(Listing.album_intent == "Мёд")
        with db.engine.connect() as elsewhere:
            intended.extend(elsewhere.scalars(query.order_by(Listing.product_id)))
        return call()

    shop.on_call(f"/{PUT}", look)
    shop.run()

    assert intended == honey


def test_an_item_that_was_not_made_does_not_keep_the_others_waiting(shop: Shop, sandbox: Sandbox) -> None:
    tea, _ = stock_up(shop, tea=5, honey=1)
    sandbox.fault("vk", "error:100", "market.add", times=1)

    shop.run()

    assert shop.calls(PUT) == 2
    assert len(shop.albums()["Чай"] + shop.albums()["Мёд"]) == len(tea)


# One of them is refused


def test_an_item_that_is_gone_costs_its_neighbours_nothing(shop: Shop) -> None:
    tea, honey = stock_up(shop, tea=10, honey=4)
    shop.on_call(f"/{PUT}", after_deletion_by_hand(shop, "N003"))

    assert shop.run().status == RunStatus.SUCCEEDED

    others = [product for product in tea if product != "N003"]
    assert shop.albums() == {"Чай": others, "Мёд": honey}
    assert outcomes(shop) == {"vk_1403": ["N003"], EntryOutcome.DONE: sorted(others + honey)}
    assert shop.calls(PUT) == 1 + 10 + 1, "the other album's go together still"
    gone = shop.listing("N003")
    assert gone is not None
    assert gone.state == LinkState.GONE
    assert nothing_is_left_to_do(shop)


def test_an_item_that_stands_there_already_is_no_yes_to_the_others(shop: Shop, sandbox: Sandbox) -> None:
    tea, honey = stock_up(shop, tea=6, honey=1)
    shop.run()
    more = ["T1", "T2", "T3"]
    for product_id in more:
        shop.put(product_id, parent_id="G1")
    shop.on_call(f"/{PUT}", dies_after)
    shop.run_killed()
    shop.put("T4", parent_id="G1")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай": sorted([*tea, *more, "T4"]), "Мёд": honey}
    assert outcomes(shop) == {EntryOutcome.DONE: [*more, "T4"]}


def test_an_album_with_room_for_some_takes_these(shop: Shop, sandbox: Sandbox) -> None:
    tea, honey = stock_up(shop, tea=5, honey=3)
    sandbox.control("limits", album_items=3)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.albums()["Чай"]) == 3
    assert shop.albums()["Мёд"] == honey
    assert {code: len(told) for code, told in outcomes(shop).items()} == {EntryOutcome.DONE: 6, "vk_1406": 2}
    assert len(shop.prices()) == len(tea) + len(honey) + 1
    shop.run()
    assert len(shop.albums()["Чай"]) == 3
    assert nothing_is_left_to_do(shop)


def test_an_album_that_is_gone_is_made_again_for_all(shop: Shop, sandbox: Sandbox) -> None:
    tea, honey = stock_up(shop, tea=2, honey=1)
    shop.run()
    (album,) = [one["id"] for one in sandbox.dump()["vk"]["clubs"][str(shop.club)]["albums"] if one["title"] == "Чай"]
    sandbox.control("vk/albums", club=shop.club, delete=[album])
    for product_id in ("T1", "T2", "T3"):
        shop.put(product_id, parent_id="G1")

    shop.run()
    assert {code: len(told) for code, told in outcomes(shop).items()} == {"vk_1402": 1}
    shop.run()

    assert shop.albums() == {"Чай": sorted([*tea, "T1", "T2", "T3"]), "Мёд": honey}
    assert nothing_is_left_to_do(shop)


# Answers that are lost


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncated", "error_after:10", "half"])
def test_a_lost_answer_comes_right_at_once(shop: Shop, sandbox: Sandbox, fault: str) -> None:
    tea, honey = stock_up(shop, tea=6, honey=4)
    sandbox.fault("vk", fault, PUT, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай": tea, "Мёд": honey}
    assert outcomes(shop) == {EntryOutcome.DONE: sorted(tea + honey)}
    assert nothing_is_left_to_do(shop)


@pytest.mark.parametrize("hook", [dies_before, dies_after])
def test_a_worker_that_dies_at_a_piece_leaves_it_to_the_next(
    shop_everywhere: Shop, hook: Callable[[Callable[[], Response]], Response]
) -> None:
    shop = shop_everywhere
    tea, honey = stock_up(shop, tea=6, honey=4)
    shop.on_call(f"/{PUT}", hook)
    shop.run_killed()
    assert outcomes(shop) == {}

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай": tea, "Мёд": honey}
    assert outcomes(shop) == {EntryOutcome.DONE: sorted(tea + honey)}
    assert nothing_is_left_to_do(shop)


def test_what_never_gets_an_answer_is_not_recorded_as_done(shop: Shop, sandbox: Sandbox) -> None:
    tea, honey = stock_up(shop, tea=6, honey=4)
    sandbox.fault("vk", "drop_before", PUT)

    assert shop.run().status == RunStatus.CONTINUED

    assert {code: len(told) for code, told in outcomes(shop).items()} == {"vk_unreachable": 3}
    sandbox.clear_faults()
    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.albums() == {"Чай": tea, "Мёд": honey}
    assert nothing_is_left_to_do(shop)


# What VK has against the form


@pytest.mark.parametrize("code", [100, 103, 12, 424242])
def test_a_form_that_vk_refuses_is_given_up_for_this_run(shop: Shop, sandbox: Sandbox, code: int) -> None:
    tea, honey = stock_up(shop, tea=4, honey=3)
    sandbox.fault("vk", f"error:{code}", PUT, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls(PUT) == 1 + 4 + 3
    assert shop.albums() == {"Чай": tea, "Мёд": honey}
    assert outcomes(shop) == {EntryOutcome.DONE: sorted(tea + honey)}


def test_a_piece_that_vk_never_answers_is_no_reason_to_try_the_next_so(shop: Shop) -> None:
    tea, honey = stock_up(shop, tea=4, honey=3)

    def too_much(_call: Callable[[], Response]) -> Any:
        raise TransportError("time is up", sent=True)

    shop.on_call(f"/{PUT}", too_much, times=5)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls(PUT) == 4 + 3
    assert shop.albums() == {"Чай": tea, "Мёд": honey}


# What ends a run


@pytest.mark.parametrize("code", [5, 14, 205, 9, 43])
def test_what_ends_a_run_ends_it_between_two_albums(shop: Shop, sandbox: Sandbox, code: int) -> None:
    tea, honey = stock_up(shop, tea=5, honey=5)
    sandbox.fault("vk", f"error:{code}", PUT, after=1)

    assert shop.run().error == f"vk_{code}"

    assert shop.calls(PUT) == 2, "no hammering"
    assert outcomes(shop) == {EntryOutcome.DONE: honey}, "the albums go by their titles"
    sandbox.clear_faults()
    shop.clock.move(days=1)
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.albums() == {"Чай": tea, "Мёд": honey}
    assert shop.calls(PUT) == 1


def test_a_used_up_quota_leaves_the_rest_for_another_day(shop: Shop, sandbox: Sandbox) -> None:
    tea, honey = stock_up(shop, tea=5, honey=5)
    sandbox.fault("vk", "rate_limit", PUT, times=1)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_29")
    assert (shop.calls(PUT), outcomes(shop)) == (1, {})
    shop.clock.move(days=1, minutes=1)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.albums() == {"Чай": tea, "Мёд": honey}


@pytest.mark.parametrize(
    "statement",
    [sa.update(SyncRun).values(cancel_requested=True), sa.update(SyncConfig).values(is_enabled=False)],
    ids=["stopped", "switched off"],
)
def test_an_owner_who_stops_is_heard_before_the_next_piece(
    shop_everywhere: Shop, monkeypatch: pytest.MonkeyPatch, statement: sa.Update
) -> None:
    shop = shop_everywhere
    monkeypatch.setattr(applying, "MOST_IDS_A_CALL", 2)
    tea, honey = stock_up(shop, tea=6, honey=2)

    def stop() -> None:
        with db.engine.begin() as elsewhere:
            elsewhere.execute(statement)

    shop.after_call(f"/{PUT}", lambda: shop.after_call(f"/{PUT}", stop))

    assert shop.run().status == RunStatus.STOPPED

    first_of_tea = shop.albums()["Чай"]
    assert (len(first_of_tea), {*first_of_tea} <= {*tea}) == (2, True), "in the order in which the database names them"
    assert shop.albums()["Мёд"] == honey
    assert outcomes(shop) == {EntryOutcome.DONE: sorted(first_of_tea + honey)}


def test_a_process_that_is_to_end_does_so_after_the_piece(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "MOST_IDS_A_CALL", 2)
    tea, honey = stock_up(shop, tea=6, honey=2)

    outcome = shop.run(is_stopping=lambda: shop.calls(PUT) == 2)

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "time_slice")
    assert shop.albums() == {"Чай": tea[:2], "Мёд": honey}
    assert len(outcomes(shop)[EntryOutcome.DONE]) == 4
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.albums() == {"Чай": tea, "Мёд": honey}


def test_single_calls_in_place_of_a_piece_can_be_stopped_too(shop: Shop, sandbox: Sandbox) -> None:
    stock_up(shop, tea=1, honey=6)
    sandbox.fault("vk", "error:100", PUT, times=1)

    shop.run(is_stopping=lambda: shop.calls(PUT) == 3)

    assert len(shop.albums()["Мёд"]) == 2
    assert len(outcomes(shop)[EntryOutcome.DONE]) == 2


def test_no_answer_to_several_is_no_refusal_of_them(shop: Shop, sandbox: Sandbox) -> None:
    stock_up(shop, tea=6, honey=1)
    sandbox.fault("vk", "http_502", PUT, times=5)

    shop.run()

    connection = shop.owner.vk
    assert connection is not None
    assert connection.resting == {}
