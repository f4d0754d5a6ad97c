"""The owner, a stranger, and their browsers."""

import pytest
from flask import Flask

from app.models import User
from tests.factories import PASSWORD, make_user
from tests.support.clock import NOON, stop_at
from tests.support.page import Browser


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages say «сегодня», «вчера», «5 минут назад»: no test begins on one day and ends on the next, and none waits."""
    stop_at(monkeypatch, NOON)


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
