"""A failed, partial or doubtful read of the register takes nothing away."""

import pytest

from app.domain.rules import EntityType, FilterMode
from app.models import ConnectionState, RunStatus, StoreState
from app.services.catalog import refresh
from app.services.catalog.refresh import CatalogUnavailable
from app.services.errors import UnknownEntity
from tests.support.bad_reads import OTHER, nothing_was_taken_away, store
from tests.support.lost_answers import ALL
from tests.support.sandbox import ACCOUNT, Sandbox
from tests.support.shop import TINY, Shop


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        *(("stores", kind) for kind in ("401", "402", "403", "500", "truncated", "empty_list", "partial", "drop")),
        *(("groups", kind) for kind in ("401", "500", "empty_list", "partial")),
        *(("products", kind) for kind in ("401", "500", "cut", "empty_list", "partial")),
    ],
)
def test_a_bad_read_removes_nothing(shop: Shop, sandbox: Sandbox, target: str, kind: str) -> None:
    shop.run()
    sandbox.fault("evotor", kind, target)
    shop.clock.move(days=2)

    for _ in range(2):
        shop.run()
        shop.clock.move(days=8)

    nothing_was_taken_away(shop)
    sandbox.clear_faults()
    shop.patch("P1", price=101)
    assert shop.run().status == RunStatus.SUCCEEDED
    nothing_was_taken_away(shop, P1="101.00")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("402", StoreState.PAYMENT_REQUIRED),
        ("403", StoreState.FORBIDDEN),
        ("404", StoreState.MISSING),
        ("500", StoreState.UNAVAILABLE),
        ("truncated", StoreState.UNAVAILABLE),
        ("html", StoreState.UNAVAILABLE),
        ("cut", StoreState.UNAVAILABLE),
        ("repeat_cursor", StoreState.UNAVAILABLE),
        ("drop", StoreState.UNAVAILABLE),
        ("empty_list", StoreState.SUSPICIOUS),
    ],
)
@pytest.mark.parametrize("target", ["groups", "products"])
def test_one_bad_store_keeps_its_copy_and_the_others_go_on(
    shop: Shop, sandbox: Sandbox, target: str, kind: str, state: StoreState
) -> None:
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": OTHER, "name": "Вторая"}])
    sandbox.put_product("Q1", OTHER, price=10)
    shop.run()
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, OTHER)
    shop.run()
    read_at = store().fetched_at
    sandbox.fault("evotor", kind, target, store=TINY)
    shop.patch("P1", price=111)
    sandbox.put_product("Q1", OTHER, price=20)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {**ALL, "Q1": "20.00"}
    assert (store().state, store().fetched_at) == (state, read_at)
    assert store().error_code is not None
    assert store(OTHER).state == StoreState.OK


def test_a_store_that_evotor_no_longer_lists_keeps_its_items(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])
    for _ in range(2):
        assert shop.run().status == RunStatus.SUCCEEDED
        shop.clock.move(days=8)

    nothing_was_taken_away(shop)
    assert store().state == StoreState.MISSING


def test_a_rejected_token_stops_the_run(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", price=111)
    sandbox.fault("evotor", "401")
    shop.forget_calls()

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "evotor_unauthorized")
    assert shop.owner.evotor is not None
    assert shop.owner.evotor.state == ConnectionState.TOKEN_REJECTED
    assert shop.writes() == 0
    assert 59 < shop.next_run_in().total_seconds() / 60 <= 60


def test_while_evotor_is_down_the_last_good_copy_serves(shop: Shop, sandbox: Sandbox) -> None:
    """What the owner changed on our pages still reaches the market."""
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    sandbox.fault("evotor", "500", "stores")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "evotor_server_error")
    assert shop.prices() == {"P2": "200.00", "P3": "300.00"}


@pytest.mark.parametrize("quantity", [0, None])
def test_stock_that_vanishes_everywhere_at_once_is_a_bad_read(shop_everywhere: Shop, quantity: int | None) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch_all(ALL, quantity=quantity)

    for _ in range(2):
        shop.run()
        shop.clock.move(days=8)

    nothing_was_taken_away(shop)
    assert (store().state, store().error_code) == (StoreState.SUSPICIOUS, "evotor_no_stock")
    shop.patch_all(ALL, quantity=4)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert store().state == StoreState.OK


def test_one_product_in_stock_is_enough_for_a_good_read(shop: Shop) -> None:
    shop.run()
    shop.patch_all(["P1", "P2"], quantity=0)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {"P3": "300.00"}


def test_the_owners_word_makes_a_doubtful_read_good(shop: Shop) -> None:
    shop.run()
    shop.patch_all(ALL, quantity=0)
    shop.run()

    refresh.refresh_trusted(shop.owner, TINY)
    assert store().state == StoreState.OK
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}
    assert shop.run().status == RunStatus.SUCCEEDED
    assert store().state == StoreState.OK, "nothing is in stock any more that could vanish"


def test_a_store_that_was_truly_emptied_leaves_the_window_on_the_owners_word(shop: Shop) -> None:
    shop.run()
    shop.sandbox.control("evotor/products", store=TINY, delete=[*ALL])
    shop.run()
    nothing_was_taken_away(shop)

    refresh.refresh_trusted(shop.owner, TINY)
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


def test_a_read_that_fails_cannot_be_believed(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.fault("evotor", "500", "products")

    with pytest.raises(CatalogUnavailable):
        refresh.refresh_trusted(shop.owner, TINY)
    with pytest.raises(UnknownEntity):
        refresh.refresh_trusted(shop.owner, "no such store")

    sandbox.clear_faults()
    shop.run()
    nothing_was_taken_away(shop)
