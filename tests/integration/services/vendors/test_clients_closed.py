"""Whoever opens a client closes it, however what it was opened for ends."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests

from app.clients.http import Transport
from app.models import RunStatus, User
from app.services.catalog import refresh
from app.services.connections import evotor, vk
from app.services.errors import ServiceError
from app.services.market import categories
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, VK_TOKEN, Sandbox
from tests.support.shop import TINY, Shop


class Sessions:
    """The sessions that clients opened, and those of them that are open still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[requests.Session] = []
        self.left: list[requests.Session] = []
        make, close = Transport.__init__, Transport.close

        def opens(transport: Transport, *args: Any, **options: Any) -> None:
            make(transport, *args, **options)
            self.opened.append(transport._session)
            self.left.append(transport._session)

        def closes(transport: Transport) -> None:
            close(transport)
            self.left.remove(transport._session)

        monkeypatch.setattr(Transport, "__init__", opens)
        monkeypatch.setattr(Transport, "close", closes)

    def are_closed(self) -> bool:
        return bool(self.opened) and not self.left


@pytest.fixture
def sessions(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    return Sessions(monkeypatch)


ASKED: dict[str, Callable[[User], object]] = {
    "connect Evotor": lambda user: evotor.connect_evotor(user, EVOTOR_TOKEN),
    "connect VK": lambda user: vk.connect_vk(user, VK_TOKEN, CLUB),
    "check Evotor": evotor.check_evotor,
    "check VK": vk.check_vk,
    "refresh": refresh.refresh,
    "accept a store": lambda user: refresh.refresh_trusted(user, TINY),
    "read the categories": categories.refresh_categories,
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_what_was_asked_leaves_no_session_open(shop: Shop, sessions: Sessions, ask: Callable[[User], object]) -> None:
    ask(shop.owner)

    assert sessions.are_closed()


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_nor_does_a_refusal(shop: Shop, sandbox: Sandbox, sessions: Sessions, ask: Callable[[User], object]) -> None:
    sandbox.fault("evotor", "401")
    sandbox.fault("vk", "auth")
    with suppress(ServiceError):
        ask(shop.owner)

    assert sessions.are_closed()


def test_a_run_leaves_no_session_open(shop: Shop, sessions: Sessions) -> None:
    assert shop.run().status == RunStatus.SUCCEEDED

    assert sessions.are_closed()


def test_nor_does_one_that_vk_stops(shop: Shop, sandbox: Sandbox, sessions: Sessions) -> None:
    sandbox.fault("vk", "auth")

    assert shop.run().status == RunStatus.STOPPED
    assert sessions.are_closed()


@pytest.mark.one_by_one
def test_nor_does_one_that_dies_half_way(shop: Shop, sessions: Sessions) -> None:
    def die(_call: Callable[[], object]) -> Any:
        raise RuntimeError("our own mistake")

    shop.on_call("market.add", die)

    assert shop.run().status == RunStatus.FAILED
    assert sessions.are_closed()
