"""What the owner orders in one piece: hide everything, take a run's hides back, stop."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, RunTrigger, SyncApproval, SyncRun, User
from app.services.connections import evotor, vk
from app.services.engine import run as engine_run
from app.services.errors import NotReady
from app.services.owner import config, orders, run_requests, shop_window, switch
from app.services.runs import claims, codes
from app.tasks.sync import run_due
from tests.support.shop import Killed, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def dies_after(call: Callable[[], Response]) -> NoReturn:
    call()
    raise Killed


def hide_all(shop: Shop) -> int:
    count = orders.hide_all(shop.owner)
    db.session.commit()
    return count


def undo(shop: Shop) -> int:
    run = shop.last_run()
    count = orders.undo(db.session.get_one(User, shop.owner_id), run)
    db.session.commit()
    return count


def toggle(shop: Shop, enabled: bool) -> None:
    switch.toggle(shop.owner, enabled)
    db.session.commit()


def test_everything_of_ours_is_hidden_and_stays_so(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    strangers = shop.sandbox.strangers()

    assert hide_all(shop) == len(ALL)
    (outcome,) = run_due()

    assert outcome.status == RunStatus.SUCCEEDED
    assert shop.last_run().trigger == RunTrigger.HIDE_ALL
    assert shop.prices() == {}
    assert len(shop.sandbox.items()) == len(ALL), "hidden, not deleted"
    assert shop.sandbox.strangers() == strangers
    shop.clock.move(days=30)
    assert list(run_due()) == [], "the synchronisation is off"


def test_switching_on_again_shows_everything_again(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    shop.run()

    toggle(shop, True)
    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED], "at once"

    assert shop.prices() == ALL


def test_an_order_does_not_wait_for_evotor(shop: Shop) -> None:
    shop.run()
    evotor.disconnect_evotor(shop.owner)
    hide_all(shop)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


def test_an_order_that_dies_half_way_goes_on(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    hide_all(shop)
    shop.sandbox.fault("vk", "error:14", "market.edit", after=1)
    assert shop.run().status == RunStatus.STOPPED
    assert len(shop.prices()) == 2
    shop.sandbox.clear_faults()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


def test_switching_on_takes_the_order_back(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    toggle(shop, True)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


def test_an_order_ends_the_run_that_is_at_work(shop: Shop) -> None:
    def order() -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE sync_configs SET is_enabled = false"))
            connection.execute(sa.text("UPDATE sync_states SET owner_order = 'hide_all'"))

    shop.after_call("/market.add", order)

    assert shop.run().status == RunStatus.STOPPED
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == {}


def test_disconnecting_takes_the_order_back(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    vk.disconnect_vk(shop.owner)
    db.session.commit()

    assert shop.run().status == "not_active"
    assert list(run_due()) == []
    assert shop.prices() == ALL


def test_there_has_to_be_something_to_hide(shop: Shop) -> None:
    with pytest.raises(NotReady) as refusal:
        orders.hide_all(shop.owner)

    assert refusal.value.code == "nothing_to_hide"
    assert config.config_of(shop.owner).is_enabled


@pytest.mark.parametrize("code", [29, 100])
def test_an_order_that_vk_refuses_goes_on_until_everything_is_hidden(shop: Shop, code: int) -> None:
    shop.run()
    hide_all(shop)
    shop.sandbox.fault("vk", f"error:{code}", "market.edit", after=1)

    assert [outcome.status for outcome in run_due()] == [RunStatus.CONTINUED]
    shop.sandbox.clear_faults()
    shop.clock.move(hours=26)
    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED]

    assert shop.prices() == {}


def test_an_item_whose_making_got_no_answer_is_hidden_too(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.put("P4", price=400)
    shop.on_call("/market.add", dies_after)
    shop.run_killed()
    hide_all(shop)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


def test_what_was_shown_by_hand_is_hidden_too(shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.sandbox.control("vk/items", club=shop.club, edit=[{"id": shop.item("P1")["id"], "hidden": False}])
    shop.clock.move(minutes=1)
    hide_all(shop)

    shop.run()

    assert shop.prices() == {}


def test_an_order_given_while_a_worker_was_starting_is_the_one_that_is_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    real = claims.claim

    def claim(*words: Any) -> SyncRun | None:
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE sync_configs SET is_enabled = false"))
            connection.execute(sa.text("UPDATE sync_states SET owner_order = 'hide_all'"))
        return real(*words)

    monkeypatch.setattr(claims, "claim", claim)

    owner = shop.owner
    monkeypatch.setattr(engine_run, "_obstacle", lambda user: db.session.commit())
    assert engine_run.run_user(owner, RunTrigger.SCHEDULE).status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


# Taking back


def test_what_the_last_run_hid_is_shown_again_and_stays_so(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    assert "P1" not in shop.prices()

    assert undo(shop) == 1
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert shop.last_run().trigger == RunTrigger.UNDO
    shop.clock.move(days=30)
    assert list(run_due()) == []


def test_the_rules_count_again_after_switching_on(shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    undo(shop)
    shop.run()

    toggle(shop, True)
    shop.run()

    assert shop.prices().keys() == {"P2", "P3"}


def test_hiding_everything_can_be_taken_back_too(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    shop.run()

    assert undo(shop) == len(ALL)
    shop.run()

    assert shop.prices() == ALL


def test_hiding_that_took_several_slices_is_taken_back_whole(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    assert shop.run_slice(1).status == RunStatus.CONTINUED
    assert shop.run().status == RunStatus.SUCCEEDED

    assert undo(shop) == len(ALL)
    shop.run()

    assert shop.prices() == ALL


def test_taking_back_an_order_leaves_alone_what_the_rules_had_hidden(shop: Shop) -> None:
    shop.fill(6)
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1", "P2")
    assert shop.run_slice(1).status == RunStatus.CONTINUED
    hidden = {"P1", "P2"} - shop.prices().keys()
    hide_all(shop)
    shop.run()

    undo(shop)
    shop.run()

    assert len(hidden) == 1
    assert len(shop.prices()) == 8
    assert not hidden & shop.prices().keys()


def test_what_is_known_to_be_shown_is_hidden_even_if_the_market_cannot_be_read(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    shop.sandbox.fault("vk", "error:29", "market.get")

    assert shop.run().status == RunStatus.CONTINUED

    assert shop.prices() == {}


def test_taking_back_ends_the_approval_too(shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    db.session.add(
        SyncApproval(user_id=shop.owner_id, fingerprint="x", changes=["hide"], expires_at=shop.clock.utcnow())
    )
    db.session.commit()

    undo(shop)

    assert db.session.query(SyncApproval).count() == 0


def test_only_the_last_run_that_changed_anything_can_be_taken_back(shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    hid = shop.last_run().id
    shop.run()  # changes nothing
    owner = shop.owner
    assert orders.undoable(owner, db.session.get_one(SyncRun, hid)) == 1
    shop.patch("P2", price=222)
    shop.run()

    owner = shop.owner
    earlier = db.session.get_one(SyncRun, hid)

    with pytest.raises(NotReady) as refusal:
        orders.undo(owner, earlier)

    assert refusal.value.code == "nothing_to_undo"


# Stopping


def test_a_run_at_work_ends_between_two_changes(shop_everywhere: Shop) -> None:
    shop = shop_everywhere

    def stop(call: object) -> Response:
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE sync_runs SET cancel_requested = true"))
        answer: Response = call()  # type: ignore[operator]  # the call itself
        return answer

    shop.on_call("/market.add", stop)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "cancelled")
    assert len(shop.prices()) == 1
    assert shop.run().status == RunStatus.SUCCEEDED, "the next one goes on"
    assert shop.prices() == ALL


def test_a_queued_run_is_stopped_at_once(shop: Shop) -> None:
    run_requests.stop_run(shop.owner)
    db.session.commit()

    run = shop.last_run()
    assert (run.status, run.error_code) == (RunStatus.STOPPED, "cancelled")
    assert list(run_due()) == [], "the next one comes as usual"
    shop.clock.move(minutes=16)
    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED]


def test_a_stopped_order_is_not_taken_up_again(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    run_requests.stop_run(shop.owner)
    db.session.commit()
    shop.clock.move(days=1)

    assert list(run_due()) == []
    assert shop.prices() == ALL


def test_a_run_that_made_way_for_an_order_was_not_stopped_by_hand(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", price=101)
    shop.after_call("market.edit", lambda: hide_all(shop))
    assert (shop.run().status, shop.last_run().error_code) == (RunStatus.STOPPED, codes.OTHER_ORDER)


@pytest.mark.parametrize(
    ("window", "is_hidden"),
    [(shop_window.ShopWindow(hidden=3), True), (shop_window.ShopWindow(hidden=3, is_uncertain=True), False)],
)
def test_buyers_see_nothing_only_where_no_add_is_without_an_answer(
    window: shop_window.ShopWindow, is_hidden: bool
) -> None:
    assert window.is_hidden is is_hidden
