"""What a run at work tells the owner of itself."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.clients.http import Response, Transport
from app.db import db
from app.models import RunStage, RunStatus
from tests.support.sandbox import ACCOUNT
from tests.support.shop import TINY, Shop
from tests.support.statements import counted_statements


def as_another_process_reads() -> tuple[Any, ...]:
    with db.engine.connect() as connection:
        query = "SELECT stage, stage_note, done, ends_at FROM sync_runs ORDER BY id DESC LIMIT 1"
        return tuple(connection.execute(sa.text(query)).one())


@pytest.fixture
def told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """What the run tells while a call is out, by the call's last word."""
    seen: dict[str, list[tuple[Any, ...]]] = {}
    real = Transport.send

    def watched(transport: Transport, method: str, path: str, **more: Any) -> Response:
        seen.setdefault(path.rpartition("/")[2], []).append(as_another_process_reads())
        return real(transport, method, path, **more)

    monkeypatch.setattr(Transport, "send", watched)
    return seen


def takes_a_while(shop: Shop) -> Callable[[Callable[[], Response]], Response]:
    def hook(call: Callable[[], Response]) -> Response:
        shop.clock.move(seconds=3)
        return call()

    return hook


@pytest.mark.one_by_one
def test_a_run_tells_what_it_is_doing(shop: Shop, told: dict[str, list[tuple[Any, ...]]]) -> None:
    for path in ("/stores", "/product-groups", "/products"):
        shop.on_call(path, takes_a_while(shop))
    shop.run()

    assert told["stores"] == [(None, None, 0, None)]
    assert told["product-groups"] == [(RunStage.CATALOG, None, 0, None)]
    assert told["products"] == [(RunStage.CATALOG, "Лавка", 0, None)]
    assert {stage for stage, *_ in told["market.add"]} == {RunStage.ADD}
    assert {stage for stage, *_ in told["market.addToAlbum"]} == {RunStage.ALBUMS}


@pytest.mark.one_by_one
def test_a_run_tells_when_it_will_be_done_once_it_knows_its_pace(
    shop: Shop, told: dict[str, list[tuple[Any, ...]]]
) -> None:
    shop.fill(20)

    def takes_a_second(call: Callable[[], Response]) -> Response:
        shop.clock.move(seconds=1)
        return call()

    shop.on_call("/market.add", takes_a_second, times=100)
    shop.run()

    ends = [ends_at for *_, ends_at in told["market.add"]]
    assert ends[:3] == [None] * 3 and None not in ends[10:]


def test_a_long_name_of_a_store_is_cut(shop: Shop, told: dict[str, list[tuple[Any, ...]]]) -> None:
    shop.sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": TINY, "name": "Л" * 400}])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert told["products"][0][1] in (None, "Л" * 255)


def test_the_wait_for_a_lost_answer_is_told(shop: Shop) -> None:
    stages: list[str | None] = []

    def sleep(seconds: float) -> None:
        stages.append(as_another_process_reads()[0])
        shop.clock.sleep(seconds)

    shop.sandbox.fault("vk", "drop_before", "market.add", times=1)
    shop.run(sleep=sleep)

    assert RunStage.WAIT in stages


def test_telling_costs_no_write_of_its_own(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage goes with the lease, which is renewed before every write anyway."""
    shop.fill(5)

    with counted_statements() as statements:
        shop.run()

    telling = [statement for statement in statements if "stage=" in statement]
    assert all(statement.startswith("UPDATE sync_runs SET lease_until=") for statement in telling)
    assert len(telling) < 10


def test_a_quick_run_tells_nothing_before_it_has_something_to_do(shop: Shop) -> None:
    shop.run()
    shop.run()
    seen: list[Any] = []

    def hook(call: Callable[[], Response]) -> Response:
        seen.append(as_another_process_reads())
        return call()

    for path in ("/stores", "/products", "/market.get"):
        shop.on_call(path, hook)
    shop.run()

    assert seen == [(None, None, 0, None)] * 3
