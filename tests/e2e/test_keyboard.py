"""Without a mouse: what is pressed keeps the focus, and the keyboard goes on from there."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.pages import RulePage
from tests.e2e.shops import FAIR
from tests.support.product import Product

FAR = 200
"""No page of the tests has more stops of the Tab key."""


def test_the_first_stop_leads_past_the_navigation(fair: Product, window: Page) -> None:
    sign_in(window)
    window.reload()
    window.keyboard.press("Tab")
    skip = window.get_by_role("link", name="К содержанию")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    window.keyboard.press("Enter")
    expect(window).to_have_url("/sync#main")


def test_a_rule_of_a_store_is_switched_by_keyboard_alone(fair: Product, window: Page) -> None:
    _press_by_keyboard(sign_in(window).to_catalog(), "Исключить", "Лавка на Садовой")


@pytest.mark.parametrize("name", ["Мёд", "Пастила белёвская 200 г"], ids=["group", "product"])
def test_a_rule_inside_a_store_is_switched_by_keyboard_alone(fair: Product, window: Page, name: str) -> None:
    _press_by_keyboard(sign_in(window).to_catalog().to_store(FAIR).open_groups(), "Исключить", name)


def test_the_master_switch_keeps_the_focus(fair: Product, window: Page) -> None:
    sync = sign_in(window)
    _tab_to(window, sync.switch)
    window.keyboard.press("Space")
    expect(sync.switch).not_to_be_checked()
    expect(sync.switch).to_be_focused()


def _press_by_keyboard(screen: RulePage, mode: str, name: str) -> None:
    button = screen.rule(mode, name)
    _tab_to(screen.page, button)
    screen.page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport()


def _tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(FAR):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to {wanted}")
