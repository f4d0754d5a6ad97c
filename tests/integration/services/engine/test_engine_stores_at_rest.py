"""Stores that are not paid for, and stores that are closed."""

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, StoreState
from app.services.catalog import refresh, stores
from tests.support.bad_reads import OTHER, nothing_was_taken_away, store
from tests.support.lost_answers import ALL
from tests.support.sandbox import ACCOUNT, Sandbox
from tests.support.shop import TINY, Shop


def test_an_unpaid_store_is_asked_again_after_hours_only(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.fault("evotor", "402", "products", store=TINY)
    shop.run()
    assert store().state == StoreState.PAYMENT_REQUIRED
    sandbox.clear_faults()
    shop.patch("P1", price=111)
    shop.forget_calls()

    shop.run()
    assert "evotor.products" not in sandbox.dump()["calls"]
    assert store().state == StoreState.PAYMENT_REQUIRED
    shop.clock.move(hours=2, minutes=1)
    shop.run()

    nothing_was_taken_away(shop, P1="111.00")
    assert store().state == StoreState.OK


def test_the_owners_own_refresh_does_not_wait_for_an_unpaid_store(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "402", "products", store=TINY, times=1)
    refresh.refresh(shop.owner)
    assert store().state == StoreState.PAYMENT_REQUIRED

    refresh.refresh(shop.owner)

    assert store().state == StoreState.OK


def test_a_closed_store_leaves_the_window_without_asking_evotor(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": OTHER, "name": "Вторая"}])
    sandbox.put_product("Q1", OTHER, price=10)
    shop.run()
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, OTHER)
    shop.run()
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[OTHER])
    shop.run()
    assert "Q1" in shop.prices()
    sandbox.fault("evotor", "403", "product")

    stores.close_store(shop.owner, OTHER)
    db.session.commit()
    assert shop.run().status == RunStatus.SUCCEEDED

    nothing_was_taken_away(shop)
    assert {entry.reason for entry in shop.entries()} == {"closed"}
    assert store(OTHER).state == StoreState.CLOSED


def test_a_closed_store_that_evotor_lists_again_opens_again(shop: Shop, sandbox: Sandbox) -> None:
    about = sandbox._session.get(f"{sandbox.url}/_control/evotor/data", timeout=10).json()[ACCOUNT][TINY]["store"]
    shop.run()
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])
    refresh.refresh(shop.owner)
    stores.close_store(shop.owner, TINY)
    db.session.commit()
    refresh.refresh(shop.owner)
    assert store().state == StoreState.CLOSED
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[about])
    for product_id, price in ALL.items():
        shop.put(product_id, price=float(price))

    refresh.refresh(shop.owner)

    assert store().state == StoreState.OK
    assert shop.run().status == RunStatus.SUCCEEDED
    nothing_was_taken_away(shop)
