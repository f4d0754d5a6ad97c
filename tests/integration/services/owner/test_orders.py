"""Hiding everything of ours at once."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, RunTrigger, SyncRun
from app.services.connections import evotor, vk
from app.services.engine import run as engine_run
from app.services.errors import NotReady
from app.services.owner import config, orders
from app.services.runs import claims
from app.tasks.sync import run_due
from tests.support.owners import hide_all, toggle
from tests.support.shop import Killed, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def dies_after(call: Callable[[], Response]) -> NoReturn:
    call()
    raise Killed


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


@pytest.mark.one_by_one
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
