"""How often one user may ask, and what stands where the counting is away."""

import socket
from collections.abc import Iterator

import pytest
import redis
from flask import Flask

from app.extensions import limiter
from app.models import User
from config import Settings
from tests import conftest
from tests.factories import PASSWORD, make_user
from tests.support.page import HTMX, Browser

REDIS = "redis://127.0.0.1:6379/9"


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
    hour = [1_800_000_000.0]
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
        app.before_request_funcs[None] = [limiter._check_request_limit]  # without the guard
        return [client.get("/seldom").status_code for _ in range(times)]
    return []


@pytest.fixture
def counts() -> Iterator[redis.Redis]:
    """An empty one among the databases of a real Redis."""
    there = redis.Redis.from_url(REDIS)
    there.flushdb()
    yield there
    there.flushdb()
    there.close()


def test_processes_count_together_in_a_redis(settings: Settings, counts: redis.Redis) -> None:
    assert statuses(settings, REDIS, 1) + statuses(settings, REDIS, 2) == [200, 200, 429]


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
