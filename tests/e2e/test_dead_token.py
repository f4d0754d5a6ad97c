"""A token that VK no longer takes: the owner sees it wherever he looks, and gets out."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.pages import ConnectionsPage, SyncPage, VkPage
from tests.e2e.shops import PASTILA
from tests.support.product import Product
from tests.support.sandbox import CLUB, SECOND_STORE, VK_TOKEN

DEAD = "Ключ доступа ВК больше не действует"


def test_a_dead_token_is_told_everywhere_and_a_new_one_mends_it(fair: Product, window: Page) -> None:
    sync = sign_in(window)
    fair.sandbox.patch_product(PASTILA, SECOND_STORE, price=450)
    fair.sandbox.fault("vk", "auth")
    sync.run_now()
    fair.sync()

    ConnectionsPage.open(window).shows(DEAD)
    SyncPage.open(window).shows(DEAD).main.get_by_role("link", name="Открыть подключение ВК").first.click()
    fair.sandbox.clear_faults()
    connections = VkPage(window).shows(DEAD).connect(CLUB, VK_TOKEN)

    expect(connections.main).not_to_contain_text(DEAD)
    sync = connections.to_sync().run_now()
    fair.sync()
    SyncPage.open(window).to_history().to_last_run().shows("Завершено")
