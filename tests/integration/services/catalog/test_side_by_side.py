"""Several stores are read two at a time, and what comes of it is as if they were read one by one."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.evotor.client import EvotorClient
from app.clients.http import Response, Transport
from app.db import db
from app.models import CatalogProduct, CatalogStore, RunStatus, SyncRun
from app.services.catalog import refresh
from app.services.catalog.reads import side_by_side
from app.services.catalog.refresh import CatalogUnavailable
from app.services.vendors.clients import evotor_client
from tests.support.sandbox import ACCOUNT, Sandbox
from tests.support.shop import TINY, Shop

STORES = [TINY, *(f"20260101-BBBB-4BBB-80CC-00000000000{number}" for number in range(1, 5))]


@pytest.fixture
def chain(shop: Shop, sandbox: Sandbox) -> Shop:
    """Five stores, not read yet but for the first."""
    upserts = [{"id": store_id, "name": f"Лавка {number}"} for number, store_id in enumerate(STORES)]
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=upserts[1:])
    for number, store_id in enumerate(STORES[1:], 1):
        for product in range(number):
            sandbox.put_product(f"S{number}-{product}", store_id, price=10 * number + product)
    shop.forget_calls()
    return shop


class Watch:
    """How many calls are at work at once, of lists of products."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pause: Callable[[str], None]) -> None:
        self.now, self.most, self.paths = 0, 0, list[str]()
        lock, real = threading.Lock(), Transport.send

        def send(transport: Transport, method: str, path: str, **more: Any) -> Response:
            if not path.endswith("/products"):
                return real(transport, method, path, **more)
            with lock:
                self.now += 1
                self.most = max(self.most, self.now)
                self.paths.append(path)
            try:
                pause(path)
                return real(transport, method, path, **more)
            finally:
                with lock:
                    self.now -= 1

        monkeypatch.setattr(Transport, "send", send)


def copies() -> dict[str, set[tuple[object, ...]]]:
    """Everything of the copy but the numbers of its rows."""
    db.session.remove()
    columns = [column for column in CatalogProduct.__table__.c if column.name not in {"id", "user_id"}]
    found: dict[str, set[tuple[object, ...]]] = {store_id: set() for store_id in STORES}
    for row in db.session.execute(sa.select(*columns)):
        found[row.store_id].add(tuple(map(str, row)))
    return found


def states() -> dict[str, str]:
    db.session.remove()
    return {row.store_id: row.state for row in db.session.query(CatalogStore)}


def readers() -> Iterator[threading.Thread]:
    return (thread for thread in threading.enumerate() if thread.name.startswith("evotor"))


def test_two_stores_are_read_at_a_time(chain: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2)

    def pause(path: str) -> None:
        if any(path.startswith(f"/stores/{store_id}/") for store_id in STORES[1:3]):
            both.wait(timeout=10)

    watch = Watch(monkeypatch, pause)

    report = refresh.refresh(chain.owner)

    assert report.stores_read == 5
    assert watch.most == 2


