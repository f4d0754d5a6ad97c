"""Whatever an owner does that matters stands in the record. What matters stands here, once."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import AccountEvent, EventKind, RunTrigger, User, UserSession
from app.services.accounts import throttle, users
from app.services.engine import run as engine_run
from app.services.mail.tokens import confirm_token, reset_token
from app.services.ops import operators
from app.services.runs import records
from tests.factories import PASSWORD, make_user, set_rule
from tests.support.mail_server import with_mail
from tests.support.page import Browser
from tests.support.sandbox import CLUB, EVOTOR_OTHER_TOKEN, EVOTOR_TOKEN, EXTENDED_CLUB, SECOND_STORE, STORE, VK_TOKEN
from tests.support.webhooks import Webhooks

RECORDED = {
    "auth.register",
    "auth.login",
    "auth.logout",
    "auth.change_account",
    "auth.end_session",
    "auth.end_all_sessions",
    "mail.new_password",
    "connections.evotor",
    "connections.disconnect_evotor",
    "connections.vk",
    "connections.vk_community",
    "connections.disconnect_vk",
    "sync.toggle",
    "sync.confirm",
    "sync.approve",
    "sync.hide_all",
    "sync.stop",
    "sync.undo",
    "ops.halt",
    "ops.resume",
    "webhooks.installation",
    "webhooks.token",
    "webhooks.verify",
}
BY_LINK = {"mail.confirm"}
"""Recorded as well, though nothing is posted there."""
UNRECORDED = {
    # They ask the services for news.
    "catalog.refresh",
    "connections.check_evotor",
    "connections.check_vk",
    "market.check_market",
    "window.refresh_categories",
    "sync.run_now",
    # They tell of things that the next run finds out.
    "webhooks.goods",
    "webhooks.subscription",
    # A mail is asked for, or ended: the account stays what it was.
    "mail.forgot",
    "mail.end_kind",
    # What is shown and how: it stands on pages of its own, where it is changed back, too.
    "catalog.accept",
    "catalog.close_store",
    "photos.delete_group_photo",
    "photos.delete_product_photo",
    "photos.put_group_photo",
    "photos.put_product_photo",
    "catalog.set_rule",
    "catalog.set_rules",
    "catalog.show_whole",
    "catalog.undo",
    "window.choose_category",
    "market.decide",
    "window.settings",
    "window.settings_example",
}
BY_COMMAND = {EventKind.OPERATOR_GRANTED, EventKind.OPERATOR_REVOKED}
EMAIL, ANOTHER, THIRD = "owner@example.ru", "another password", "a third password"
Kinds = list[EventKind]


def test_every_change_is_recorded_or_known_not_to_be(app: Flask) -> None:
    changes = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}

    assert RECORDED.isdisjoint(UNRECORDED)
    assert changes == RECORDED | UNRECORDED


def owner() -> User:
    return db.session.scalars(sa.select(User)).one()


def run() -> int:
    engine_run.run_user(owner(), RunTrigger.SCHEDULE)
    db.session.commit()
    latest = records.latest(owner().id)
    assert latest is not None
    return latest.id


def cabinet(evotor: Webhooks) -> Iterator[tuple[str, Kinds]]:
    """What the owner does at Evotor, who has connected another account here."""
    evotor.verify()
    yield "webhooks.verify", [EventKind.EVOTOR_CONNECTED]
    evotor.token(EVOTOR_TOKEN)
    yield "webhooks.token", [EventKind.EVOTOR_CHANGED]
    evotor.uninstalled(1_000)
    yield "webhooks.installation", [EventKind.EVOTOR_DISCONNECTED]
    evotor.installed(2_000)
    yield "webhooks.installation", [EventKind.EVOTOR_INSTALLED]


def story(browser: Browser, elsewhere: Browser) -> Iterator[tuple[str, Kinds]]:
    """What the owner does, and what of it has to be recorded; the owner's whole life with EvoSync."""
    kind = EventKind
    browser.get("/register")
    browser.submit("/register", email=EMAIL, password=PASSWORD, password_repeat=PASSWORD)
    yield "auth.register", [kind.REGISTERED]
    browser.get(f"/email/confirm/{confirm_token(owner())}")
    yield "mail.confirm", [kind.EMAIL_CONFIRMED]
    browser.get(f"/email/confirm/{confirm_token(owner())}")
    yield "mail.confirm", []
    browser.post("/evotor", {"access_token": EVOTOR_TOKEN})
    yield "connections.evotor", [kind.EVOTOR_CONNECTED]
    browser.post("/vk", {"access_token": VK_TOKEN, "group_id": str(CLUB)})
    yield "connections.vk", [kind.VK_CONNECTED]
    set_rule(owner(), EntityType.STORE, FilterMode.INCLUDE, SECOND_STORE)
    browser.post("/sync/toggle", {"enabled": "1"})
    yield "sync.toggle", [kind.ENABLED]
    browser.post("/sync/toggle", {"enabled": "1"})
    yield "sync.toggle", []
    browser.post("/sync/confirm")
    yield "sync.confirm", [kind.CONFIRMED]
    run()
    set_rule(owner(), EntityType.STORE, None, SECOND_STORE)
    set_rule(owner(), EntityType.STORE, FilterMode.INCLUDE, STORE)
    run()
    token = browser.get("/sync/plan").one("input[name=fingerprint]")["value"]
    browser.post("/sync/approve", {"fingerprint": token})
    yield "sync.approve", [kind.APPROVED]
    queued = records.latest(owner().id)
    assert queued is not None
    browser.post(f"/sync/runs/{queued.id}/stop")
    yield "sync.stop", [kind.RUN_STOPPED]
    browser.post(f"/sync/runs/{run()}/undo")
    yield "sync.undo", [kind.UNDO_ORDERED]
    run()
    browser.post("/sync/hide-all")
    yield "sync.hide_all", [kind.HIDE_ALL_ORDERED]
    browser.post("/sync/toggle")
    yield "sync.toggle", [kind.ENABLED]
    browser.post("/sync/toggle")
    yield "sync.toggle", [kind.DISABLED]
    browser.post("/sync/toggle")
    yield "sync.toggle", [kind.ENABLED]
    browser.post("/vk/community", {"group_id": str(EXTENDED_CLUB)})
    yield "connections.vk_community", [kind.DISABLED, kind.VK_CHANGED]
    browser.post("/evotor", {"access_token": EVOTOR_OTHER_TOKEN})
    yield "connections.evotor", [kind.EVOTOR_CHANGED]
    yield from cabinet(Webhooks(elsewhere.client))
    browser.post("/vk/disconnect")
    yield "connections.disconnect_vk", [kind.VK_DISCONNECTED]
    browser.post("/evotor/disconnect")
    yield "connections.disconnect_evotor", [kind.EVOTOR_DISCONNECTED]
    browser.get("/account")
    change = {"action": "password", "password": ANOTHER, "password_repeat": ANOTHER}
    browser.post("/account", change | {"current_password": "wrong password"}, 422)
    yield "auth.change_account", [kind.PASSWORD_REFUSED]
    browser.post("/account", change | {"current_password": PASSWORD})
    yield "auth.change_account", [kind.PASSWORD_CHANGED]
    elsewhere.sign_in(EMAIL, ANOTHER)
    yield "auth.login", [kind.SIGNED_IN]
    newest = db.session.scalar(sa.select(sa.func.max(UserSession.id)))
    browser.get("/account")
    browser.submit(f"/account/sessions/{newest}/end")
    yield "auth.end_session", [kind.SIGNED_OUT]
    browser.submit("/logout")
    yield "auth.logout", [kind.SIGNED_OUT]
    for _ in range(throttle.FREE_TRIES):
        browser.submit("/login", 422, email=EMAIL, password="wrong password")
        yield "auth.login", [kind.SIGN_IN_FAILED]
    browser.submit("/login", 422, email=EMAIL, password="wrong password")
    yield "auth.login", [kind.SIGN_IN_FAILED, kind.SIGN_IN_LOCKED]
    browser.submit("/login", 429, email=EMAIL, password=ANOTHER)
    yield "auth.login", []
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    elsewhere.sign_in(EMAIL, ANOTHER)
    yield "auth.login", [kind.SIGNED_IN]
    elsewhere.get("/account")
    elsewhere.submit("/account/sessions/end")
    yield "auth.end_all_sessions", [kind.SIGNED_OUT_EVERYWHERE]
    link = f"/password/reset/{reset_token(owner())}"
    elsewhere.get(link)
    elsewhere.submit(link, password=THIRD, password_repeat=THIRD)
    yield "mail.new_password", [kind.PASSWORD_CHANGED]
    elsewhere.sign_in(EMAIL, THIRD)
    yield "auth.login", [kind.SIGNED_IN]
    operators.grant(owner())
    elsewhere.post(f"/ops/users/{owner().id}/halt", {"reason": "Проверяем"})
    yield "ops.halt", [kind.OPERATOR_GRANTED, kind.HALTED]
    elsewhere.post(f"/ops/users/{owner().id}/resume")
    operators.revoke(owner())
    db.session.commit()
    yield "ops.resume", [kind.RESUMED, kind.OPERATOR_REVOKED]


