"""The page of Evotor: two ways to connect, and what it says when the application comes and goes."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import AccountEvent, ConnectionState, EventKind, User
from app.tasks.sync import run_due, run_one
from tests.conftest import running_app, settings_for
from tests.factories import PASSWORD, connect_both, make_active, make_user
from tests.support.page import HTMX, Browser
from tests.support.sandbox import EVOTOR_TOKEN, Sandbox
from tests.support.webhooks import Webhooks


@pytest.fixture
def evotor(client: FlaskClient) -> Webhooks:
    return Webhooks(client)


def test_two_ways_stand_side_by_side(browser: Browser, owner: User) -> None:
    page = browser.get("/evotor")
    assert "Установить приложение в Эвоторе" in page.text and "Вставить ключ доступа" in page.text
    assert settings().evotor_api_url.replace("/evotor", "/ui/evotor") in page.links()
    assert owner.email in page.text


def test_without_a_secret_there_is_one_way(sqlite_url: str, sandbox: Sandbox) -> None:
    for app in running_app(settings_for(sqlite_url, sandbox, evotor_webhook_secret="")):
        browser = Browser(app.test_client())
        browser.sign_in(make_user().email, PASSWORD)
        page = browser.get("/evotor")
        assert "Установить приложение" not in page.text and not page.all("[hx-trigger]")


def test_the_real_cabinet_is_evotor_s_market(sqlite_url: str) -> None:
    for app in running_app(settings_for(sqlite_url, evotor_api_url="https://api.evotor.ru")):
        browser = Browser(app.test_client())
        browser.sign_in(make_user().email, PASSWORD)
        assert "https://market.evotor.ru" in browser.get("/evotor").links()


def test_a_link_waits_for_its_key(browser: Browser, evotor: Webhooks) -> None:
    evotor.verify()
    page = browser.get("/evotor")
    assert "ждём от неё ключ доступа" in page.text and page.one("#evotor-content")["hx-trigger"]


def test_a_delivered_key_is_being_checked_and_a_press_shows_the_stores(browser: Browser, evotor: Webhooks) -> None:
    evotor.verify()
    evotor.token(EVOTOR_TOKEN)
    page = browser.get("/evotor")
    assert "Проверяем" in page.text and "передал ключ доступа" in page.text

    page = browser.submit("/evotor/check")
    assert page.notices[0] == "Проверили: всё работает." and "Магазинов 2" in page.text
    assert not page.one("#evotor-content").get("hx-trigger")


def test_the_page_asks_until_the_catalog_was_read_and_then_says_what_comes_next(
    browser: Browser, owner: User, evotor: Webhooks
) -> None:
    evotor.verify()
    waiting = browser.get("/evotor").one("#evotor-content")["hx-get"]
    assert browser.get(str(waiting), 204, headers=HTMX).html == ""

    evotor.token(EVOTOR_TOKEN)
    assert owner.evotor is not None
    owner.evotor.note(ConnectionState.OK, None, utcnow())
    page = browser.get(str(waiting), headers=HTMX)
    assert page.one("#evotor-content")["hx-trigger"] and "Скоро загрузим магазины" in page.text
    assert "Установить приложение в Эвоторе" not in page.text and "Заменить ключ доступа" in page.text

    list(run_due())
    page = browser.get("/evotor")
    assert not page.one("#evotor-content").get("hx-trigger") and "Дальше: подключите ВК" in page.text


def test_a_removed_application_is_told_with_the_way_back(browser: Browser, owner: User, evotor: Webhooks) -> None:
    connect_both(owner)
    evotor.uninstalled(1_000)

    page = browser.get("/evotor")
    assert "Приложение удалено" in page.text and "Установить приложение снова" in page.text
    assert "Приложение удалено" in browser.get("/connections").text
    assert "Приложение удалено в Эвоторе" in browser.get("/sync/problems").text


def test_a_removed_application_stays_told_while_its_key_works(browser: Browser, owner: User, evotor: Webhooks) -> None:
    connect_both(owner)
    evotor.uninstalled(1_000)
    browser.get("/evotor")
    page = browser.submit("/evotor/check")

    assert page.notices[0].startswith("Эвотор сообщил, что приложение EvoSync удалено")
    assert "Приложение удалено" in page.text and "Установить приложение снова" in page.text
    assert "Приложение удалено" in browser.get("/connections").text
    for address in ("/sync", "/sync/problems"):
        assert "Приложение удалено в Эвоторе" in browser.get(address).text


def test_a_running_shop_is_not_called_in_order_while_its_application_is_removed(
    browser: Browser, owner: User, evotor: Webhooks
) -> None:
    run_one(make_active(connect_both(owner)))
    assert "Всё в порядке" in browser.get("/sync").text
    evotor.uninstalled(1_000)
    run_one(owner)

    page = browser.get("/sync")
    assert "Приложение удалено в Эвоторе" in page.text and "Пока всё обновляется" in page.text
    assert "Всё в порядке" not in page.text


def test_an_application_that_is_installed_again_is_not_called_removed(
    browser: Browser, owner: User, evotor: Webhooks, sandbox: Sandbox
) -> None:
    run_one(make_active(connect_both(owner)))
    evotor.uninstalled(1_000)
    sandbox.fault("evotor", "401")
    run_one(owner)
    assert "Установите его снова" in browser.get("/sync").text
    evotor.installed(2_000)

    page = browser.get("/sync")
    assert "Эвотор подключён снова. Обновление начнётся в ближайшие минуты." in page.text
    assert "Установите его снова" not in page.text


def test_disconnecting_forgets_who_is_linked(browser: Browser, owner: User, evotor: Webhooks, app: Flask) -> None:
    evotor.verify()
    browser.get("/evotor")
    page = browser.submit("/evotor/disconnect")
    evotor.token(EVOTOR_TOKEN)

    assert "уже был отключён" not in page.notices[0]
    assert db.session.query(AccountEvent).filter_by(kind=EventKind.EVOTOR_DISCONNECTED).count() == 1

    assert "Не подключено" in browser.get("/connections").text
    other = make_user("other@example.ru")
    evotor.verify(username=other.email)
