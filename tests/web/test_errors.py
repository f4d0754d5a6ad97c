"""Error pages, headers, static files, health."""

import re
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, abort
from sqlalchemy.exc import OperationalError

from app.db import db
from app.models import User, UserSession
from app.services.errors import ServiceError
from app.web import errors
from app.web.access import WEBHOOKS
from config import Settings
from tests import conftest
from tests.factories import PASSWORD, add_store, make_user
from tests.support.page import HTMX, Browser


def with_route(app: Flask, error: Exception | int) -> Browser:
    """The application with one more page, which fails; made before its first request."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> str:
        if isinstance(error, int):
            abort(error)
        raise error

    app.add_url_rule("/fail", "health.fail", fail)
    return Browser(app.test_client())


def test_an_unknown_address_is_told_to_everybody(visitor: Browser, browser: Browser) -> None:
    assert visitor.get("/nowhere", status=404).heading == "Страница не найдена"
    assert "/sync" in browser.get("/nowhere", status=404).links()


@pytest.mark.parametrize("path", ["%00", "S1/products/%00/why", "%00/products/P1", "S1/groups/%E2%80%A8"])
def test_an_address_with_signs_that_cannot_be_read_is_unknown(app_on_postgres: Flask, path: str) -> None:
    owner = make_user("owner@example.ru")
    add_store(owner)
    browser = Browser(app_on_postgres.test_client())
    browser.sign_in(owner.email, PASSWORD)
    browser.get(f"/catalog/stores/{path}", status=404)


def test_a_wrong_verb_is_told(browser: Browser) -> None:
    page = browser.get("/logout", status=405)
    assert page.heading == "Так эту страницу не открыть" and "POST" in page.answer.headers["Allow"]


@pytest.mark.parametrize(
    ("opened", "page"),
    [
        ("/sync/toggle", "/sync"),
        ("/catalog/stores/S/products/P/photo", "/catalog/stores/S/products/P"),
        ("/catalog/stores/S/products/P/photo/delete", "/catalog/stores/S/products/P"),
        ("/catalog/stores/S/groups/G/photo", "/catalog/stores/S/groups/G"),
        ("/sync/settings/categories/refresh", "/sync/settings/categories"),
        ("/vk/check", "/vk"),
        ("/account/sessions/1/end", "/account"),
    ],
)
def test_the_address_of_a_form_leads_to_its_page(browser: Browser, opened: str, page: str) -> None:
    """A refused form stays under it in the browser: loaded anew, or found in the history."""
    answer = browser.client.get(opened)
    assert (answer.status_code, answer.location) == (302, page)


def test_a_stale_form_is_told(browser: Browser) -> None:
    browser.get("/sync")
    page = browser.post("/sync/toggle", {"csrf_token": "stale"}, status=400)
    assert page.heading == "Форма устарела" and "отправьте форму ещё раз" in page.text


def test_a_stale_form_makes_htmx_load_the_page_anew(browser: Browser) -> None:
    browser.get("/sync")
    page = browser.post("/sync/toggle", {"csrf_token": "stale"}, status=400, headers=HTMX)
    assert page.answer.headers["HX-Refresh"] == "true"


def test_too_much_data_is_told(browser: Browser) -> None:
    browser.get("/evotor")
    page = browser.post("/evotor", {"access_token": "x" * 3_000_000}, status=413)
    assert page.heading == "Слишком много данных"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 429, 500, 502, 503])
def test_every_status_has_a_page(app: Flask, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr("app.web.access.PUBLIC", {"health.fail"})
    page = with_route(app, status).get("/fail", status=status)
    assert page.heading and (f"назовите номер {status}" in page.text) is (status >= 500)


def test_a_fault_of_ours_asks_the_database_for_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.access.PUBLIC", {"health.fail"})
    visitor = with_route(app, RuntimeError("secret detail"))
    with visitor.client.session_transaction() as session:
        session["_user_id"] = "somebody"
    monkeypatch.setattr("app.services.accounts.sessions.resume", lambda *_args, **_more: pytest.fail("looked up"))
    page = visitor.get("/fail", status=500)
    assert page.heading == "Ошибка на нашей стороне" and "secret detail" not in page.html


def test_a_refusal_that_no_view_expected_is_told_on_the_main_page(app: Flask, browser: Browser) -> None:
    with app.test_request_context("/"):
        answer = app.make_response(errors._refused(ServiceError("no_rules")))
    assert answer.location == "/sync"


@pytest.fixture
def broken(tmp_path: Path) -> Settings:
    return conftest.settings_for(f"sqlite:///{tmp_path}/missing/evosync.db")


def test_health_is_ok(visitor: Browser) -> None:
    answer = visitor.client.get("/health")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_health_tells_that_migrations_are_missing(app: Flask, visitor: Browser) -> None:
    db.session.execute(db.text("update alembic_version set version_num = '0000_old'"))
    db.session.commit()
    answer = visitor.client.get("/health")
    assert (answer.status_code, answer.get_json()) == (503, {"status": "not_migrated"})


def test_health_tells_that_the_database_is_away(broken: Settings) -> None:
    for app in conftest.running_app(broken):
        answer = app.test_client().get("/health")
        assert (answer.status_code, answer.get_json()) == (503, {"status": "unreachable"})


def test_pages_say_that_the_database_is_away(broken: Settings) -> None:
    for app in conftest.running_app(broken):
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = "somebody"
        answer = client.get("/sync")
        assert answer.status_code == 503 and "временно недоступен" in answer.text


def test_static_files_live_long_under_their_hash(visitor: Browser) -> None:
    page = visitor.get("/login")
    for tag in page.all("link[href], script[src]"):
        address = str(tag.get("href") or tag["src"])
        answer = visitor.client.get(address)
        assert answer.status_code == 200 and "?v=" in address
        assert "immutable" in answer.headers["Cache-Control"]
        assert b"sourceMappingURL" not in answer.data
        answer.close()
    answer = visitor.client.get("/static/app.css")
    assert answer.headers["Cache-Control"] == "no-cache"
    answer.close()


def test_https_is_demanded_where_the_site_has_it(sqlite_url: str) -> None:
    settings = conftest.settings_for(sqlite_url, public_url="https://sync.example.ru")
    for app in conftest.running_app(settings):
        assert "max-age" in app.test_client().get("/login").headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/login/", "/login"),
        ("/login/?next=%2Fsync&q=a", "/login?next=%2Fsync&q=a"),
        ("/login/?_external=1&_scheme=javascript", "/login?_external=1&_scheme=javascript"),
        ("/sync/runs//", "/sync/runs"),
    ],
)
def test_a_slash_too_many_leads_to_the_page(visitor: Browser, wanted: str, led_to: str) -> None:
    answer = visitor.client.get(wanted)
    assert (answer.status_code, answer.location) == (308, led_to)


def test_a_slash_too_many_is_no_matter_for_any_page_or_form(app: Flask, browser: Browser) -> None:
    """308 keeps the method and what was sent."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in WEBHOOKS | {"static"} or rule.rule == "/":
            continue  # Evotor follows no redirect: its calls are served with the slash as without
        path = re.sub(r"<int:[^>]+>", "1", re.sub(r"<string:[^>]+>", "x", rule.rule))
        for method in {"GET", "POST"} & set(rule.methods or ()):
            answer = browser.client.open(f"{path}/?q=a&page=2", method=method)
            assert (answer.status_code, answer.location) == (308, f"{path}?q=a&page=2"), (method, rule)


