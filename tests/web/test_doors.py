"""What is refused at the door, and under which name the site is known."""

import io
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Timer

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.clock import utcnow
from app.context import MAX_FORM_BYTES
from app.db import db
from app.models import SyncConfig, User, UserSession
from app.services.photos.making import LARGEST_FILE
from app.web.doors.hosts_and_bodies import STRANGERS_BYTES
from tests.conftest import running_app, settings_for
from tests.factories import PASSWORD, add_product, add_store, make_user
from tests.support.page import Browser, Page

DEEP = "[" * 100_000


class Unread(io.RawIOBase):
    """A body that must not be asked for."""

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        raise AssertionError("the body was read")


class Endless(io.RawIOBase):
    """A body without an end; tells how much of it was taken."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io asks
        buffer[:] = b"x" * len(buffer)
        self.taken += len(buffer)
        return len(buffer)


@pytest.fixture
def production(sqlite_url: str) -> Iterator[FlaskClient]:
    settings = settings_for(sqlite_url, evosync_env="production", public_url="https://Sync.Example.ru")
    for app in running_app(settings):
        yield app.test_client()


def token_of(browser: Browser, path: str = "/evotor") -> str:
    return str(browser.get(path).all("input[name=csrf_token]")[0]["value"])


# Hosts


@pytest.mark.parametrize("host", ["..", "a" * 64, "a..b", "localhost:99999", "a b", "é"])
def test_what_is_no_host_is_refused_with_a_page(visitor: Browser, host: str) -> None:
    page = visitor.get("/login", 400, headers={"Host": host})
    assert page.heading == "Запрос не понят"


@pytest.mark.parametrize(
    "host", ["sync.example.ru", "SYNC.example.ru:8443", "sync.example.ru.", "localhost:1", "127.0.0.1:8000", "[::1]:81"]
)
def test_production_answers_to_its_public_name_and_to_loopback(production: FlaskClient, host: str) -> None:
    assert production.get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "sync.example.ru.evil.example", "10.0.0.1", "localhost.evil.example"])
def test_production_refuses_another_host(production: FlaskClient, host: str) -> None:
    answer = production.get("/login", headers={"Host": host})
    assert answer.status_code == 400 and host not in answer.text


def test_absolute_addresses_are_made_from_the_public_one(sqlite_url: str) -> None:
    for app in running_app(settings_for(sqlite_url, public_url="https://sync.example.ru")):
        app.add_url_rule("/where", "health.where", lambda: url_for("auth.login", _external=True))
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr("app.web.access.PUBLIC", {"health.where"})
            proxied = {"Host": "127.0.0.1:8000", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
            assert app.test_client().get("/where", headers=proxied).text == "https://sync.example.ru/login"
        answer = app.test_client().get("/catalog//rules", headers=proxied)
        assert answer.headers["Location"] == "https://sync.example.ru/catalog/rules"
        assert url_for("auth.login", _external=True) == "https://sync.example.ru/login"


# Proxies


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7"), (9, "127.0.0.1")]
)
def test_the_address_of_a_visitor_is_told_by_that_many_proxies(sqlite_url: str, proxies: int, address: str) -> None:
    for app in running_app(settings_for(sqlite_url, trusted_proxies=proxies)):
        headers = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7, 203.0.113.9"}
        with capture_logs() as lines:
            app.test_client().post("/login", headers=headers)
        assert [line["address"] for line in lines if line["event"] == "csrf_refused"] == [address]


def test_behind_a_proxy_with_another_host_and_without_a_referer_a_form_is_taken(sqlite_url: str) -> None:
    for app in running_app(settings_for(sqlite_url, public_url="https://sync.example.ru", trusted_proxies=1)):
        make_user()
        browser, proxied = Browser(app.test_client()), {"Host": "127.0.0.1:8000", "X-Forwarded-Proto": "https"}
        browser.get("/login", headers=proxied)
        fields = {"email": "owner@example.ru", "password": PASSWORD, "csrf_token": browser._token()}
        answer = browser.ask_beside(partial(browser.client.post, "/login", data=fields, headers=proxied))
        assert answer.status_code == 302 and answer.headers["Location"] == "/sync"


# Forms that were open too long


def test_a_refused_token_is_logged_with_its_reason_and_never_with_itself(browser: Browser) -> None:
    browser.get("/sync")
    with capture_logs() as lines:
        browser.post("/sync/toggle", {"csrf_token": "stale-value"}, status=400)
    assert [(line["reason"], line["endpoint"]) for line in lines] == [("The CSRF token is invalid.", "sync.toggle")]
    assert "stale-value" not in str(lines)


def test_a_stale_form_comes_back_with_what_was_typed(browser: Browser, owner: User) -> None:
    typed = "{название} — самовывоз в день заказа"
    browser.get("/sync/settings")
    page = browser.post("/sync/settings", {"csrf_token": "stale", "description_template": typed}, status=400)
    assert page.path == "/sync/settings" and page.notices[0] == "Форма устарела, отправьте её ещё раз."
    assert page.one("textarea[name=description_template]").text.strip() == typed
    assert page.one("form[action='/sync/settings'] input[name=csrf_token]")["value"] != "stale"


def test_a_stale_sign_in_keeps_the_address_and_never_the_password(visitor: Browser) -> None:
    visitor.get("/login")
    page = visitor.post(
        "/login", {"csrf_token": "stale", "email": "a@example.ru", "password": "secret 123"}, status=400
    )
    assert page.one("input[name=email]")["value"] == "a@example.ru"
    assert "secret 123" not in page.html and "устарела" in page.notices[0]


def test_a_stale_form_never_shows_an_access_token(browser: Browser) -> None:
    browser.get("/evotor")
    page = browser.post("/evotor", {"csrf_token": "stale", "access_token": "0b9d8c1e-secret"}, status=400)
    assert "0b9d8c1e-secret" not in page.html


def test_a_stale_form_changes_nothing(browser: Browser, owner: User) -> None:
    browser.get("/sync/settings")
    browser.post("/sync/settings", {"csrf_token": "stale", "remove_after_days": "3", "stock_rule": "hide"}, status=400)
    assert owner.sync_state is None or "3" not in str(owner.sync_state.settings)


def test_a_form_from_another_site_is_not_filled_in(browser: Browser) -> None:
    browser.get("/sync/settings")
    fields = {"csrf_token": "stale", "description_template": "Чужой текст"}
    page = browser.post("/sync/settings", fields, status=400, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.heading == "Форма устарела" and "Чужой текст" not in page.html


def test_a_stale_button_leads_back_to_its_page(browser: Browser) -> None:
    browser.get("/sync/plan")
    from_plan = {"Referer": "http://127.0.0.1:1/sync/plan?show=add"}
    page = browser.post("/sync/approve", {"csrf_token": "stale"}, status=400, headers=from_plan)
    assert "/sync/plan?show=add" in page.links()


def test_a_stale_button_leads_nowhere_else(browser: Browser) -> None:
    browser.get("/sync/plan")
    page = browser.post(
        "/sync/run", {"csrf_token": "stale"}, 400, headers={"Referer": "https://x.example//evil.example/"}
    )
    assert not [link for link in page.links() if "evil" in link]


# Bodies


@pytest.mark.parametrize("body", ['{"email": 5}', DEEP, "[1]", '"\\ud800"', "{"])
@pytest.mark.parametrize("path", ["/login", "/sync/toggle"])
def test_json_is_no_form(browser: Browser, path: str, body: str) -> None:
    headers = {"X-CSRFToken": token_of(browser), "Content-Type": "application/json"}
    answer = browser.ask_beside(lambda: browser.client.post(path, data=body, headers=headers))
    assert answer.status_code == 415 and "Так формы не отправляют" in answer.text
    assert db.session.query(SyncConfig).filter_by(is_enabled=True).count() == 0


def test_a_part_without_a_name_is_refused(visitor: Browser) -> None:
    kind = "multipart/form-data; boundary=cut"
    body = b"--cut\r\nContent-Disposition: form-data\r\n\r\nx\r\n--cut--\r\n"
    answer = visitor.client.post("/login", data=body, content_type=kind)
    assert answer.status_code == 400 and "Запрос не понят" in answer.text


def sent_as_file(browser: Browser, path: str, field: str, **texts: str) -> int:
    fields = {**texts, "csrf_token": token_of(browser), field: FileStorage(io.BytesIO(b"1"), "x.txt")}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.ask_beside(lambda: browser.client.post(path, data=body, content_type=kind)).status_code


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/sync/toggle", "enabled"),
        ("/evotor", "access_token"),
        ("/sync/settings", "price_percent"),
        ("/account", "action"),
    ],
)
def test_a_file_in_a_field_of_text_is_refused(browser: Browser, path: str, field: str) -> None:
    assert sent_as_file(browser, path, field) == 400


def test_text_in_a_field_of_a_file_is_no_file(browser: Browser, owner: User) -> None:
    add_store(owner)
    add_product(owner, "P1")
    browser.get("/evotor")
    page = browser.post("/catalog/stores/S1/products/P1/photo", {"photo": "text"}, 422)
    assert page.errors == ["Сначала выберите файл с фото."]


@pytest.mark.parametrize("path", ["/login", "/catalog/stores/S1/products/P1/photo", "/catalog/filters/bulk"])
def test_a_strangers_large_body_is_refused_unread(visitor: Browser, path: str) -> None:
    answer = visitor.client.post(
        path,
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(59 * 2**20)},
    )
    assert answer.status_code == 413


def test_a_strangers_endless_body_is_left_early(visitor: Browser) -> None:
    body = Endless()
    answer = visitor.client.post(
        "/login",
        headers={"Transfer-Encoding": "chunked", "Content-Type": "application/x-www-form-urlencoded"},
        environ_overrides={"wsgi.input": io.BufferedReader(body), "wsgi.input_terminated": True},
    )
    assert answer.status_code in (400, 413) and body.taken <= 4 * STRANGERS_BYTES


def test_an_owner_may_send_more_than_a_stranger_but_not_everything(browser: Browser) -> None:
    browser.get("/evotor")
    browser.post("/evotor", {"access_token": "x" * 2 * STRANGERS_BYTES}, 422)
    browser.get("/evotor")
    browser.post("/evotor", {"access_token": "x" * MAX_FORM_BYTES}, 413)
    assert LARGEST_FILE > MAX_FORM_BYTES


# Cookies and addresses


@pytest.mark.parametrize(
    "cookie",
    [
        "evosync_remember=x|é",
        "evosync=é; evosync_remember=é|é",
        'evosync_remember="\\377|\\351"',
        "evosync=" + "A" * 9000,
    ],
)
def test_an_odd_cookie_is_nobodys(app: Flask, cookie: str) -> None:
    client = app.test_client(use_cookies=False)
    assert client.get("/login", headers={"Cookie": cookie}).status_code == 200
    assert client.get("/sync", headers={"Cookie": cookie}).headers["Location"].startswith("/login")


@pytest.mark.parametrize("number", ["0", "9" * 20, "9" * 5000, "1" * 19, "١", "-1", "%00"])
def test_no_run_has_such_a_number(app_on_each_database: Flask, number: str) -> None:
    browser = Browser(app_on_each_database.test_client())
    browser.sign_in(make_user().email, PASSWORD)
    browser.get(f"/sync/runs/{number}", 404)


# Error pages


def broken_page(app: Flask, monkeypatch: pytest.MonkeyPatch, broken: str) -> Page:
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret detail")

    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "somebody"
    monkeypatch.setattr(broken, fail)
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    return Page(answer)


@pytest.mark.parametrize(
    "broken", ["app.web.errors.render_template", "flask_login.login_manager.LoginManager._load_user"]
)
def test_an_error_page_needs_nothing_of_what_failed(app: Flask, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    page = broken_page(app, monkeypatch, broken)
    assert page.heading == "Страница не найдена" and "secret detail" not in page.html


def test_an_unknown_address_is_told_while_the_database_is_away(tmp_path: Path) -> None:
    for app in running_app(settings_for(f"sqlite:///{tmp_path}/missing/evosync.db")):
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = "somebody"
        assert client.get("/nowhere").status_code == 404


def test_a_proxy_that_is_not_counted_is_told_of_once(production: FlaskClient) -> None:
    with capture_logs() as log:
        for address in ("198.51.100.1", "198.51.100.2"):
            production.get("/login", headers={"X-Forwarded-For": address})
    assert [line["setting"] for line in log if line["event"] == "proxy_not_trusted"] == ["TRUSTED_PROXIES"]


def test_a_large_body_waits_for_the_one_writer(app: Flask, owner: User) -> None:
    """Also that of a device which was not seen for a while, so that this is noted before the body is read."""
    browser = Browser(app.test_client())
    browser.sign_in(owner.email, PASSWORD)
    browser.get("/evotor")
    db.session.execute(sa.update(UserSession).values(last_seen_at=utcnow() - timedelta(hours=1)))
    db.session.commit()
    writer = db.engine.connect()
    writer.execute(sa.text("UPDATE users SET failed_sign_ins = 1"))
    done = Timer(0.3, writer.close)
    done.start()
    page = browser.post("/evotor", {"access_token": "x" * 2 * STRANGERS_BYTES}, status=422)
    done.join()
    assert page.errors
