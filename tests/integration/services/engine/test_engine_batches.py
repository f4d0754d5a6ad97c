"""A market of many pages: what its whole read costs, and what is done where VK takes no batches."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.models import ConnectionState, RunStatus, SyncConfig, SyncRun
from app.services.engine.context import held_lease
from app.services.pages.sync.problems import problems
from tests.support.sandbox import CLUB, Sandbox
from tests.support.settings import calls_go_singly
from tests.support.shop import Shop

PAGES = 5
SINGLE = {"vk.market.get": PAGES, "vk.market.getAlbums": 1}
BATCHED = {"vk.market.get": 1, "vk.execute": 1, "vk.market.getAlbums": 1}


@pytest.fixture
def large(shop: Shop) -> Shop:
    """All is in sync, and the community holds five pages of items."""
    shop.run()
    shop.sandbox.control("vk/items", club=CLUB, add=[{"name": f"Чужой товар {number}"} for number in range(900)])
    return shop


def read_whole(shop: Shop, **span: float) -> dict[str, int]:
    """What a run costs VK that reads all of it, so much time later."""
    shop.clock.move(**span)
    state = shop.owner.sync_state
    assert state is not None
    state.market_read_at = None
    db.session.commit()
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    calls = shop.sandbox.dump()["calls"].items()
    return {name: times for name, times in calls if name.startswith("vk.")}


def resting(shop: Shop) -> dict[str, str]:
    connection = shop.owner.vk
    assert connection is not None
    assert connection.state == ConnectionState.OK
    return connection.resting


def test_the_daily_read_of_many_pages_costs_two_requests_and_one_for_albums(large: Shop) -> None:
    large.clock.move(hours=25)
    large.forget_calls()

    assert large.run().status == RunStatus.SUCCEEDED

    calls = large.sandbox.dump()["calls"]
    assert {name: times for name, times in calls.items() if name.startswith("vk.")} == BATCHED
    assert large.writes() == 0, "our items stand on the last page, and none is missed"


@pytest.mark.parametrize("kind", ["error:3", "error:12", "no_right", "rate_limit", "one_fewer", "garbage"])
def test_what_vk_refuses_is_read_by_single_calls_and_left_alone_for_a_day(
    large: Shop, sandbox: Sandbox, kind: str
) -> None:
    sandbox.fault("vk", kind, "execute")

    first = read_whole(large)

    assert first | {"vk.execute": 1} == SINGLE | {"vk.execute": 1}
    assert resting(large).keys() == {"execute"}
    assert read_whole(large, hours=23) == SINGLE, "not tried again"
    assert read_whole(large, hours=2)["vk.execute"] >= 1, "the day is over"
    assert read_whole(large) == SINGLE, "and refused for another one"
    sandbox.clear_faults()
    assert read_whole(large, hours=25) == BATCHED
    assert resting(large) == {}


def test_a_refused_batch_is_nothing_that_a_run_lacks_or_an_owner_reads_of(large: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:3", "execute")
    before = problems(large.owner, {}, plan_waits=False)

    read_whole(large)
    large.patch("P1", price=111)

    assert large.run().status == RunStatus.SUCCEEDED
    assert large.prices()["P1"] == "111.00"
    assert problems(large.owner, {}, plan_waits=False) == before
    assert large.next_run_in() > timedelta(minutes=1)


def test_silence_is_read_by_single_calls_and_not_remembered(large: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "execute", times=2)

    assert read_whole(large) == SINGLE | {"vk.execute": 2}
    assert resting(large) == {}
    assert read_whole(large) == BATCHED


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        (5, RunStatus.STOPPED, ConnectionState.TOKEN_REJECTED),
        (205, RunStatus.STOPPED, ConnectionState.FORBIDDEN),
        (14, RunStatus.STOPPED, ConnectionState.NEEDS_OWNER),
        (9, RunStatus.CONTINUED, ConnectionState.OK),
        (29, RunStatus.CONTINUED, ConnectionState.OK),
    ],
)
def test_what_ends_a_run_outside_a_batch_ends_it_inside(
    large: Shop, sandbox: Sandbox, code: int, status: RunStatus, state: ConnectionState
) -> None:
    large.clock.move(hours=25)
    sandbox.fault("vk", f"error:{code}", "market.get", after=2)

    outcome = large.run()

    assert (outcome.status, outcome.error) == (status, f"vk_{code}")
    connection = large.owner.vk
    assert connection is not None
    assert (connection.state, connection.resting) == (state, {})
    sandbox.clear_faults()
    assert large.run().status == RunStatus.SUCCEEDED


@pytest.fixture
def asked_alone(large: Shop) -> Shop:
    """The day's read is due, and each page of its batch is refused there and has to be asked for alone."""
    large.clock.move(hours=25)
    large.sandbox.fault("vk", "error:10", "market.get", after=1, times=PAGES - 1)
    return large


def test_the_lease_is_renewed_between_pages_that_are_asked_for_alone(asked_alone: Shop) -> None:
    left = []

    def slow(call: Callable[[], Response]) -> Response:
        with db.engine.begin() as connection:
            until = connection.execute(sa.select(sa.func.max(SyncRun.lease_until))).scalar_one()
        assert until is not None
        left.append(until - asked_alone.clock.utcnow())
        asked_alone.clock.move(seconds=50)
        return call()

    asked_alone.on_call("/market.get", slow, times=PAGES)

    assert asked_alone.run().status == RunStatus.SUCCEEDED

    assert len(left) == PAGES
    assert max(left) - min(left) < timedelta(seconds=10), "whole each time"


def test_a_run_is_switched_off_between_pages_that_are_asked_for_alone(
    asked_alone: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_lease, "WHILE_READING", timedelta(0))  # as if pages took seconds
    asked = []

    def switch_off(call: Callable[[], Response]) -> Response:
        asked.append(1)
        if len(asked) == 2:
            with db.engine.begin() as connection:
                connection.execute(sa.update(SyncConfig).values(is_enabled=False))
        return call()

    asked_alone.on_call("/market.get", switch_off, times=PAGES)

    assert (asked_alone.run().status, len(asked)) == (RunStatus.STOPPED, 2)


def test_a_worker_told_to_stop_stops_between_pages_that_are_asked_for_alone(asked_alone: Shop) -> None:
    asked = []

    def note(call: Callable[[], Response]) -> Response:
        asked.append(1)
        return call()

    asked_alone.on_call("/market.get", note, times=PAGES)

    assert (asked_alone.run(is_stopping=lambda: len(asked) >= 2).status, len(asked)) == (RunStatus.CONTINUED, 2)


def test_the_setting_of_operators_makes_calls_single(large: Shop) -> None:
    calls_go_singly()

    assert read_whole(large) == SINGLE
