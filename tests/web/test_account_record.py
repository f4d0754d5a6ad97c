"""What happened to an account, as its owner reads it; which passwords the pages take."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.db import db
from app.models import AccountEvent, EventKind, User
from app.services.accounts import events
from app.services.mail.tokens import confirm_token
from app.web.auth.history import EVENTS, IN_CABINET
from tests.factories import PASSWORD
from tests.support.mail_server import with_mail
from tests.support.page import Browser
from tests.support.sandbox import EVOTOR_TOKEN
from tests.support.webhooks import Webhooks


def test_every_kind_has_its_words() -> None:
    assert EVENTS.keys() == set(EventKind) and IN_CABINET.keys() <= EVENTS.keys()


def rows(browser: Browser, path: str = "/account") -> list[list[str]]:
    page = browser.get(path)
    table = page.one("table:has(caption:-soup-contains('Что происходило'))")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("td")] for row in table.select("tbody tr")]


def test_a_sign_in_is_told_with_time_and_place(browser: Browser) -> None:
    browser.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
    browser.get("/account")
    browser.submit("/logout")
    browser.sign_in("owner@example.ru", PASSWORD)

    assert rows(browser)[0] == ["Вход в EvoSync", "сегодня в 12:00", "Firefox, Windows, 127.0.0.1"]
    assert [row[0] for row in rows(browser)[1:]] == [
        "Выход на одном устройстве",
        "Вход в EvoSync",
        "Вы зарегистрировались",
    ]


def test_what_was_done_in_evotor_s_cabinet_says_so(browser: Browser, client: FlaskClient) -> None:
    evotor = Webhooks(client)
    evotor.verify(401, password="wrong password")
    evotor.verify()
    evotor.installed(1_000)
    evotor.uninstalled(2_000)
    evotor.token(EVOTOR_TOKEN)
    evotor.installed(3_000)

    assert [(row[0], row[2]) for row in rows(browser)[:4]] == [
        ("Приложение снова установлено в Эвоторе", "личный кабинет Эвотора"),
        ("Приложение удалено в Эвоторе", "личный кабинет Эвотора"),
        ("Учётная запись Эвотора связана с EvoSync", "личный кабинет Эвотора"),
        ("Неверный пароль при входе", "личный кабинет Эвотора"),
    ]


def test_twenty_are_shown_and_the_rest_is_a_press_away(browser: Browser, owner: User, app: Flask) -> None:
    for _ in range(25):
        events.record(EventKind.ENABLED, owner.id)
    db.session.commit()

    assert len(rows(browser)) == 20
    assert "/account/events?page=2" in browser.get("/account").links()
    earlier = rows(browser, "/account/events?page=2")
    assert len(earlier) == 7 and earlier[-1][0] == "Вы зарегистрировались"


def test_nobody_reads_of_others(browser: Browser, stranger: Browser) -> None:
    kinds = db.session.scalars(sa.select(AccountEvent.kind)).all()
    assert len(kinds) == 4 and len(rows(browser)) == len(rows(stranger, "/account/events")) == 2


@pytest.mark.parametrize(
    ("password", "said"),
    [("password1", "очень часто"), ("newcomer77", "мало что есть"), ("ababababab", "угадывают сразу")],
)
def test_registration_takes_no_password_that_is_guessed_first(visitor: Browser, password: str, said: str) -> None:
    visitor.get("/register")
    fields = {"email": "newcomer@example.ru", "password": password, "password_repeat": password}
    page = visitor.submit("/register", 422, **fields)
    assert said in page.errors[0]


def test_neither_does_a_change_while_the_old_one_still_opens(browser: Browser, owner: User) -> None:
    browser.get("/account")
    change = {
        "action": "password",
        "current_password": PASSWORD,
        "password": "owner2026",
        "password_repeat": "owner2026",
    }
    page = browser.post("/account", change, 422)
    assert "мало что есть" in page.errors[0]


def test_what_a_link_of_a_mail_did_tells_the_browser_too(browser: Browser, owner: User, app: Flask) -> None:
    browser.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
    with_mail(app, "smtp://127.0.0.1:9")
    browser.get(f"/email/confirm/{confirm_token(owner)}")
    assert rows(browser)[0] == ["Адрес подтверждён", "сегодня в 12:00", "Firefox, Windows, 127.0.0.1"]
