"""Whose device is signed out while a vendor answers slowly changes nothing of the connection any more."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.clients.http import Response, Transport
from app.db import db
from app.models import EvotorConnection, User, UserSession, VkPendingAccess
from config import Settings
from tests.conftest import settings_for
from tests.factories import PASSWORD, connect_both
from tests.support.connections import stored_vk
from tests.support.page import Browser
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, EXTENDED_CLUB, Sandbox
from tests.support.vk_id import asked, decided, settings_of, signed_in


@pytest.fixture
def settings(sqlite_url: str, sandbox: Sandbox) -> Settings:
    return settings_for(sqlite_url, sandbox, **settings_of(sandbox))


@pytest.fixture
def phone(app: Flask, owner: User) -> Browser:
    phone = Browser(app.test_client())
    phone.sign_in(owner.email, PASSWORD)
    return phone


def after_call(monkeypatch: pytest.MonkeyPatch, path: str, deed: Callable[[], object]) -> None:
    real = Transport.send
    done: list[object] = []

    def send(transport: Transport, method: str, called: str, **more: Any) -> Response:
        answer = real(transport, method, called, **more)
        if called.endswith(path) and not done:
            done.append(deed())
        return answer

    monkeypatch.setattr(Transport, "send", send)


def end_everywhere(phone: Browser) -> None:
    phone.get("/account")
    phone.post("/account/sessions/end")


def revoked(sandbox: Sandbox) -> bool:
    return bool([entry["target"] for entry in sandbox.log("vkid")["entries"]][-1] == "revoke")


@pytest.mark.parametrize("path", ["/oauth2/auth", "/groups.get"])
def test_the_way_back_of_a_device_that_was_signed_out_stores_nothing(
    browser: Browser, phone: Browser, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    connect_both(owner)
    back = decided(sandbox, asked(browser))
    after_call(monkeypatch, path, lambda: end_everywhere(phone))

    page = browser.get(browser.get(back, 302).location)

    assert page.path == "/login" and "Вы вышли, поэтому ничего не изменилось" in page.notices[0]
    vk = stored_vk()
    assert vk is not None and (vk.token, vk.number) == ("demo-user", 1)
    assert db.session.query(VkPendingAccess).count() == 0


def test_what_vk_gave_to_it_is_revoked(
    browser: Browser, phone: Browser, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = decided(sandbox, asked(browser))
    after_call(monkeypatch, "/oauth2/auth", lambda: end_everywhere(phone))

    browser.get(back, 302)

    assert revoked(sandbox)


def test_signing_this_device_out_does_the_same(
    browser: Browser, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign_out() -> None:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM user_sessions")

    back = decided(sandbox, asked(browser))
    after_call(monkeypatch, "/oauth2/auth", sign_out)

    assert browser.get(back, 302).location == "/login?next=/vk"
    assert db.session.query(VkPendingAccess).count() == 0


def test_what_waits_for_a_choice_goes_with_its_device(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    db.session.query(UserSession).delete()
    db.session.commit()
    assert db.session.query(VkPendingAccess).count() == 0


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/vk/community", {"group_id": str(EXTENDED_CLUB)}),
        ("/vk", {"access_token": "demo-user", "group_id": str(EXTENDED_CLUB)}),
    ],
)
def test_its_choice_and_its_pasted_key_store_nothing_either(
    browser: Browser, phone: Browser, owner: User, monkeypatch: pytest.MonkeyPatch, path: str, form: dict[str, str]
) -> None:
    connect_both(owner)
    browser.get(path)
    after_call(monkeypatch, "/groups.getById", lambda: end_everywhere(phone))

    assert browser.post(path, form).path == "/login"

    vk = stored_vk()
    assert vk is not None and vk.group_id == CLUB


def test_a_visitor_takes_nothing_of_the_way_back_along(visitor: Browser) -> None:
    address = visitor.get("/vk/callback?code=the-code&state=s&device_id=d", 302).location
    assert address == "/login?next=/vk"


def test_a_key_of_evotors_is_not_stored_for_it_either(
    browser: Browser, phone: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.get("/evotor")
    after_call(monkeypatch, "/stores", lambda: end_everywhere(phone))

    page = browser.submit("/evotor", access_token=EVOTOR_TOKEN)

    assert page.path == "/login" and "Вы вышли, поэтому ничего не изменилось" in page.notices[0]
    assert db.session.query(EvotorConnection).count() == 0
