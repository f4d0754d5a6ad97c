"""A tiny shop, ready to be synchronised."""

import pytest
from flask import Flask

from tests.factories import PASSWORD
from tests.support.page import Browser
from tests.support.sandbox import EXTENDED_CLUB, Sandbox
from tests.support.settings import calls_go_singly
from tests.support.shop import Shop


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Shop:
    return made(request, Shop(sandbox, monkeypatch))


def made(request: pytest.FixtureRequest, shop: Shop) -> Shop:
    """Where the test is marked so, calls to VK are single ones."""
    if request.node.get_closest_marker("one_by_one"):
        calls_go_singly()
    return shop


@pytest.fixture
def shop_everywhere(
    app_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Shop:
    """The same on both databases."""
    return made(request, Shop(sandbox, monkeypatch))


@pytest.fixture
def extended_shop(
    app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Shop:
    """In a community whose shop keeps stock."""
    return made(request, Shop(sandbox, monkeypatch, EXTENDED_CLUB))


@pytest.fixture
def pages(app: Flask, shop: Shop) -> Browser:
    """The owner's, signed in."""
    browser = Browser(app.test_client())
    browser.sign_in(shop.owner.email, PASSWORD)
    return browser
