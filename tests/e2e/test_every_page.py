"""All pages, with nothing in them and with plenty: axe finds nothing; what else no page may do, the window watches."""

from collections.abc import Iterable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from app.db import db
from app.models import MailKind, User
from app.services.mail import tokens
from app.services.ops import operators
from tests.e2e.conftest import Open, sign_in
from tests.e2e.shops import SHIRTS, TEA, open_busy_shop
from tests.factories import make_user
from tests.support.product import Product
from tests.support.sandbox import STORE
from tests.support.visit import DESKTOP, PHONE

SIZES = {"rules": {"target-size": {"enabled": True}}}
"""Beside what axe checks of itself: nothing to press is too small or too near to another."""
CONTRAST = {"runOnly": ["color-contrast"]}
LOADED = Axe("")
"""For a page that has axe already: its half a megabyte is not sent and read again."""
LOOKS = pytest.mark.parametrize("look", [DESKTOP, PHONE], ids=["desktop", "phone"])
BROKEN = r"""
() => {
  const broken = [];
  for (const cell of document.querySelectorAll(".table td, .table th")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      for (const { 0: word, index } of node.data.matchAll(/[А-Яа-яЁё]+/g)) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        if (new Set([...range.getClientRects()].map((part) => Math.round(part.top))).size > 1) broken.push(word);
      }
  }
  return broken;
}
"""
"""Russian words that stand on two lines, without what has a form or a picture of its own."""
EXAMPLES = {"store_id": STORE, "group_id": SHIRTS, "product_id": TEA, "run_id": "1", "user_id": "1"}
"""For what stands in addresses: a new page with another such part adds one here."""


@LOOKS
def test_the_pages_of_visitors_are_accessible(open_window: Open, look: dict[str, Any]) -> None:
    _check(open_window(404, **look), ["/login", "/register", "/password/forgot", "/nowhere"])


@LOOKS
def test_the_pages_of_a_new_owner_are_accessible(product: Product, open_window: Open, look: dict[str, Any]) -> None:
    with product.inside():
        operators.grant(make_user())
    window = open_window(**look)
    sign_in(window)
    _check(window, product.pages())


@LOOKS
def test_the_pages_of_a_busy_shop_are_accessible(product: Product, open_window: Open, look: dict[str, Any]) -> None:
    open_busy_shop(product)
    with product.inside():
        operators.grant(db.session.get_one(User, 1))
    window = open_window(**look)
    sign_in(window).shows("ждут вашего решения")
    sections = [f"/sync/plan?show={name}" for name in ("hide", "skipped", "albums")]
    _check(window, [*product.pages(**EXAMPLES), *sections])


@LOOKS
def test_the_pages_behind_links_of_mails_are_accessible(
    product: Product, open_window: Open, look: dict[str, Any]
) -> None:
    with product.inside():
        owner = make_user()
        links = [
            f"/password/reset/{tokens.reset_token(owner)}",
            f"/email/confirm/{tokens.confirm_token(owner)}",
            f"/mail/stop/{tokens.stop_token(owner, MailKind.APPROVAL)}",
            "/password/reset/old",
        ]
    _check(open_window(404, **look), links)


def test_every_kind_of_page_is_looked_at(product: Product) -> None:
    assert product.parts_of_addresses() <= EXAMPLES.keys() | {"token"}, "an address of a new kind has no example"


def _check(window: Page, paths: Iterable[str]) -> None:
    """In the light, and its contrasts also in the dark."""
    found: list[str] = []
    for path in paths:
        window.goto(path)
        found += [f"{path} {fault}" for fault in _faults(window, Axe(), SIZES)]
        window.emulate_media(color_scheme="dark")
        found += [f"{path} in the dark {fault}" for fault in _faults(window, LOADED, CONTRAST)]
        window.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


def _faults(window: Page, axe: Axe, rules: dict[str, Any]) -> list[str]:
    answer = axe.run(window, options={"resultTypes": ["violations"], **rules}).response
    return [
        f"{violation['id']}: {node['target']} {node['html'][:200]} {node['failureSummary']}"
        for violation in answer["violations"]
        for node in violation["nodes"]
    ]


@LOOKS
def test_no_word_of_ours_breaks_in_a_table(product: Product, open_window: Open, look: dict[str, Any]) -> None:
    open_busy_shop(product)
    with product.inside():
        operators.grant(db.session.get_one(User, 1))
        make_user("new@example.ru")
    window = open_window(**look)
    sign_in(window)
    for path in ("/account", "/sync/runs", "/ops/users"):
        window.goto(path)
        assert (path, window.evaluate(BROKEN)) == (path, [])
