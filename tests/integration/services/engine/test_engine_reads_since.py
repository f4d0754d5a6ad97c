"""A run asks what changed since the last whole list where that is enough; whole lists alone take anything away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.clients.http import Response, Transport
from app.db import db
from app.models import CatalogProduct, RunStatus, StoreState
from app.services.catalog import refresh
from tests.support.bad_reads import store
from tests.support.lost_answers import ALL
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

CHANGED = {"P1": "111.00", "P2": "200.00", "P3": "300.00"}
WHOLE, CHANGES = "whole", "changes"


@pytest.fixture
def kept(shop_everywhere: Shop) -> Shop:
    """A shop without stock that a run has just read whole and brought to VK."""
    return brought(shop_everywhere)


@pytest.fixture
def quick(shop: Shop) -> Shop:
    """The same, on one database."""
    return brought(shop)


def brought(shop: Shop) -> Shop:
    shop.patch("P1", quantity=None)
    refresh.refresh(shop.owner)
    for product_id in ("P2", "P3"):
        shop.patch(product_id, quantity=None)
    shop.clock.move(hours=3)
    shop.run()
    assert shop.prices() == ALL
    shop.forget_calls()
    shop.clock.move(minutes=15)
    return shop


def asked(shop: Shop) -> list[str]:
    """How Evotor was asked for products since the counters were reset, first pages only."""
    log = shop.sandbox.log("evotor")["entries"]
    shop.forget_calls()
    lists = [entry["query"] for entry in log if entry["target"] == "products" and "cursor" not in entry["query"]]
    return [CHANGES if "since" in query else WHOLE for query in lists]


def answer_to_since(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Response]) -> None:
    real = Transport.send

    def send(transport: Transport, method: str, path: str, **more: Any) -> Response:
        if "since" in (more.get("params") or {}):
            return answer()
        return real(transport, method, path, **more)

    monkeypatch.setattr(Transport, "send", send)


def test_what_changed_arrives_without_the_whole_list(kept: Shop) -> None:
    kept.patch("P1", price=111)
    kept.put("P4", quantity=None)
    read_at = store().fetched_at
    assert read_at is not None

    assert kept.run().status == RunStatus.SUCCEEDED

    assert asked(kept) == [CHANGES]
    assert kept.prices() == {**CHANGED, "P4": "100.00"}
    assert (store().fetched_at or read_at) > read_at


def test_a_run_that_hears_of_no_change_writes_nothing(kept: Shop) -> None:
    assert kept.run().status == RunStatus.SUCCEEDED

    assert asked(kept) == [CHANGES]
    assert kept.writes() == 0


def test_what_changes_while_a_list_is_read_arrives_later(kept: Shop) -> None:
    kept.clock.move(days=1)
    kept.after_call("/products", lambda: kept.patch("P1", price=111))
    kept.run()
    assert kept.prices() == ALL
    assert asked(kept) == [WHOLE]

    kept.run()

    assert kept.prices() == CHANGED
    assert asked(kept) == [CHANGES]


def test_a_product_that_is_gone_is_hidden_within_the_hour(kept: Shop) -> None:
    kept.drop("P1")
    for _ in range(3):
        kept.run()
        kept.clock.move(minutes=15)
    assert kept.prices() == ALL
    assert asked(kept) == [CHANGES] * 3

    kept.run()

    assert asked(kept) == [WHOLE]
    assert kept.item("P1")["hidden"]


def test_a_missing_product_does_not_wait_for_the_next_day(kept: Shop, sandbox: Sandbox) -> None:
    """The whole list lacked it, and Evotor, asked for it alone, did not answer."""
    kept.drop("P1")
    kept.clock.move(days=1)
    sandbox.fault("evotor", "500", "product")
    kept.run()
    assert kept.prices() == ALL
    sandbox.clear_faults()
    assert asked(kept) == [WHOLE]
    kept.clock.move(hours=1)

    kept.run()

    assert asked(kept) == [WHOLE]
    assert kept.item("P1")["hidden"]


def test_what_waits_hidden_for_its_deletion_asks_for_no_whole_list_before(kept: Shop) -> None:
    kept.drop("P1")
    kept.clock.move(days=1)
    kept.run()
    assert kept.item("P1")["hidden"]
    kept.run()
    kept.forget_calls()
    kept.run()
    assert asked(kept) == [CHANGES]
    kept.clock.move(days=6, hours=23)
    kept.run()
    assert asked(kept) == [WHOLE]
    kept.clock.move(hours=2)

    kept.run()

    assert asked(kept) == [WHOLE], "its seven days are over"
    assert {item["sku"] for item in kept.sandbox.items()} == {"ev:P2", "ev:P3"}


def test_what_a_list_lacked_by_mistake_is_back_with_the_next_run(quick: Shop, sandbox: Sandbox) -> None:
    quick.clock.move(days=1)
    quick.put("P0", price=0, quantity=None)
    sandbox.fault("evotor", "partial", "products", times=1)
    quick.run()
    assert db.session.query(CatalogProduct).count() == 2
    assert quick.prices() == ALL
    assert asked(quick) == [WHOLE]

    quick.run()

    assert db.session.query(CatalogProduct).count() == 4
    assert asked(quick) == [WHOLE]


def test_a_list_that_lacks_something_is_followed_by_another_one(kept: Shop) -> None:
    kept.clock.move(days=1)
    kept.drop("P3")
    for _ in range(3):
        kept.run()

    assert asked(kept) == [WHOLE, WHOLE, CHANGES]


def test_a_store_with_stock_is_read_whole(kept: Shop) -> None:
    kept.clock.move(days=1)
    kept.patch("P1", quantity=5)
    kept.run()
    kept.forget_calls()

    kept.run()

    assert asked(kept) == [WHOLE]


def test_stock_that_a_change_brings_makes_the_run_read_whole(kept: Shop) -> None:
    kept.patch("P1", price=111, quantity=5)

    kept.run()

    assert asked(kept) == [CHANGES, WHOLE]
    assert kept.prices() == CHANGED


def test_another_tree_makes_the_run_read_whole(kept: Shop, sandbox: Sandbox) -> None:
    kept.drop("P3")
    sandbox.control("evotor/groups", store=TINY, patch=[{"id": "G1", "name": "Чаи"}])

    kept.run()

    assert asked(kept) == [CHANGES, WHOLE]
    assert kept.item("P3")["hidden"]
    assert "Чаи" in kept.album_titles()


def test_a_change_that_cannot_be_read_makes_the_runs_read_whole(kept: Shop) -> None:
    kept.patch("P1", price="много")
    kept.run()
    assert asked(kept) == [CHANGES, WHOLE]

    kept.run()

    assert asked(kept) == [WHOLE]
    assert kept.prices() == ALL


@pytest.mark.parametrize("kind", ["402", "500", "cut", "empty_list"])
def test_after_a_read_that_failed_comes_a_whole_one(quick: Shop, sandbox: Sandbox, kind: str) -> None:
    quick.clock.move(days=1)
    sandbox.fault("evotor", kind, "products")
    quick.run()
    assert store().state != StoreState.OK
    sandbox.clear_faults()
    quick.patch("P1", price=111)
    quick.clock.move(hours=3)
    asked(quick)

    quick.run()

    assert asked(quick) == [WHOLE]
    assert quick.prices() == CHANGED


def test_a_whole_read_that_was_interrupted_is_begun_anew(kept: Shop, sandbox: Sandbox) -> None:
    sandbox.control("evotor/settings", page_size=2)
    kept.drop("P3")
    kept.clock.move(days=1)
    kept.after_call("/products", lambda: _stop(kept))
    assert kept.run().status == RunStatus.STOPPED
    asked(kept)
    _go_on(kept)

    kept.run()

    assert asked(kept) == [WHOLE]
    assert kept.item("P3")["hidden"]


REFUSALS: dict[str, Callable[[], Response]] = {
    "refused": lambda: Response(400, {}, b"{}"),
    "unknown": lambda: Response(404, {}, b"{}"),
    "failing": lambda: Response(500, {}, b"{}"),
    "cut": lambda: Response(200, {}, b'{"items": [{"id": "P1"'),
    "html": lambda: Response(200, {}, b"<html></html>"),
    "huge": lambda: Response(200, {}, b'{"items": [' + b",".join([b'{"id": "P1", "name": "P"}'] * 1001) + b"]}"),
}


@pytest.mark.parametrize("answer", REFUSALS)
def test_an_odd_answer_makes_the_run_read_whole(quick: Shop, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    answer_to_since(monkeypatch, REFUSALS[answer])
    quick.patch("P1", price=111)
    quick.drop("P3")

    assert quick.run().status == RunStatus.SUCCEEDED

    assert quick.item("P3")["hidden"]
    assert quick.item("P1")["price"] == "111.00"
    assert asked(quick) == [WHOLE]


def test_a_store_that_is_not_paid_is_not_asked_in_another_way(quick: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "402", "products")

    quick.run()

    assert asked(quick) == [CHANGES]
    assert store().state == StoreState.PAYMENT_REQUIRED
    assert quick.prices() == ALL


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(hours=-5), timedelta(days=400), timedelta(days=-400)])
def test_evotors_clock_may_go_otherwise_than_ours(quick: Shop, ahead: timedelta) -> None:
    quick.sandbox.control("clock", advance=ahead.total_seconds())
    quick.clock.move(days=1)
    quick.run()
    asked(quick)
    quick.clock.move(minutes=15)
    quick.patch("P1", price=111)

    quick.run()

    assert asked(quick) == [CHANGES]
    assert quick.prices() == CHANGED


@pytest.mark.parametrize("turned", [timedelta(days=-30), timedelta(days=30)])
def test_a_clock_of_ours_that_is_set_right_makes_the_run_read_whole(quick: Shop, turned: timedelta) -> None:
    quick.clock.moved += turned

    quick.run()

    assert asked(quick) == [WHOLE]


def test_the_owners_own_refresh_reads_whole(kept: Shop) -> None:
    kept.drop("P3")

    report = refresh.refresh(kept.owner)

    assert (report.stores_read, report.products) == (1, 2)
    assert db.session.query(CatalogProduct).count() == 2
    assert asked(kept) == [WHOLE]


def _stop(shop: Shop) -> None:
    run = shop.last_run()
    run.cancel_requested = True
    db.session.commit()


def _go_on(shop: Shop) -> None:
    state = shop.owner.sync_state
    assert state is not None
    state.next_run_at = None
    db.session.commit()
