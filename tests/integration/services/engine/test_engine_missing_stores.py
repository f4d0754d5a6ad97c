"""A product's own 404 proves its deletion only in a run that has its store in the list and read it whole."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.planning.changes import Reason
from app.domain.rules import EntityType, FilterMode
from app.models import EvotorConnection, RunStatus, SyncState
from app.services.catalog import refresh, stores
from app.services.connections import evotor
from app.services.planning import approvals, plans
from tests.support.sandbox import ACCOUNT, EVOTOR_TOKEN, Sandbox
from tests.support.shop import TINY, Shop

GOODS = 20
OTHER = "20260101-BBBB-4BBB-80CC-000000000002"


def fill(shop: Shop) -> None:
    """Twenty products in the window, so that losing ten of them needs nobody's approval."""
    shop.fill(GOODS - 3)
    shop.run()
    assert len(shop.prices()) == GOODS


def lose_half_of_the_list(shop: Shop) -> None:
    """Once; asked for alone, Evotor has them all."""
    shop.sandbox.fault("evotor", "partial", "products", times=1)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == GOODS


def gone_from_the_list(sandbox: Sandbox) -> None:
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])


def fault(kind: str, target: str) -> Callable[[Sandbox], None]:
    def arise(sandbox: Sandbox) -> None:
        sandbox.fault("evotor", kind, target)

    return arise


UNPROVEN: dict[str, Callable[[Sandbox], None]] = {
    "gone from the list": gone_from_the_list,
    "no stores at all": fault("empty_list", "stores"),
    "the list of stores fails": fault("500", "stores"),
    **{f"goods answer {kind}": fault(kind, "products") for kind in ("402", "404", "500", "cut")},
    **{f"groups answer {kind}": fault(kind, "groups") for kind in ("403", "html")},
    "empty goods": fault("empty_list", "products"),
    "empty groups": fault("empty_list", "groups"),
}


@pytest.mark.parametrize("situation", UNPROVEN)
def test_a_404_proves_nothing_while_the_store_was_not_read_whole(
    shop_everywhere: Shop, sandbox: Sandbox, situation: str
) -> None:
    shop = shop_everywhere
    shop.patch("P1", parent_id="G1")
    fill(shop)
    lose_half_of_the_list(shop)
    UNPROVEN[situation](sandbox)
    sandbox.fault("evotor", "404", "product")

    for days in (2, 8):
        shop.clock.move(days=days)
        shop.run()

    assert len(shop.prices()) == GOODS
    assert shop.calls("market.delete") == 0


def test_a_404_counts_where_the_store_is_listed_and_was_read_whole(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    fill(shop)
    sandbox.fault("evotor", "partial", "products")
    sandbox.fault("evotor", "404", "product")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == GOODS // 2


def test_a_store_that_rests_proves_nothing(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    fill(shop)
    lose_half_of_the_list(shop)
    sandbox.fault("evotor", "402", "products", times=1)
    shop.clock.move(days=2)
    shop.run()
    sandbox.fault("evotor", "404", "product")
    shop.clock.move(minutes=20)

    shop.run()

    assert len(shop.prices()) == GOODS


def test_a_proof_does_not_outlive_its_run(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    """Asked about while a plan waited for approval; by the time that it is approved of, the store is gone."""
    shop = shop_everywhere
    fill(shop)
    lost = [f"N{number:03}" for number in range(GOODS - 3)]
    sandbox.control("evotor/products", store=TINY, delete=lost)
    assert shop.run().status == RunStatus.NEEDS_APPROVAL
    owner = shop.owner
    plan = plans.plan_for(owner)
    approvals.approve(owner, plan, approvals.check_brakes(owner, plan).fingerprint)
    db.session.commit()
    gone_from_the_list(sandbox)
    shop.clock.move(minutes=5)

    shop.run()

    assert len(shop.prices()) == GOODS


def test_a_plan_does_not_wait_for_removals_that_no_run_would_make(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.fill(2)
    shop.run()
    shop.sandbox.fault("evotor", "partial", "products", times=1)
    shop.run()
    gone_from_the_list(sandbox)
    shop.clock.move(days=2)
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": OTHER, "name": "Вторая"}])
    sandbox.put_product("Q1", OTHER, price=10)
    refresh.refresh(shop.owner)
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, OTHER)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert "Q1" in shop.prices()
    assert len(shop.prices()) == 6


def test_items_of_a_store_that_the_account_never_had_are_left_alone(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    """Whatever the copy lost: what its token has never listed cannot be asked for with it."""
    shop = shop_everywhere
    shop.run()
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": OTHER, "name": "Вторая"}])
    sandbox.put_product("Q1", OTHER, price=10)
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])
    db.session.execute(sa.text("DELETE FROM catalog_products"))
    db.session.execute(sa.text("DELETE FROM catalog_groups"))
    db.session.execute(sa.text("DELETE FROM catalog_stores"))
    db.session.commit()
    refresh.refresh(shop.owner)
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, OTHER)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 4


def test_a_deletion_after_its_days_needs_the_store_too(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    shop.drop("P1")
    shop.run()
    assert shop.item("P1")["hidden"]
    gone_from_the_list(sandbox)
    shop.clock.move(days=8)

    shop.run()

    assert shop.item("P1")["hidden"]
    assert shop.calls("market.delete") == 0


def test_a_closed_store_that_is_listed_again_proves_nothing_before_it_was_read(
    shop_everywhere: Shop, sandbox: Sandbox
) -> None:
    shop = shop_everywhere
    shop.run()
    about = sandbox._session.get(f"{sandbox.url}/_control/evotor/data", timeout=10).json()[ACCOUNT][TINY]["store"]
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": OTHER, "name": "Вторая"}])
    shop.run()
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, OTHER)
    sandbox.fault("evotor", "402", "products", store=TINY, times=1)
    shop.run()
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])
    refresh.refresh(shop.owner)
    stores.close_store(shop.owner, TINY)
    db.session.commit()
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[about])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 3


# The plan that the owner reads


def removals(shop: Shop) -> list[object]:
    return [change.key for change in plans.plan_for(shop.owner).changes if change.reason is Reason.MISSING]


def test_the_plan_promises_no_removal_that_the_run_would_not_make(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    shop.drop("P1")
    refresh.refresh(shop.owner)
    assert len(removals(shop)) == 1

    sandbox.fault("evotor", "500", "products", times=5)
    refresh.refresh(shop.owner)
    assert removals(shop) == [], "the store was not read"
    sandbox.clear_faults()
    refresh.refresh(shop.owner)
    assert len(removals(shop)) == 1

    db.session.execute(sa.update(EvotorConnection).values(state="unavailable"))
    db.session.commit()
    assert removals(shop) == [], "the list of stores was not read"
    evotor.connect_evotor(shop.owner, EVOTOR_TOKEN)
    assert len(removals(shop)) == 1

    gone_from_the_list(sandbox)
    refresh.refresh(shop.owner)
    assert removals(shop) == [], "the store is not listed"
    assert db.session.scalar(sa.select(SyncState.pause_reason)) is None
