"""How often one user may ask, and what stands where the counting is away."""

import socket
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.db import db
from app.extensions import limiter
from app.models import User
from app.web.doors import limits
from config import Settings
from tests import conftest
from tests.factories import PASSWORD, make_user
from tests.support.page import HTMX, Browser, Page
from tests.support.redis_server import RedisServer


@pytest.fixture(autouse=True)
def _alive_again() -> Iterator[None]:
    """The limiter is one for the process; a storage that was away in one test is not so in the next."""
    yield
    limiter._storage_dead = False


@limiter.limit("2 per minute")
def seldom() -> str:
    return "ok"


def with_limit(app: Flask) -> Flask:
    """The application with one more page, twice a minute for each visitor; made before its first request."""
    app.add_url_rule("/seldom", "sync.seldom", seldom, methods=["GET", "POST"])
    return app


def signed_in(app: Flask, email: str) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(email, PASSWORD)
    return browser


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The hour by the limiter's clock, to be moved."""
    hour = [time.time()]
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: hour[0])
    return hour


def test_the_one_too_many_is_told_when_to_come_again(app: Flask, owner: User, now: list[float]) -> None:
    browser = signed_in(with_limit(app), owner.email)
    browser.get("/seldom")
    now[0] += 20
    browser.get("/seldom")
    page = browser.get("/seldom", status=429)
    assert page.heading == "Слишком часто" and "Попробуйте снова через 41 секунду." in page.text
    assert page.answer.headers["Retry-After"] == "41"


def test_another_user_is_not_hindered(app: Flask, owner: User, now: list[float]) -> None:
    browser, other = signed_in(with_limit(app), owner.email), signed_in(app, make_user("other@example.ru").email)
    for status in (200, 200, 429):
        browser.get("/seldom", status)
    other.get("/seldom")


def test_after_the_window_it_works_again(app: Flask, owner: User, now: list[float]) -> None:
    browser = signed_in(with_limit(app), owner.email)
    for status in (200, 200, 429):
        browser.get("/seldom", status)
    now[0] += 61
    browser.get("/seldom")


def test_htmx_loads_the_page_anew_which_says_why(app: Flask, owner: User, now: list[float]) -> None:
    browser = signed_in(with_limit(app), owner.email)
    for _ in range(2):
        browser.post("/seldom")
    browser.get("/sync")
    answer = browser.post("/seldom", status=429, headers=HTMX).answer
    assert answer.headers["HX-Refresh"] == "true"
    assert "слишком часто" in " ".join(browser.get("/sync").notices)


def statuses(settings: Settings, uri: str, times: int) -> list[int]:
    """Answers to one visitor of an application that counts there."""
    changed = conftest.settings_for(settings.database_url, ratelimit_storage_uri=uri)
    for app in conftest.running_app(changed):
        client = with_limit(app).test_client()
        app.url_map.update()  # all pages are on, and what stands before them
        app.before_request_funcs[None] = [limiter._check_request_limit]  # without the guard
        return [client.get("/seldom").status_code for _ in range(times)]
    return []


@pytest.mark.redis
def test_processes_count_together_in_a_redis(settings: Settings, redis_server: RedisServer) -> None:
    assert statuses(settings, redis_server.url, 1) + statuses(settings, redis_server.url, 2) == [200, 200, 429]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_storage_that_is_away_costs_no_page(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    assert statuses(settings, "redis://127.0.0.1:9/0", 3) == [200, 200, 429]
    assert "falling back to in-memory storage" in capfd.readouterr().err


def test_a_storage_that_does_not_answer_costs_no_page(settings: Settings, silent: int) -> None:
    assert statuses(settings, f"redis://127.0.0.1:{silent}/0", 3) == [200, 200, 429]


# What is limited


EXPORT = "/catalog/export.csv"


def begun_export(browser: Browser) -> TestResponse:
    """Whose reader has not come to the end; to be closed."""
    answer: TestResponse = browser._ask(lambda: browser.client.get(EXPORT))
    return answer


def often(browser: Browser, path: str, times: int, **fields: str) -> list[int]:
    browser.get("/sync")
    fields["csrf_token"] = browser._token()
    return [browser._ask(lambda: browser.client.post(path, data=fields)).status_code for _ in range(times)]


@pytest.mark.parametrize(
    ("paths", "most"),
    [
        (("/evotor/check", "/vk/check", "/evotor", "/vk", "/sync/market/check"), 30),
        (("/catalog/refresh", "/sync/settings/categories/refresh", "/catalog/stores/S1/accept"), 20),
        (("/catalog/stores/S1/products/P1/photo", "/catalog/stores/S1/groups/G1/photo"), 60),
    ],
)
def test_what_costs_much_may_be_done_so_often(
    browser: Browser, now: list[float], paths: tuple[str, ...], most: int
) -> None:
    first, *others = paths
    assert 429 not in often(browser, first, most)
    assert [often(browser, path, 1) for path in paths] == [[429]] * (1 + len(others))
    browser.get("/sync")


def test_exports_may_be_asked_for_so_often(browser: Browser, now: list[float]) -> None:
    for _ in range(20):
        browser.get(EXPORT, buffered=True)
    assert browser.get(EXPORT, 429).heading == "Слишком часто"


def test_an_export_on_its_way_keeps_out_another_of_the_same_user(browser: Browser) -> None:
    slow = begun_export(browser)
    page = browser.get(EXPORT, 429)
    assert "Таблица уже скачивается" in page.text and page.answer.headers["Retry-After"] == "60"
    slow.close()
    browser.get(EXPORT, buffered=True)


def test_slow_readers_keep_nobody_from_an_export(app: Flask) -> None:
    browsers = [signed_in(app, make_user(f"owner{number}@example.ru").email) for number in range(3)]
    on_their_way = [begun_export(browser) for browser in browsers]
    assert [answer.status_code for answer in on_their_way] == [200, 200, 200]
    for answer in on_their_way:
        answer.close()


def test_readers_leave_threads_for_other_pages(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_EXPORTS_READ", 1)
    first, second = (signed_in(app, make_user(f"owner{number}@example.ru").email) for number in range(2))
    slow = begun_export(first)
    assert "слишком много таблиц" in second.get(EXPORT, 429).text
    second.get("/sync")
    slow.close()
    second.get(EXPORT, buffered=True)


def test_only_so_many_exports_are_made_at_once(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0)
    with limits.making_an_export(), limits.making_an_export():
        page = browser.get(EXPORT, 429)
    assert "слишком много таблиц" in page.text and page.answer.headers["Retry-After"] == "60"
    browser.get(EXPORT, buffered=True)


def test_a_slow_reader_holds_no_transaction(app_on_postgres: Flask) -> None:
    browser = signed_in(app_on_postgres, make_user().email)
    slow = begun_export(browser)
    db.session.commit()
    count = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in tr%'"
    assert db.session.scalar(sa.text(count)) == 0
    slow.close()


def test_an_export_that_fails_gives_its_place_back(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("app.services.pages.goods.csv_export._as_csv", lambda _rows: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            begun_export(browser)
    browser.get(EXPORT, buffered=True)


def test_who_pressed_too_often_is_led_back_to_the_page(app: Flask, owner: User, now: list[float]) -> None:
    browser = signed_in(with_limit(app), owner.email)
    for _ in range(2):
        browser.get("/seldom")
    page = Page(browser.client.get("/seldom", headers={"Referer": "http://localhost/evotor"}))
    assert page.status == 429 and "/evotor" in page.links()
