"""The owner, a stranger, and their browsers."""

import pytest
from argon2 import PasswordHasher
from flask import Flask

from app.models import User
from app.services import accounts
from tests.factories import PASSWORD, make_user
from tests.support.page import Browser


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


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
