"""A tiny shop, ready to be synchronised."""

import pytest
from flask import Flask

from tests.factories import PASSWORD
from tests.support.page import Browser
from tests.support.sandbox import EXTENDED_CLUB, Sandbox
from tests.support.shop import Shop


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def shop_everywhere(app_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The same on both databases."""
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def extended_shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """In a community whose shop keeps stock."""
    return Shop(sandbox, monkeypatch, EXTENDED_CLUB)


@pytest.fixture
def pages(app: Flask, shop: Shop) -> Browser:
    """The owner's, signed in."""
    browser = Browser(app.test_client())
    browser.sign_in(shop.owner.email, PASSWORD)
    return browser