def test_what_an_owner_does_stands_in_the_record(
    app_on_each_database: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    with_mail(app_on_each_database, "smtp://127.0.0.1:9")
    browser, elsewhere = (Browser(app_on_each_database.test_client()) for _ in range(2))
    endpoints, seen, last = set(), set(), 0
    for endpoint, kinds in story(browser, elsewhere):
        events = db.session.scalars(
            sa.select(AccountEvent).where(AccountEvent.id > last).order_by(AccountEvent.id)
        ).all()
        assert [event.kind for event in events] == kinds, endpoint
        assert all(event.user_id == owner().id for event in events)
        assert all(event.source or event.kind in BY_COMMAND for event in events)
        lines = capsys.readouterr().err
        assert all(f"event={kind} user_id={owner().id} " in lines for kind in kinds)
        last = max([last, *(event.id for event in events)])
        endpoints.add(endpoint)
        seen.update(kinds)

    assert endpoints == RECORDED | BY_LINK
    assert seen == set(EventKind)


def test_a_deleted_account_leaves_a_line_and_no_row(
    app_on_each_database: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    user_id = make_user(EMAIL).id
    browser = Browser(app_on_each_database.test_client())
    browser.sign_in(EMAIL, PASSWORD)
    browser.get("/account")
    browser.post("/account", {"action": "delete", "password": PASSWORD})

    assert f"event=account_deleted user_id={user_id} source=127.0.0.1" in capsys.readouterr().err
    assert db.session.scalars(sa.select(AccountEvent)).all() == []


def test_the_record_holds_no_secret_and_nobodys_address(app_on_each_database: Flask) -> None:
    browser = Browser(app_on_each_database.test_client())
    browser.get("/login")
    browser.submit("/login", 422, email="somebody@example.ru", password="wrong password")

    (event,) = db.session.scalars(sa.select(AccountEvent))
    assert (event.user_id, event.kind, event.source, event.detail) == (None, "sign_in_failed", "127.0.0.1", "")


def test_a_record_that_cannot_be_made_stops_nothing(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_user(EMAIL)
    monkeypatch.setattr("app.services.accounts.events.AccountEvent", UserSession)

    assert users.authenticate(EMAIL, PASSWORD, "192.0.2.1").email == EMAIL
    db.session.commit()

    assert "event=event_not_recorded kind=signed_in" in capsys.readouterr().err
