"""Signing in with VK ID: the way there and back, and what comes back wrong."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import User, UserSession, VkPendingAccess, VkSignIn
from app.services.ops.pruning import prune
from app.web import access
from config import Settings
from tests.conftest import settings_for
from tests.factories import PASSWORD, connect_both
from tests.support.clock import NOON, stop_at
from tests.support.connections import stored_vk
from tests.support.page import Browser
from tests.support.sandbox import CLUB, Sandbox
from tests.support.vk_id import CLIENT_ID, asked, decided, followed, settings_of, signed_in


@pytest.fixture
def settings(sqlite_url: str, sandbox: Sandbox) -> Settings:
    return settings_for(sqlite_url, sandbox, **settings_of(sandbox))


def test_the_way_to_vk_is_what_oauth_asks_for(browser: Browser, sandbox: Sandbox) -> None:
    address = browser.get("/vk/authorize", 302).location
    request = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    assert address.startswith(f"{sandbox.url}/authorize?")
    assert (request["client_id"], request["response_type"]) == (CLIENT_ID, "code")
    assert request["scope"] == "market groups photos"
    assert request["redirect_uri"] == "http://localhost:8000/vk/callback"
    assert request["code_challenge_method"].lower() == "s256" and len(request["code_challenge"]) == 43
    assert len(request["state"]) >= 32


def test_every_try_has_a_state_and_a_challenge_of_its_own(browser: Browser) -> None:
    first, second = asked(browser), asked(browser)

    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_neither_state_nor_verifier_lies_readable_in_the_database(browser: Browser) -> None:
    request = asked(browser)

    with db.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT state_hash, verifier FROM vk_sign_ins").one()
    assert request["state"] not in row
    assert row.verifier.startswith("gAAAA")


def test_only_the_last_few_tries_are_remembered(browser: Browser) -> None:
    for _ in range(8):
        asked(browser)
    assert db.session.query(VkSignIn).count() == 5


def test_signing_in_leads_to_the_choice_and_stores_no_connection_yet(browser: Browser, sandbox: Sandbox) -> None:
    page = signed_in(browser, sandbox)

    assert (page.path, page.heading) == ("/vk/community", "Выбор сообщества")
    assert stored_vk() is None
    assert db.session.query(VkPendingAccess).count() == 1


def test_the_choice_connects_what_renews_itself(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)

    page = browser.post("/vk/community", {"group_id": str(CLUB)})

    assert page.path == "/connections" and page.notices == [
        "Сообщество ВК подключено. Теперь выберите товары в каталоге."
    ]
    vk = stored_vk()
    assert vk is not None and vk.is_signed_in and (vk.group_id, vk.state) == (CLUB, "ok")
    assert vk.refresh_token and vk.expires_at == NOON + timedelta(hours=1)
    assert db.session.query(VkPendingAccess).count() == 0
    assert "продлевается сам" in browser.get("/vk").text


def test_without_the_setting_nothing_of_it_is_offered(
    sqlite_url: str, sandbox: Sandbox, app: Flask, browser: Browser
) -> None:
    app.extensions["settings"] = settings_for(sqlite_url, sandbox)

    assert "Войти через ВК" not in browser.get("/vk").text
    for path in ("/vk/authorize", "/vk/callback?state=x&code=y"):
        browser.get(path, 404)


def test_with_it_signing_in_comes_first_and_pasting_second(browser: Browser) -> None:
    page = browser.get("/vk")
    assert page.text.index("Войти через ВК") < page.text.index("Или вставьте ключ доступа")
    assert page.one('form[action="/vk"]')


# What comes back wrong


@pytest.fixture
def before(owner: User) -> User:
    """Connected by a pasted key, which nothing below may take away."""
    return connect_both(owner)


def stays_connected() -> bool:
    vk = stored_vk()
    return vk is not None and (vk.group_id, vk.token, vk.state) == (CLUB, "demo-user", "ok")


def test_without_a_state_nobody_comes_back(browser: Browser, before: User) -> None:
    page = followed(browser, "/vk/callback?code=c&device_id=d")
    assert "ещё раз" in page.notices[0] and page.path == "/vk"
    assert stays_connected()


def test_a_state_of_another_time_is_refused(
    browser: Browser, sandbox: Sandbox, before: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = decided(sandbox, asked(browser))
    stop_at(monkeypatch, NOON + timedelta(minutes=16))

    assert "устарел" in followed(browser, back).notices[0]
    assert stays_connected() and sandbox.log("vkid")["entries"] == []


def test_the_way_back_is_good_for_once(browser: Browser, sandbox: Sandbox, before: User) -> None:
    back = decided(sandbox, asked(browser), decision="refuse")

    assert "не разрешили доступ" in followed(browser, back).notices[0]
    assert "уже завершён" in followed(browser, back).notices[0]
    assert stays_connected()


def test_who_loads_the_way_back_again_goes_on_choosing(browser: Browser, sandbox: Sandbox) -> None:
    back = decided(sandbox, asked(browser))
    followed(browser, back)

    assert followed(browser, back).path == "/vk/community"


def test_nobody_else_comes_back_for_this_owner(
    browser: Browser, stranger: Browser, sandbox: Sandbox, before: User
) -> None:
    back = decided(sandbox, asked(browser))

    assert "в другом окне или другой учётной записи" in followed(stranger, back).notices[0]
    assert followed(browser, back).path == "/vk", "the owner's own way back is not spent by that"
    assert stays_connected() is False, "the owner came back, and the community is connected anew"


def test_another_device_of_the_owner_does_not_come_back_either(
    app: Flask, browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    back = decided(sandbox, asked(browser))
    phone = Browser(app.test_client())
    phone.sign_in(owner.email, PASSWORD)

    assert "в другом окне" in followed(phone, back).notices[0]


def test_signing_out_while_one_begins_to_sign_in_at_vk_leads_to_the_sign_in(
    browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(work: Callable[[], str]) -> str:
        with db.engine.begin() as connection:
            connection.execute(sa.delete(UserSession))
        return access.writing(work)

    monkeypatch.setattr("app.web.connections.vk_id_views.writing", meanwhile)

    assert browser.get("/vk/authorize", 302).location.startswith("/login")
    assert db.session.query(VkSignIn).count() == 0


def test_signing_out_ends_what_was_begun(browser: Browser, owner: User) -> None:
    asked(browser)
    db.session.query(UserSession).delete()
    db.session.commit()
    assert db.session.query(VkSignIn).count() == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "wrong"}, "не подтвердил вход"),
        ({"code": ""}, "не подтвердил вход"),
        ({"device_id": ""}, "неполный ответ"),
        ({"device_id": "other"}, "не подтвердил вход"),
        ({"error": "server_error"}, "не подтвердил вход"),
    ],
)
def test_what_vk_does_not_vouch_for_changes_nothing(
    browser: Browser, sandbox: Sandbox, before: User, change: dict[str, str], said: str
) -> None:
    path, _, query = decided(sandbox, asked(browser)).partition("?")
    given = {name: values[0] for name, values in parse_qs(query).items()} | change

    page = followed(browser, f"{path}?{urlencode(given)}")

    assert said in page.notices[0] and page.path == "/vk"
    assert stays_connected() and db.session.query(VkPendingAccess).count() == 0


@pytest.mark.parametrize("kind", ["http_502", "garbage", "drop_before", "drop_after", "server_error", "slow_down"])
def test_while_vk_id_is_down_nothing_changes(browser: Browser, sandbox: Sandbox, before: User, kind: str) -> None:
    back = decided(sandbox, asked(browser))
    sandbox.fault("vkid", kind, "auth")

    assert "не ответил" in followed(browser, back).notices[0]
    assert stays_connected()


def test_an_answer_may_lack_what_we_do_not_need(browser: Browser, sandbox: Sandbox) -> None:
    back = decided(sandbox, asked(browser))
    sandbox.fault("vkid", "bare", "auth")

    assert followed(browser, back).path == "/vk/community"
    browser.post("/vk/community", {"group_id": str(CLUB)})
    vk = stored_vk()
    assert vk is not None and vk.expires_at == NOON + timedelta(hours=1)


def test_without_the_market_right_the_owner_reads_how_to_get_it(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.control("vk/settings", app_rights="groups photos")

    page = signed_in(browser, sandbox)

    assert page.path == "/vk" and "devsupport@corp.vk.com" in page.text and "Нет права на товары" in page.text
    assert page.one("details[open] form[action='/vk']"), "a pasted key is the way until then"
    assert "Нет права на товары" in browser.get("/connections").text


def test_the_lack_of_a_right_leaves_a_working_connection_alone(
    browser: Browser, sandbox: Sandbox, before: User
) -> None:
    sandbox.control("vk/settings", app_rights="groups photos")

    assert "не дал право на товары" in signed_in(browser, sandbox).notices[0]
    assert stays_connected()


def test_what_waits_for_a_choice_goes_when_a_key_is_pasted(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk", {"access_token": "demo-user", "group_id": str(CLUB)})
    assert db.session.query(VkPendingAccess).count() == 0


def test_it_goes_when_vk_is_disconnected(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk/disconnect")
    assert db.session.query(VkPendingAccess).count() == 0


def test_what_nobody_came_back_for_is_pruned(
    browser: Browser, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(browser, sandbox)
    asked(browser)
    stop_at(monkeypatch, NOON + timedelta(hours=1))

    pruned = prune(90)

    assert (pruned["vk_sign_ins"], pruned["vk_pending"]) == (1, 1)
    assert db.session.query(VkPendingAccess).count() == db.session.query(VkSignIn).count() == 0


def test_no_page_and_no_address_holds_a_token(browser: Browser, sandbox: Sandbox) -> None:
    page = signed_in(browser, sandbox)
    html = page.html + browser.post("/vk/community", {"group_id": str(CLUB)}).html + browser.get("/vk").html
    vk = stored_vk()
    assert vk is not None and vk.token and vk.refresh_token and vk.device_id
    assert not any(secret in html for secret in (vk.token, vk.refresh_token, vk.device_id))
