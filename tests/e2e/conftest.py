"""The product with a server, the sandbox, and owners with real browsers. Every worker has its own of everything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Page, expect
from pytest_playwright import CreateContextCallback

from tests.e2e.pages import SignIn, SyncPage
from tests.e2e.shops import open_fair
from tests.factories import PASSWORD
from tests.support.product import Product
from tests.support.sandbox import Sandbox
from tests.support.visit import DESKTOP, Watch, chromium

HERE = Path(__file__).parent
PATIENCE = 30_000
"""Milliseconds after which what did not come is not coming, on a busy machine."""

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": chromium()}


@pytest.fixture(scope="session")
def base_url(product_process: Product) -> str:
    """What addresses of pages begin with."""
    return product_process.url


@pytest.fixture
def product(product_process: Product, sandbox: Sandbox) -> Product:
    """As new: nobody registered, the sandbox at its seed."""
    assert product_process.sandbox is sandbox
    product_process.empty()
    return product_process


class Open(Protocol):
    def __call__(self, *refused: int, **options: Any) -> Page: ...


@pytest.fixture
def open_window(product: Product, new_context: CreateContextCallback) -> Iterator[Open]:
    """A window of a new browser; `refused`: the statuses of 400 and above that the test provokes."""
    watches: list[Watch] = []

    def opened(*refused: int, **options: Any) -> Page:
        context = new_context(locale="ru-RU", reduced_motion="reduce", **{**DESKTOP, **options})
        context.set_default_timeout(PATIENCE)
        watches.append(Watch(context, set(refused)))
        return context.new_page()

    yield opened
    for watch in watches:
        watch.check()


@pytest.fixture
def window(open_window: Open) -> Page:
    return open_window()


@pytest.fixture
def fair(product: Product) -> Product:
    """With an owner whose shop window shows the sandbox's second store."""
    open_fair(product)
    return product


def sign_in(page: Page) -> SyncPage:
    """As the owner."""
    return SignIn.open(page).enter("owner@example.ru", PASSWORD)
