"""What ends a run: what the owner has to mend, a vendor that fails, our own bug."""

from collections.abc import Callable
from typing import Any

import pytest

from app.clients.http import Response, TransportError
from app.models import ConnectionState, RunStatus
from tests.support.due import due_user_ids
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop

pytestmark = pytest.mark.one_by_one

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


@pytest.mark.parametrize(
    ("method", "code", "state"),
    [
        ("market.get", 14, ConnectionState.NEEDS_OWNER),
        ("market.add", 14, ConnectionState.NEEDS_OWNER),
        ("market.addAlbum", 14, ConnectionState.NEEDS_OWNER),
        ("market.addToAlbum", 14, ConnectionState.NEEDS_OWNER),
        ("market.saveProductPhoto", 14, ConnectionState.NEEDS_OWNER),
        ("market.add", 17, ConnectionState.NEEDS_OWNER),
        ("market.add", 205, ConnectionState.FORBIDDEN),
        ("market.add", 15, ConnectionState.FORBIDDEN),
        ("market.add", 1438, ConnectionState.SHOP_CLOSED),
        ("market.add", 5, ConnectionState.TOKEN_REJECTED),
    ],
)
def test_what_the_owner_has_to_mend_stops_the_run(
    shop: Shop, sandbox: Sandbox, method: str, code: int, state: ConnectionState
) -> None:
    sandbox.fault("vk", f"error:{code}", method)
    shop.forget_calls()

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, f"vk_{code}")
    assert shop.calls(method) == 1, "no hammering"
    connection = shop.owner.vk
    assert connection is not None
    assert (connection.state, connection.error_code) == (state, f"vk_{code}")
    assert 59 < shop.next_run_in().total_seconds() / 60 <= 60
    assert shop.owner_id not in due_user_ids()
    sandbox.clear_faults()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == ALL
    connection = shop.owner.vk
    assert connection is not None
    assert (connection.state, connection.error_code) == (ConnectionState.OK, None)
    assert shop.next_run_in().total_seconds() / 60 <= 15, "the pause is over"


def test_an_album_step_that_asks_the_owner_is_done_right_after_the_answer(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:14", "market.addAlbum", times=1)
    assert shop.run().status == RunStatus.STOPPED

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


def test_an_application_that_vk_refuses_is_a_failure(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:2", "market.add")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "vk_2")
    assert shop.calls("market.add") == 1


def test_five_strange_answers_in_a_row_end_the_run(shop: Shop, sandbox: Sandbox) -> None:
    for number in range(10):
        shop.put(f"N{number}")
    sandbox.fault("vk", "error:7777", "market.add")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "vk_strange_errors")
    assert shop.calls("market.add") == 5


@pytest.mark.parametrize("sent", [True, False])
def test_a_vk_that_answers_nothing_any_more_ends_the_run_with_a_pause(shop: Shop, sent: bool) -> None:
    shop.fill(5)

    def down(_call: Callable[[], Response]) -> Any:
        raise TransportError("down", sent=sent)

    shop.after_call("/market.getAlbums", lambda: shop.on_call("", down, times=200))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_unreachable")
    assert shop.prices() == {}
    assert 4 < shop.next_run_in().total_seconds() / 60 <= 5
    shop.stop_hooks()
    shop.clock.move(minutes=6)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == len(shop.sandbox.items()) == len(ALL) + 5


def test_a_market_that_cannot_be_read_ends_the_run(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "http_502", "market.get")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_unreachable")
    assert shop.writes() == 0


def test_our_own_bug_ends_in_a_failed_run_and_the_next_one_works(
    shop_everywhere: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services.photos import cards

    def broken(_name: str) -> bytes:
        raise ValueError("no picture")

    with monkeypatch.context() as patch:
        patch.setattr(cards, "draw", broken)
        outcome = shop_everywhere.run()
    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "internal")

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED
    assert shop_everywhere.prices() == ALL
