"""Registration, sign-in, the account."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import RunStatus, RunTrigger, SyncRun, User
from app.services.accounts import throttle, users
from tests import conftest
from tests.factories import PASSWORD, connect_both, make_active, make_user
from tests.support.clock import NOON
from tests.support.page import HTMX, Browser, words

NEW = {"email": "new@example.ru", "password": "a long password", "password_repeat": "a long password"}


def test_a_visitor_is_led_to_the_sign_in(visitor: Browser) -> None:
    assert visitor.client.get("/").headers["Location"] == "/login"
    assert visitor.client.get("/sync/runs?page=2").headers["Location"] == "/login?next=/sync/runs?page%3D2"


def test_a_new_owner_is_signed_in_and_sees_the_main_page(visitor: Browser) -> None:
    visitor.get("/register")
    page = visitor.submit("/register", **NEW)
    assert page.path == "/sync" and page.heading == "Синхронизация"
    assert users.find("new@example.ru") is not None


@pytest.mark.parametrize("email", ["a@b.test", "owner@example.ru", "demo@example.ru", "x+y@sub.example.com"])
def test_usual_addresses_are_accepted(visitor: Browser, email: str) -> None:
    visitor.get("/register")
    assert visitor.submit("/register", **(NEW | {"email": f"  {email.upper()} "})).path == "/sync"
    assert users.find(email) is not None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": "nobody"}, "Проверьте адрес"),
        ({"email": ""}, "Заполните это поле"),
        ({"email": "a\x00b@example.ru"}, ""),
        ({"email": "a" * 250 + "@example.ru"}, ""),
        ({"password": "short", "password_repeat": "short"}, "не короче 8"),
        ({"password": "x" * 129, "password_repeat": "x" * 129}, "не длиннее 128"),
        ({"password": "pass\x00word1", "password_repeat": "pass\x00word1"}, "недопустимые символы"),
        ({"password_repeat": "another password"}, "не совпадают"),
    ],
)
def test_a_wrong_registration_is_explained(visitor: Browser, changed: dict[str, str], said: str) -> None:
    visitor.get("/register")
    page = visitor.submit("/register", 422, **(NEW | changed))
    assert page.path == "/register" and page.errors and said in " ".join(page.errors)
    assert NEW["password"] not in page.html
    assert db.session.query(User).count() == 0


def test_a_taken_address_is_refused(visitor: Browser, owner: User) -> None:
    visitor.get("/register")
    page = visitor.submit("/register", 422, **(NEW | {"email": "OWNER@example.ru"}))
    assert "уже зарегистрирован" in page.errors[0]


def test_a_closed_registration_says_so(sqlite_url: str) -> None:
    settings = conftest.settings_for(sqlite_url, registration_open=False)
    for app in conftest.running_app(settings):
        visitor = Browser(app.test_client())
        assert visitor.get("/register").heading == "Регистрация закрыта"
        visitor.get("/login")
        visitor.post("/register", NEW, status=403)
        assert users.find(NEW["email"]) is None


def test_the_owner_signs_in_and_goes_where_they_wanted(visitor: Browser, owner: User) -> None:
    visitor.get("/login?next=/sync/runs")
    page = visitor.submit("/login?next=/sync/runs", email=" Owner@Example.ru ", password=PASSWORD)
    assert page.heading == "История обновлений"


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/a\nb"]
)
def test_nobody_is_led_to_another_site(visitor: Browser, owner: User, target: str) -> None:
    visitor.get("/login")
    fields = {"email": owner.email, "password": PASSWORD, "csrf_token": visitor._token()}
    answer = visitor._ask(lambda: visitor.client.post("/login", query_string={"next": target}, data=fields))
    assert answer.headers["Location"] == "/sync"


def test_a_wrong_password_and_an_unknown_address_look_the_same(visitor: Browser, owner: User) -> None:
    visitor.get("/login")
    wrong = visitor.submit("/login", 422, email=owner.email, password="wrong password")
    unknown = visitor.submit("/login", 422, email="nobody@example.ru", password="wrong password")
    assert wrong.errors == unknown.errors and "Неверный адрес или пароль" in wrong.errors[0]


def test_guessing_is_slowed_down(visitor: Browser, owner: User) -> None:
    visitor.get("/login")
    for _ in range(throttle.FREE_TRIES + 1):
        visitor.submit("/login", 422, email=owner.email, password="wrong password")
    page = visitor.submit("/login", 429, email=owner.email, password=PASSWORD)
    assert "Подождите" in page.errors[0]


def test_remembering_sets_a_lasting_cookie(visitor: Browser, owner: User) -> None:
    visitor.get("/login")
    visitor.submit("/login", email=owner.email, password=PASSWORD, remember="y")
    cookie = visitor.client.get_cookie("evosync_remember")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"


def test_signing_out_ends_the_session(browser: Browser) -> None:
    browser.get("/sync")
    assert browser.submit("/logout").path == "/login"
    assert browser.client.get("/sync").status_code == 302


def test_a_signed_in_owner_does_not_see_the_sign_in(browser: Browser) -> None:
    assert browser.client.get("/login").headers["Location"] == "/sync"
    assert browser.client.get("/register").headers["Location"] == "/sync"
    assert browser.client.get("/").headers["Location"] == "/sync"


CHANGE = {"action": "password", "current_password": PASSWORD, "password": "another password"}


def test_a_new_password_signs_other_browsers_out(app: Flask, browser: Browser, owner: User) -> None:
    other = Browser(app.test_client())
    other.sign_in(owner.email, PASSWORD)
    browser.get("/account")
    page = browser.post("/account", CHANGE | {"password_repeat": "another password"})
    assert "Пароль изменён" in page.notices[0] and page.path == "/account"
    assert other.client.get("/sync").status_code == 302


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"current_password": "wrong"}, "Нынешний пароль введён неверно"),
        ({"password_repeat": "typing error"}, "не совпадают"),
        ({"password": PASSWORD, "password_repeat": PASSWORD}, "Новый пароль такой же, как нынешний"),
    ],
)
def test_a_wrong_change_of_password_changes_nothing(browser: Browser, changed: dict[str, str], said: str) -> None:
    browser.get("/account")
    page = browser.post("/account", CHANGE | {"password_repeat": "another password"} | changed, 422)
    assert said in page.errors[0]
    assert users.authenticate("owner@example.ru", PASSWORD, "192.0.2.1")


def test_the_account_is_deleted_with_the_password_only(browser: Browser) -> None:
    page = browser.get("/account")
    assert "Наших товаров в ВК нет" in page.text
    page = browser.post("/account", {"action": "delete", "password": "wrong"}, 422)
    assert "Пароль от EvoSync введён неверно" in page.errors[0]
    page = browser.post("/account", {"action": "delete", "password": PASSWORD})
    assert page.path == "/login" and users.find("owner@example.ru") is None


def test_the_deletion_of_one_account_leaves_others(browser: Browser) -> None:
    make_user("other@example.ru")
    browser.get("/account")
    browser.post("/account", {"action": "delete", "password": PASSWORD})
    assert users.find("other@example.ru") is not None


def test_an_expired_session_leads_htmx_to_the_sign_in(visitor: Browser) -> None:
    answer = visitor.client.get("/sync/runs/1", headers=HTMX)
    assert answer.status_code == 401 and answer.headers["HX-Redirect"] == "/login"


# Time zone


def test_the_owner_chooses_their_time_and_every_page_follows(browser: Browser, owner: User) -> None:
    """Noon in Moscow is nine in the evening in Kamchatka; what was at 16:00 yesterday, was today there."""
    make_active(connect_both(owner))
    assert owner.sync_state is not None and owner.vk is not None
    # By hand: three times of three kinds, whose hours alone matter.
    owner.sync_state.next_run_at = NOON + timedelta(minutes=40)
    owner.vk.checked_at = then = NOON - timedelta(hours=20)
    db.session.execute(sa.delete(SyncRun))
    run = SyncRun(user_id=owner.id, trigger=RunTrigger.MANUAL, status=RunStatus.FAILED, counts={}, skipped={})
    run.created_at = run.started_at = run.finished_at = then
    db.session.add(run)
    db.session.commit()
    assert words(browser.get("/account").one("#time_zone option[selected]")) == "Москва, Санкт-Петербург (МСК)"
    assert "вчера в 16:00" in browser.get("/vk").text
    assert "сегодня в 12:40" in browser.get("/sync").text

    browser.get("/account")
    page = browser.post("/account", {"action": "time_zone", "time_zone": "Asia/Kamchatka"})

    assert page.notices == ["Сохранили. У вас сегодня в 21:00."]
    assert words(page.one("#time_zone option[selected]")) == "Петропавловск-Камчатский (МСК+9)"
    assert "сегодня в 01:00" in browser.get("/vk").text
    assert "сегодня в 21:40" in browser.get("/sync").text
    assert "сегодня в 01:00" in browser.get("/sync/runs").text
    assert "сегодня в 01:00" in browser.get("/sync/runs?day=2026-06-17").text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd"])
def test_a_zone_that_is_none_changes_nothing(browser: Browser, owner: User, zone: str) -> None:
    browser.get("/account")
    page = browser.post("/account", {"action": "time_zone", "time_zone": zone}, status=422)
    assert page.errors and len(page.all("[aria-invalid]")) == 1
    db.session.refresh(owner)
    assert owner.time_zone == "Europe/Moscow"
