"""The pages of the synchronisation ask the database little, and no more for a long catalog than for a short one."""

import pytest
from flask import Flask

from tests.factories import PASSWORD
from tests.support.page import Browser
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop
from tests.support.statements import counted_statements, noted_statements, plan_of

MOST = {"/sync": 15, "/sync/plan": 10, "/sync/plan?q=товар": 11, "/sync/problems": 15, "/connections": 15}


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def pages(app: Flask, shop: Shop) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(shop.owner.email, PASSWORD)
    return browser


def count(pages: Browser) -> dict[str, int]:
    """Of each page, once the plan is made."""
    counts = {}
    for path in MOST:
        pages.get(path)
        with counted_statements() as asked:
            pages.get(path)
        counts[path] = len(asked)
    return counts


@pytest.mark.parametrize("has_run", [False, True])
def test_a_page_asks_little(shop: Shop, pages: Browser, has_run: bool) -> None:
    if has_run:
        shop.run()
    assert {path: asked for path, asked in count(pages).items() if asked > MOST[path]} == {}


def test_a_long_catalog_is_asked_no_more_than_a_short_one(shop: Shop, pages: Browser) -> None:
    shop.run()
    before = count(pages)
    shop.fill(60)
    shop.run()
    assert count(pages) == before


@pytest.mark.parametrize("path", MOST)
def test_listings_are_counted_without_reading_them(shop: Shop, pages: Browser, path: str) -> None:
    shop.run()
    count(pages)
    with noted_statements(lambda statement: "FROM listings" in statement) as about:
        pages.get(path)

    steps = [step for asked in about for step in plan_of(*asked).split("\n")]
    read = [step for step in steps if "listings" in step and "USING COVERING INDEX ix_listings_" not in step]
    assert about
    assert read in ([], ["SEARCH listings USING INDEX ix_listings_rejected (user_id=? AND vk_group_id=? AND state=?)"])
