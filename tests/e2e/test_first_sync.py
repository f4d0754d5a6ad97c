"""From the registration to the shop window."""

import pytest

from tests.e2e.conftest import Open
from tests.e2e.pages import Registration, ShopWindow, SignIn, SyncPage
from tests.e2e.shops import FAIR, FAIR_GOODS
from tests.factories import PASSWORD
from tests.support.product import Product
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, VK_TOKEN
from tests.support.visit import DESKTOP, PHONE


@pytest.mark.parametrize(
    "look",
    [DESKTOP, PHONE, {**DESKTOP, "java_script_enabled": False}, {**PHONE, "java_script_enabled": False}],
    ids=["desktop", "phone", "desktop without script", "phone without script"],
)
def test_a_new_owner_fills_the_shop_window(product: Product, open_window: Open, look: dict[str, object]) -> None:
    window = open_window(**look)
    strangers = ShopWindow(window, product.shop_window()).goods()

    sync = _connect_both(SignIn.open(window).to_registration())
    sync = sync.to_filters().set_rule("Включить", FAIR).to_sync().turn_on()
    plan = sync.to_plan().section("Добавить")
    announced = plan.goods()
    sync = plan.to_sync().confirm()
    product.sync()
    sync = SyncPage.open(window)

    run = sync.to_history().to_last_run()
    run.shows("Завершено")
    assert set(announced) == FAIR_GOODS
    assert ShopWindow(window, product.shop_window()).goods() - strangers == FAIR_GOODS


def _connect_both(registration: Registration) -> SyncPage:
    sync = registration.sign_up("new@example.ru", PASSWORD).shows("Эвотор не подключён")
    connections = sync.to_connections().to_evotor().connect(EVOTOR_TOKEN).shows("Эвотор подключён")
    return connections.to_vk().connect(CLUB, VK_TOKEN).shows("Сообщество ВК подключено").to_sync()
