"""Which plans the brakes of a run hold back, and which are free."""

import pytest

from app.db import db
from app.domain.planning.brakes import BrakeKind
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from app.services.catalog import refresh
from app.services.errors import NotReady
from app.services.owner import switch
from app.services.planning import approvals, confirming, plans
from tests.support.approval import approve, filled
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop


def test_adds_are_free_for_the_first_run_after_a_confirmation(shop: Shop) -> None:
    shop.fill(60)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 63


def test_many_adds_after_a_change_of_the_rules_wait(shop: Shop) -> None:
    ids = shop.fill(60)
    refresh.refresh(shop.owner)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids)
    shop.run()
    shop.rule(EntityType.PRODUCT, None, *ids)

    assert shop.run().status == RunStatus.NEEDS_APPROVAL
    assert len(shop.prices()) == 3
    approve(shop)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == 63


def test_what_came_after_the_confirmation_waits_in_the_first_run(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    confirming.confirm(shop.owner)
    db.session.commit()
    shop.fill(30)
    shop.sandbox.fault("evotor", "403", "stores")
    shop.run()
    shop.sandbox.clear_faults()

    assert shop.run().status == RunStatus.NEEDS_APPROVAL, "no run has been let through yet"
    assert shop.prices() == {}
    approve(shop)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == 33
    shop.fill(80)
    assert shop.run().status == RunStatus.SUCCEEDED, "the confirmation has had its run"


@pytest.mark.parametrize("later", [0, 15])
@pytest.mark.one_by_one
def test_what_was_to_be_added_at_the_confirmation_is_added(shop: Shop, later: int) -> None:
    shop.fill(30)
    refresh.refresh(shop.owner)
    confirming.confirm(shop.owner)
    db.session.commit()
    shop.fill(30 + later)

    assert shop.run_slice(5).status == RunStatus.CONTINUED
    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 33 + later


def test_a_tenth_of_the_prices_a_hundred_times_higher_waits(shop: Shop) -> None:
    filled(shop, 57)
    shop.patch_all(shop.fill(57)[:6], price=10000)

    assert shop.run().status == RunStatus.NEEDS_APPROVAL

    assert shop.writes() == 0
    owner = shop.owner
    (brake,) = approvals.check_brakes(owner, plans.plan_for(owner)).brakes
    assert (brake.kind, len(brake.changes)) == (BrakeKind.PRICES, 6)


def test_a_new_confirmation_stands_for_the_changed_rules(shop: Shop) -> None:
    ids = shop.fill(60)
    refresh.refresh(shop.owner)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ids)
    shop.run()
    shop.rule(EntityType.PRODUCT, None, *ids)
    switch.confirm(shop.owner)
    db.session.commit()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 63


def test_many_new_goods_under_the_same_rules_are_added(shop: Shop) -> None:
    shop.run()
    shop.fill(60)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 63


def test_prices_that_jump_all_at_once_wait(shop_everywhere: Shop) -> None:
    shop = filled(shop_everywhere)
    shop.patch_all(shop.fill(27), price=9900)

    assert shop.run().status == RunStatus.NEEDS_APPROVAL

    assert shop.writes() == 0
    plan = plans.plan_for(shop.owner)
    assert [brake.kind for brake in approvals.check_brakes(shop.owner, plan).brakes] == [BrakeKind.PRICES]
    approve(shop)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices()["N000"] == "9900.00"


@pytest.mark.parametrize("seen", ["", "not the one"])
def test_only_the_plan_that_was_seen_can_be_approved(shop: Shop, seen: str) -> None:
    filled(shop)
    shop.patch_all(shop.fill(16), price=0)
    shop.run()

    owner = shop.owner
    plan = plans.plan_for(owner)

    with pytest.raises(NotReady) as refusal:
        approvals.approve(owner, plan, seen)

    assert refusal.value.code == "plan_changed"
    assert shop.run().status == RunStatus.NEEDS_APPROVAL


def test_a_plan_that_waits_for_nobody_cannot_be_approved(shop: Shop) -> None:
    shop.run()

    with pytest.raises(NotReady) as refusal:
        approve(shop)

    assert refusal.value.code == "nothing_to_approve"


def test_a_confirmation_bounds_the_first_run_until_one_came_through(shop: Shop, sandbox: Sandbox) -> None:
    confirming.confirm(shop.owner)
    db.session.commit()
    sandbox.fault("vk", "error:5", "market.add")
    assert shop.run().status == RunStatus.STOPPED
    state = shop.owner.sync_state
    assert state is not None and state.confirmed_adds == 3
    sandbox.clear_faults()
    shop.fill(60)
    assert shop.run().status == RunStatus.NEEDS_APPROVAL
    assert shop.prices() == {}


def test_the_guard_stands_until_a_run_came_through(shop: Shop) -> None:
    confirming.confirm(shop.owner)
    db.session.commit()
    shop.run_slice(2)
    state = shop.owner.sync_state
    assert state is not None and state.confirmed_adds == 3
    shop.run()
    state = shop.owner.sync_state
    assert state is not None and state.confirmed_adds is None
