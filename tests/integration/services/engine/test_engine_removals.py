"""Nothing leaves the market because Evotor was not read well."""

from typing import Any

import pytest

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogStore, ConnectionState, EntryOutcome, RunStatus, StoreState
from app.services.catalog import refresh, stores
from app.services.catalog.refresh import CatalogUnavailable
from app.services.errors import UnknownEntity
from tests.support.sandbox import ACCOUNT, Sandbox
from tests.support.shop import TINY, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}
OTHER = "20260101-BBBB-4BBB-80CC-000000000002"


def store(store_id: str = TINY) -> CatalogStore:
    db.session.remove()
    return db.session.query(CatalogStore).filter_by(store_id=store_id).one()


def nothing_was_taken_away(shop: Shop, **changed: str) -> None:
    assert shop.prices() == {**ALL, **changed}
    assert shop.calls("market.delete") == 0


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


@pytest.mark.parametrize("answer", ["200", "401", "402", "403", "500", "html", "drop"])
def test_a_missing_product_is_hidden_only_after_its_own_404(shop: Shop, sandbox: Sandbox, answer: str) -> None:
    shop.run()
    sandbox.fault("evotor", "partial", "products")
    if answer != "200":
        sandbox.fault("evotor", answer, "product")

    for _ in range(2):
        assert shop.run().status == RunStatus.SUCCEEDED
        assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.KEPT}
        shop.clock.move(days=8)

    nothing_was_taken_away(shop)


def test_a_product_that_is_gone_is_hidden_and_later_deleted(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    shop.drop("P1")

    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.item("P1")["hidden"]
    assert shop.entries()[0].reason == "missing"

    shop.clock.move(days=6)
    shop.run()
    assert shop.item("P1")["hidden"]
    shop.clock.move(days=2)
    shop.run()
    assert {item["sku"] for item in sandbox.items()} == {"ev:P2", "ev:P3"}


def test_a_hidden_item_is_not_deleted_while_evotor_still_knows_its_product(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P3", quantity=0)
    shop.run()
    sandbox.fault("evotor", "partial", "products")
    for _ in range(3):
        shop.run()
        shop.clock.move(days=8)

    assert shop.item("P3")["hidden"]
    assert shop.calls("market.delete") == 0


def test_what_leaves_the_selection_is_hidden_and_comes_back_as_the_same_item(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    item_id = shop.item("P1")["id"]
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    assert shop.item("P1")["hidden"]
    shop.clock.move(days=6)
    shop.run()

    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()
    assert shop.prices() == ALL
    assert shop.item("P1")["id"] == item_id

    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=6)
    shop.run()
    assert shop.item("P1")["id"] == item_id, "the days begin anew"
    shop.clock.move(days=2)
    shop.run()
    assert shop.calls("market.delete") == 1
    shop.clock.move(seconds=2)

    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()
    assert shop.prices() == ALL


def test_what_is_selected_but_not_fit_is_never_deleted(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", allow_to_sell=False)
    shop.patch("P2", price=0)
    shop.patch("P3", quantity=0)
    for _ in range(3):
        shop.run()
        shop.clock.move(days=8)

    assert shop.prices() == {}
    assert shop.calls("market.delete") == 0


def _groups(sandbox: Sandbox, **lists: Any) -> None:
    sandbox.control("evotor/groups", store=TINY, **lists)


def test_a_group_missing_from_a_partial_list_still_includes_its_products(shop: Shop, sandbox: Sandbox) -> None:
    _groups(sandbox, upsert=[{"id": "G3", "name": "Внутри", "parent_id": "G2"}])
    shop.patch("P3", parent_id="G3")
    shop.run()
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G1", "G2")
    shop.run()
    _groups(sandbox, upsert=[{"id": "G0", "name": "Ещё"}])
    sandbox.fault("evotor", "partial", "groups")

    shop.run()

    nothing_was_taken_away(shop)


def test_a_group_that_is_gone_with_its_products_leaves_the_catalog(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P2", parent_id="G1")
    _groups(sandbox, delete=["G2"])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert db.session.execute(db.text("SELECT group_id FROM catalog_groups")).scalars().all() == ["G1"]


def test_a_product_that_the_lists_lacked_for_a_moment_may_be_deleted_the_next(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.fault("evotor", "partial", "products", times=1)
    shop.run()
    kept = {entry.product_id for entry in shop.entries() if entry.outcome == EntryOutcome.KEPT}
    shop.run()
    nothing_was_taken_away(shop)
    for product_id in kept:
        shop.drop(product_id or "")

    shop.run()

    assert kept
    assert not kept & shop.prices().keys()


# Stock that vanishes, and the owner's word


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


# Stores at rest and closed stores


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