@pytest.mark.parametrize("path", ["/nowhere/", "/static/app.css/", "/\\evil.example/", "/static/"])
def test_a_slash_behind_what_is_no_page_leads_nowhere(visitor: Browser, path: str) -> None:
    assert visitor.client.get(path).status_code in (400, 404)


def test_who_is_signed_out_meanwhile_is_told_so_and_led_back(visitor: Browser) -> None:
    page = visitor.post("/evotor", {"csrf_token": "stale"}, status=400, headers={"Referer": "http://localhost/evotor"})
    assert page.heading == "Вы вышли"
    assert "/login?next=/evotor" in page.links()


def test_a_device_that_was_signed_out_elsewhere_is_led_back_to_its_form(browser: Browser, owner: User) -> None:
    browser.get("/evotor")
    db.session.execute(sa.delete(UserSession))
    db.session.commit()
    answer = browser.client.post(
        "/evotor", data={"csrf_token": browser._token()}, headers={"Referer": "http://localhost/evotor"}
    )
    assert (answer.status_code, answer.location) == (302, "/login?next=/evotor")
    assert "ничего не изменилось" in browser.get("/login").text


@pytest.mark.parametrize("path", ["/sync/settings/example"])
def test_what_a_page_asks_while_somebody_types_leaves_it_as_it_is(browser: Browser, path: str) -> None:
    browser.get("/sync/settings")
    stale = browser.post(path, {"csrf_token": "stale"}, status=400, headers=HTMX)
    assert "HX-Refresh" not in stale.answer.headers
    db.session.execute(sa.delete(UserSession))
    db.session.commit()
    answer = browser.client.post(path, data={"csrf_token": browser._token()}, headers=HTMX)
    assert answer.status_code == 401 and "HX-Redirect" not in answer.headers


def test_rows_that_others_hold_are_no_lost_database(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr("app.services.owner.switch.toggle", busy)
    page = browser.post("/sync/toggle", status=503)
    assert page.heading == "Сейчас не получилось" and page.answer.headers["Retry-After"] == "5"
