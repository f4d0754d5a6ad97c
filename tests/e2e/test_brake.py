"""A plan that looks like an accident waits for its owner."""

from playwright.sync_api import Page

from tests.e2e.conftest import sign_in
from tests.e2e.pages import ShopWindow, SyncPage
from tests.e2e.shops import FAIR, FAIR_GOODS, SWEETS
from tests.support.product import Product


def test_a_plan_that_hides_most_goods_waits_until_it_is_approved(fair: Product, window: Page) -> None:
    store = sign_in(window).to_filters().to_store(FAIR).open_groups()
    store.set_rule("Исключить", "Сладости").to_sync().run_now()
    fair.sync()
    assert ShopWindow(window, fair.shop_window()).goods() >= FAIR_GOODS

    plan = SyncPage.open(window).shows("Изменения ждут вашего решения").to_plan()
    assert set(plan.section("Скрыть").goods()) == SWEETS
    plan.approve().shows("Одобрено")
    fair.sync()
    shown = ShopWindow(window, fair.shop_window()).goods()
    assert shown & FAIR_GOODS == FAIR_GOODS - SWEETS
