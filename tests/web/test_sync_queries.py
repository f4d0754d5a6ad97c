"""The pages of the synchronisation ask the database little, and no more for a long catalog than for a short one."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.db import db
from tests.factories import PASSWORD
from tests.support.page import Browser
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop

MOST = {"/sync": 14, "/sync/plan": 10, "/sync/plan?q=товар": 11, "/sync/problems": 14, "/connections": 14}


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def pages(app: Flask, shop: Shop) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(shop.owner.email, PASSWORD)
    return browser


@pytest.fixture
def asked(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    event.remove(db.engine, "before_cursor_execute", note)


def count(pages: Browser, asked: list[tuple[str, Any]]) -> dict[str, int]:
    """Of each page, once the plan is made."""
    counts = {}
    for path in MOST:
        pages.get(path)
        asked.clear()
        pages.get(path)
        counts[path] = len(asked)
    return counts


@pytest.mark.parametrize("has_run", [False, True])
def test_a_page_asks_little(shop: Shop, pages: Browser, asked: list[tuple[str, Any]], has_run: bool) -> None:
    if has_run:
        shop.run()
    counts = count(pages, asked)
    assert {path: asked for path, asked in counts.items() if asked > MOST[path]} == {}


def test_a_long_catalog_is_asked_no_more_than_a_short_one(
    shop: Shop, pages: Browser, asked: list[tuple[str, Any]]
) -> None:
    shop.run()
    before = count(pages, asked)
    shop.fill(60)
    shop.run()
    assert count(pages, asked) == before


@pytest.mark.parametrize("path", MOST)
def test_listings_are_counted_without_reading_them(
    shop: Shop, pages: Browser, asked: list[tuple[str, Any]], path: str
) -> None:
    shop.run()
    count(pages, asked)
    asked.clear()
    pages.get(path)

    about = [(statement, parameters) for statement, parameters in asked if "FROM listings" in statement]
    connection = db.session.connection()
    steps = [
        str(row[-1])
        for statement, parameters in about
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    read = [step for step in steps if "listings" in step and "USING COVERING INDEX ix_listings_" not in step]
    assert about
    assert read in ([], ["SEARCH listings USING INDEX ix_listings_rejected (user_id=? AND vk_group_id=? AND state=?)"])
