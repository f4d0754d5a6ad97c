"""Showing again what a run hid."""

import pytest
from flask import Flask

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, RunTrigger, SyncApproval, SyncRun, User
from app.services.errors import NotReady
from app.services.owner import orders
from app.tasks.sync import run_due
from tests.support.owners import hide_all, toggle
from tests.support.settings import calls_go_singly
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


@pytest.fixture
def single_calls(app: Flask) -> None:
    """So that a run can end between two of three hides."""
    calls_go_singly()


def undo(shop: Shop) -> int:
    run = shop.last_run()
    count = orders.undo(db.session.get_one(User, shop.owner_id), run)
    db.session.commit()
    return count


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


@pytest.mark.usefixtures("single_calls")
def test_hiding_that_took_several_slices_is_taken_back_whole(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    assert shop.run_slice(1).status == RunStatus.CONTINUED
    assert shop.run().status == RunStatus.SUCCEEDED

    assert undo(shop) == len(ALL)
    shop.run()

    assert shop.prices() == ALL


@pytest.mark.usefixtures("single_calls")
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
