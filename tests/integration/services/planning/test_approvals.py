"""Too much at once waits for the owner, and what an approval is worth."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clients.evotor.client import EvotorClient
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, SyncApproval, SyncRun
from app.services.catalog import refresh
from app.services.connections import vk
from app.services.owner import switch
from tests.support.approval import approve, filled
from tests.support.sandbox import EXTENDED_CLUB, VK_TOKEN
from tests.support.shop import Shop


def test_too_many_hides_wait_before_the_first_write(shop_everywhere: Shop) -> None:
    shop = filled(shop_everywhere)
    shop.patch_all(shop.fill(16), price=0)
    shop.patch("P1", price=101)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.NEEDS_APPROVAL, "needs_approval")
    assert outcome.fingerprint
    assert shop.writes() == 0
    assert len(shop.prices()) == 30


def test_an_approved_plan_is_carried_out(shop_everywhere: Shop) -> None:
    shop = filled(shop_everywhere)
    shop.patch_all(shop.fill(16), price=0)
    shop.run()

    approve(shop)

    assert shop.last_run().status == RunStatus.QUEUED
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == 14


def test_a_part_of_what_was_approved_needs_no_second_approval(shop: Shop) -> None:
    filled(shop)
    ids = shop.fill(20)
    shop.patch_all(ids, price=0)
    shop.run()
    approve(shop)
    shop.patch(ids[0], price=100)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 11


def test_one_more_than_approved_waits_again(shop: Shop) -> None:
    filled(shop)
    shop.patch_all(shop.fill(16), price=0)
    shop.run()
    approve(shop)
    shop.patch("P1", price=0)

    assert shop.run().status == RunStatus.NEEDS_APPROVAL

    assert shop.writes() == 0


def test_an_approval_holds_for_a_day(shop: Shop) -> None:
    filled(shop)
    shop.patch_all(shop.fill(16), price=0)
    shop.run()
    approve(shop)
    shop.clock.move(hours=24, minutes=1)

    assert shop.run().status == RunStatus.NEEDS_APPROVAL


def test_an_approval_from_the_future_counts_for_nothing(shop: Shop) -> None:
    """The clock was wrong when it was given: nobody knows how long it has held."""
    filled(shop)
    shop.patch_all(shop.fill(16), price=0)
    shop.run()
    approve(shop)
    shop.clock.moved -= timedelta(days=2)

    assert shop.run().status == RunStatus.NEEDS_APPROVAL


def test_what_was_hidden_with_approval_is_deleted_without_another(shop_everywhere: Shop) -> None:
    shop = filled(shop_everywhere)
    ids = shop.fill(16)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids)
    shop.run()
    approve(shop)
    shop.run()
    assert len(shop.prices()) == 14
    shop.clock.move(days=8)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.sandbox.items()) == 14


def test_what_is_left_of_an_approval_counts_as_approved_too(shop: Shop) -> None:
    """After a break so little is left that no brake holds it: its deletion needs no second approval all the same."""
    filled(shop)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *shop.fill(24))
    shop.run()
    approve(shop)
    shop.sandbox.fault("vk", "error:14", "market.edit", after=20)
    assert shop.run().status == RunStatus.STOPPED
    shop.sandbox.clear_faults()
    assert shop.run().status == RunStatus.SUCCEEDED
    shop.clock.move(days=8)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.sandbox.items()) == 6


def test_days_of_waiting_for_an_approval_are_no_days_out_of_the_window(shop: Shop) -> None:
    filled(shop)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *shop.fill(24))
    shop.run()
    shop.clock.move(days=8)
    shop.run()
    approve(shop)
    shop.run()
    shop.clock.move(days=6)

    shop.run()

    assert len(shop.sandbox.items()) == 30, "hidden, not deleted"
    shop.clock.move(days=2)
    shop.run()
    assert len(shop.sandbox.items()) == 6


def test_an_approval_ends_with_the_community(shop: Shop) -> None:
    filled(shop)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *shop.fill(24))
    shop.run()
    approve(shop)

    vk.connect_vk(shop.owner, VK_TOKEN, EXTENDED_CLUB)
    db.session.commit()

    assert db.session.query(SyncApproval).count() == 0


def test_goods_that_only_evotors_lists_lack_trouble_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(shop)
    for product_id in shop.fill(24):
        shop.drop(product_id)
    asked: list[str] = []

    def knows(_client: EvotorClient, _store_id: str, product_id: str) -> bool:
        asked.append(product_id)
        return True

    monkeypatch.setattr(EvotorClient, "product_exists", knows)

    for _ in range(3):
        assert shop.run().status == RunStatus.SUCCEEDED
        shop.clock.move(minutes=15)

    assert shop.writes() == 0
    assert len(asked) == 24, "asked once a day"
    shop.clock.move(days=1)
    shop.run()
    assert len(asked) == 48


def test_goods_that_evotor_really_lacks_are_asked_about_once_while_the_plan_waits(shop: Shop) -> None:
    filled(shop)
    for product_id in shop.fill(24):
        shop.drop(product_id)
    for _ in range(3):
        assert shop.run().status == RunStatus.NEEDS_APPROVAL

    assert shop.sandbox.dump()["calls"]["evotor.product"] == 24
    approve(shop)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == 6


def test_the_first_run_is_free_and_the_second_is_not(shop: Shop) -> None:
    shop.fill(60)
    refresh.refresh(shop.owner)
    shop.rule(EntityType.PRODUCT, FilterMode.INCLUDE, "P1", "P2")
    switch.confirm(shop.owner)
    db.session.commit()
    shop.sandbox.fault("vk", "error:9", "market.add", after=1)
    assert shop.run().status == RunStatus.CONTINUED
    shop.sandbox.clear_faults()
    shop.rule(EntityType.PRODUCT, None, "P1", "P2")

    assert shop.run().status == RunStatus.NEEDS_APPROVAL


def test_an_approval_that_is_half_carried_out_goes_on(shop: Shop) -> None:
    filled(shop)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *shop.fill(24))
    shop.run()
    approve(shop)
    shop.sandbox.fault("vk", "error:14", "market.edit", after=3)
    assert shop.run().status == RunStatus.STOPPED
    shop.sandbox.clear_faults()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 6


def test_a_waiting_plan_is_made_anew_and_never_piled_up(shop: Shop) -> None:
    filled(shop)
    shop.patch_all(shop.fill(16), price=0)
    for _ in range(3):
        shop.run()
    assert 14 < shop.next_run_in().total_seconds() / 60 <= 15

    assert db.session.scalars(sa.select(SyncRun.status)).all() == [RunStatus.SUCCEEDED, RunStatus.NEEDS_APPROVAL]
    shop.patch_all(shop.fill(16), price=100)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == 30
