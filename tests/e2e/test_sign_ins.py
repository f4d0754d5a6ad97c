"""The whole way of a new owner who pastes nothing: by Evotor's cabinet and VK ID, on a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import WEBHOOK_SECRET
from tests.e2e.conftest import Open
from tests.e2e.pages import ShopWindow, SignIn, SyncPage
from tests.e2e.shops import FAIR, FAIR_GOODS
from tests.factories import PASSWORD
from tests.support.database import copy_sqlite
from tests.support.product import Product
from tests.support.sandbox import Sandbox
from tests.support.visit import PHONE
from tests.support.vk_id import CLIENT_ID

EMAIL = "new@example.ru"


@pytest.fixture
def partner(tmp_path: Path, sqlite_template: Path, sandbox: Sandbox) -> Iterator[Product]:
    """The product as Evotor and VK ID know it."""
    copy_sqlite(sqlite_template, tmp_path / "evosync.db")
    known: dict[str, Any] = {"VK_ID_URL": sandbox.url, "VK_CLIENT_ID": CLIENT_ID}
    known["EVOTOR_WEBHOOK_SECRET"] = WEBHOOK_SECRET
    product = Product(tmp_path / "evosync.db", sandbox, tmp_path / "product.log", **known)
    sandbox.control("evotor/partner", url=product.url, secret=WEBHOOK_SECRET)
    yield product
    product.stop()


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], partner: Product) -> dict[str, Any]:
    return {**browser_context_args, "base_url": partner.url}


def test_a_new_owner_connects_both_by_signing_in(partner: Product, open_window: Open) -> None:
    window = open_window(**PHONE)
    strangers = ShopWindow(window, partner.shop_window()).goods()

    sync = SignIn.open(window).to_registration().sign_up(EMAIL, PASSWORD)
    evotor = sync.to_connections().to_evotor().install(EMAIL, PASSWORD)
    partner.sync()
    vk = evotor.to_connections().shows("Магазинов").to_vk()
    connections = vk.sign_in().choose("Лавка на Садовой").shows("Сообщество ВК подключено")
    sync = connections.to_catalog().set_rule("Включить", FAIR).to_sync().turn_on()
    sync.confirm()
    partner.sync()

    SyncPage.open(window).shows("Всё в порядке")
    assert ShopWindow(window, partner.shop_window()).goods() - strangers == FAIR_GOODS
