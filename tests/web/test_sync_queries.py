"""The pages of the synchronisation ask the database little, and no more for a long catalog than for a short one."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from app.db import db
from tests.factories import PASSWORD
from tests.support.page import Browser
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop

MOST = {"/sync": 25, "/sync/plan": 17, "/sync/plan?q=товар": 17, "/sync/problems": 25, "/connections": 25}


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def pages(app: Flask, shop: Shop) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(shop.owner.email, PASSWORD)
    return browser


@pytest.fixture
def asked(app: Flask) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    event.remove(db.engine, "before_cursor_execute", note)


def count(pages: Browser, asked: list[str]) -> dict[str, int]:
    """Of each page, once the plan is made."""
    counts = {}
    for path in MOST:
        pages.get(path)
        asked.clear()
        pages.get(path)
        counts[path] = len(asked)
    return counts


@pytest.mark.parametrize("has_run", [False, True])
def test_a_page_asks_little(shop: Shop, pages: Browser, asked: list[str], has_run: bool) -> None:
    if has_run:
        shop.run()
    counts = count(pages, asked)
    assert {path: asked for path, asked in counts.items() if asked > MOST[path]} == {}


def test_a_long_catalog_is_asked_no_more_than_a_short_one(shop: Shop, pages: Browser, asked: list[str]) -> None:
    shop.run()
    before = count(pages, asked)
    shop.fill(60)
    shop.run()
    assert count(pages, asked) == before
