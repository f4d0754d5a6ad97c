"""A group leaves the shop window, and comes back."""

from playwright.sync_api import Page

from tests.e2e.conftest import sign_in
from tests.e2e.pages import ShopWindow, SyncPage
from tests.e2e.shops import FAIR, FAIR_GOODS, HONEY
from tests.support.product import Product


def test_an_excluded_group_leaves_the_window_as_the_plan_said(fair: Product, window: Page) -> None:
    sync = _exclude_honey(window)
    assert set(sync.to_plan().section("Скрыть").goods()) == HONEY
    SyncPage.open(window).run_now()
    fair.sync()
    assert not ShopWindow(window, fair.shop_window()).goods() & HONEY


def test_what_a_run_hid_is_shown_again_at_a_press(fair: Product, window: Page) -> None:
    _exclude_honey(window).run_now()
    fair.sync()
    SyncPage.open(window).to_history().to_last_run().undo()
    fair.sync()
    assert ShopWindow(window, fair.shop_window()).goods() >= FAIR_GOODS


def _exclude_honey(window: Page) -> SyncPage:
    store = sign_in(window).to_filters().to_store(FAIR).open_groups()
    return store.set_rule("Исключить", "Мёд").to_sync()