def test_what_comes_of_it_is_as_if_they_were_read_one_by_one(
    chain: Shop, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.control("evotor/settings", page_size=2)
    sandbox.fault("evotor", "402", "products", store=STORES[2])
    together = refresh.refresh(chain.owner)
    found = copies()
    db.session.execute(sa.delete(CatalogProduct))
    db.session.execute(sa.delete(CatalogStore))
    db.session.commit()
    monkeypatch.setattr(side_by_side, "MOST_AT_ONCE", 1)

    alone = refresh.refresh(chain.owner)

    assert found == copies()
    assert [len(found[store_id]) for store_id in STORES] == [3, 1, 0, 3, 4]
    assert sorted(together.read) == sorted(alone.read)
    assert (together.products, together.failed, together.waiting) == (alone.products, alone.failed, alone.waiting)


def test_stores_are_written_in_their_order(chain: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longest unread first, however late their answers come."""
    second_is_there = threading.Event()

    def pause(path: str) -> None:
        if STORES[2] in path:
            second_is_there.set()
        elif STORES[1] in path:
            assert second_is_there.wait(timeout=10)

    Watch(monkeypatch, pause)

    assert refresh.refresh(chain.owner).read == [*STORES[1:], TINY]


def test_a_store_that_is_not_paid_costs_its_neighbour_nothing(chain: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "402", "products", store=STORES[1])
    sandbox.fault("evotor", "403", "groups", store=STORES[3])

    report = refresh.refresh(chain.owner)

    assert report.failed == ["Лавка 1", "Лавка 3"]
    assert states() == dict(zip(STORES, ["ok", "payment_required", "ok", "forbidden", "ok"], strict=True))


def test_a_token_that_is_refused_in_the_middle_ends_all(chain: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "401", "products", store=STORES[2])

    with pytest.raises(CatalogUnavailable) as refusal:
        refresh.refresh(chain.owner)

    assert refusal.value.code == "evotor_unauthorized"
    assert states()[STORES[1]] == "ok"
    assert states()[STORES[4]] == "unavailable"
    assert not list(readers())


def test_pages_are_told_of_in_the_thread_of_the_run(chain: Shop, sandbox: Sandbox) -> None:
    sandbox.control("evotor/settings", page_size=2)
    told: list[int] = []

    refresh.refresh(chain.owner, on_page=lambda: told.append(threading.get_ident()))

    assert set(told) == {threading.get_ident()}
    assert len(told) > len(STORES)


def test_whoever_stops_in_the_middle_leaves_no_reader_behind(chain: Shop, sandbox: Sandbox) -> None:
    sandbox.control("evotor/settings", page_size=1)
    begun: list[str] = []

    def on_page() -> None:
        if begun:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        refresh.refresh(chain.owner, on_page=on_page, on_store=lambda store: begun.append(store.id))

    assert not list(readers())
    assert begun == STORES[1:3]
    db.session.rollback()
    assert sum(map(len, copies().values())) == 3, "the first store's, from before"


def test_a_run_that_is_stopped_while_it_reads_writes_nothing_more(
    chain: Shop, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(path: str) -> None:
        if STORES[2] in path:
            with app.app_context():
                db.session.execute(sa.update(SyncRun).values(cancel_requested=True))
                db.session.commit()
            chain.clock.move(seconds=3)

    Watch(monkeypatch, pause)

    assert chain.run().status == RunStatus.STOPPED

    assert not list(readers())
    assert {states()[store_id] for store_id in STORES[3:]} == {"unavailable"}
    assert chain.writes() == 0


def test_they_are_read_one_by_one_while_the_quota_runs_low(
    chain: Shop, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.control("evotor/settings", calls_per_minute=2)
    chain.clock.move(minutes=2)
    watch = Watch(monkeypatch, lambda _path: None)

    report = refresh.refresh(chain.owner)

    assert report.stores_read == 5
    assert watch.most == 1
    assert [path.split("/")[2] for path in watch.paths] == [*STORES[1:], TINY]


def test_all_calls_are_one_clients_in_one_pace(chain: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[EvotorClient] = []

    def make(token: str) -> EvotorClient:
        made.append(evotor_client(token))
        return made[-1]

    monkeypatch.setattr(refresh, "evotor_client", make)

    refresh.refresh(chain.owner)

    assert len(made) == 1


def test_a_single_store_is_read_without_threads(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    Watch(monkeypatch, lambda _path: threads.append(threading.get_ident()))

    refresh.refresh(shop.owner)

    assert threads == [threading.get_ident()]


def test_changes_of_several_stores_are_read_like_whole_lists(chain: Shop, sandbox: Sandbox) -> None:
    for number, store_id in enumerate(STORES[1:], 1):
        for product in range(number):
            sandbox.patch_product(f"S{number}-{product}", store_id, quantity=None)
    chain.clock.move(hours=3)
    refresh.refresh(chain.owner, whole=())
    sandbox.patch_product("S3-1", STORES[3], price=999)
    chain.forget_calls()

    report = refresh.refresh(chain.owner, whole=())

    assert report.read == [TINY], "it has stock"
    asked = {e["store"]: "since" in e["query"] for e in sandbox.log("evotor")["entries"] if e["target"] == "products"}
    assert asked == {store_id: store_id != TINY for store_id in STORES}
    assert _price("S3-1") == 999


def _price(product_id: str) -> object:
    return db.session.query(CatalogProduct.price).filter_by(product_id=product_id).scalar()
