"""What the owner orders in one piece: hide everything, take a run's hides back, stop."""

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, RunTrigger, SyncRun, User
from app.services import connections, orders, runs, sync_settings
from app.services.errors import NotReady
from app.tasks.sync import run_due
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


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
    sync_settings.toggle(shop.owner, enabled)
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
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


def test_an_order_does_not_wait_for_evotor(shop: Shop) -> None:
    shop.run()
    connections.disconnect_evotor(shop.owner)
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
    connections.disconnect_vk(shop.owner)
    db.session.commit()

    assert shop.run().status == "not_active"
    assert list(run_due()) == []
    assert shop.prices() == ALL


def test_there_has_to_be_something_to_hide(shop: Shop) -> None:
    with pytest.raises(NotReady) as refusal:
        orders.hide_all(shop.owner)

    assert refusal.value.code == "nothing_to_hide"
    assert sync_settings.config_of(shop.owner).is_enabled


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
    runs.cancel(shop.owner_id)
    db.session.commit()

    run = shop.last_run()
    assert (run.status, run.error_code) == (RunStatus.STOPPED, "cancelled")
