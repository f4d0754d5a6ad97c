"""The owner, a stranger, and their browsers."""

from functools import partial

import pytest
from flask import Flask

from app.clients.evotor.client import EvotorClient
from app.clients.vk.client import VkClient
from app.models import User
from app.services.vendors import clients
from tests.factories import PASSWORD, make_user
from tests.support.clock import NOON, stop_at
from tests.support.page import Browser


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages say «сегодня», «вчера», «5 минут назад»: no test begins on one day and ends on the next."""
    stop_at(monkeypatch, NOON)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries of a call; how long that would be is a matter of the clients' own tests."""
    for client in (VkClient, EvotorClient):
        monkeypatch.setattr(clients, client.__name__, partial(client, sleep=lambda _seconds: None, jitter=float))


@pytest.fixture
def owner(app: Flask) -> User:
    return make_user("owner@example.ru")


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """Nobody in particular."""
    return Browser(app.test_client())


@pytest.fixture
def browser(app: Flask, owner: User) -> Browser:
    """The owner's, signed in."""
    browser = Browser(app.test_client())
    browser.sign_in(owner.email, PASSWORD)
    return browser


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Somebody else's, signed in."""
    user = make_user("stranger@example.ru")
    browser = Browser(app.test_client())
    browser.sign_in(user.email, PASSWORD)
    return browser
