"""Guessing at the doors: sign-in, registration and the forms of the account. On both databases."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.models import User
from tests.factories import PASSWORD, make_user
from tests.support.page import Browser, Page

OWNER, NOBODY = "owner@example.ru", "nobody@example.ru"
WRONG = "wrong password"


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    return make_user(OWNER)


@pytest.fixture
def visitor_from(app_on_each_database: Flask, owner: User) -> Callable[[str], Browser]:
    def visitor(address: str) -> Browser:
        browser = Browser(app_on_each_database.test_client())
        browser.client.environ_base["REMOTE_ADDR"] = address
        browser.get("/login")
        return browser

    return visitor


def attempt(visitor: Browser, email: str, password: str = WRONG) -> Page:
    """One answer, whatever it is; no redirect is followed."""
    fields = {"email": email, "password": password, "csrf_token": visitor._token()}
    return Page(visitor._ask(lambda: visitor.client.post("/login", data=fields)))


@pytest.mark.parametrize("number", ["1", " 1", "１"])
def test_nobody_signs_in_by_number(visitor_from: Callable[[str], Browser], owner: User, number: str) -> None:
    assert owner.id == 1
    assert attempt(visitor_from("192.0.2.1"), number, PASSWORD).status == 422


def test_a_stranger_does_not_keep_the_owner_out(visitor_from: Callable[[str], Browser]) -> None:
    stranger = visitor_from("198.51.100.1")
    assert [attempt(stranger, OWNER).status for _ in range(8)][-1] == 429

    assert attempt(visitor_from("192.0.2.1"), OWNER, PASSWORD).location == "/sync"


def test_a_stranger_does_not_lock_by_number(visitor_from: Callable[[str], Browser], owner: User) -> None:
    stranger = visitor_from("198.51.100.1")
    for _ in range(8):
        attempt(stranger, str(owner.id))

    assert attempt(stranger, OWNER, PASSWORD).location == "/sync"


def test_refusals_do_not_tell_who_is_registered(visitor_from: Callable[[str], Browser]) -> None:
    known, unknown = (
        [(page.status, page.errors) for page in (attempt(visitor_from(address), email) for _ in range(10))]
        for address, email in (("198.51.100.1", OWNER), ("198.51.100.2", NOBODY))
    )

    assert known == unknown
    assert {status for status, _errors in known} == {422, 429}


def test_neighbours_of_an_ipv6_network_are_one_source(visitor_from: Callable[[str], Browser]) -> None:
    statuses = [attempt(visitor_from(f"2001:db8::{number}"), OWNER).status for number in range(1, 9)]

    assert statuses[-1] == 429
    assert attempt(visitor_from("2001:db8:0:1::1"), OWNER, PASSWORD).location == "/sync"


@pytest.mark.parametrize(("path", "often"), [("/login", 60), ("/register", 20)], ids=["sign-in", "registration"])
def test_a_source_is_heard_so_often_and_others_still(
    visitor_from: Callable[[str], Browser], path: str, often: int
) -> None:
    def ask(visitor: Browser) -> int:
        fields = {"csrf_token": visitor._token()}
        return int(visitor._ask(lambda: visitor.client.post(path, data=fields)).status_code)

    flood = visitor_from("198.51.100.1")
    assert [ask(flood) for _ in range(often + 1)] == [422] * often + [429]
    assert ask(visitor_from("192.0.2.1")) == 422
    assert flood.client.get(path).status_code == 200, "looking is free"


def test_wrong_passwords_on_the_account_lock_neither_the_sign_in_nor_other_places(
    app_on_each_database: Flask, visitor_from: Callable[[str], Browser]
) -> None:
    browser = visitor_from("198.51.100.1")
    browser.submit("/login", email=OWNER, password=PASSWORD)
    browser.get("/account")
    deletion = {"action": "delete", "password": WRONG}
    for _ in range(6):
        browser.post("/account", deletion, 422)
    page = browser.post("/account", deletion | {"password": PASSWORD}, 422)
    assert "Слишком много" in page.errors[0]

    assert attempt(visitor_from("198.51.100.1"), OWNER, PASSWORD).location == "/sync"


def test_the_owner_is_told_that_somebody_tried(visitor_from: Callable[[str], Browser]) -> None:
    stranger = visitor_from("198.51.100.1")
    for _ in range(6):
        attempt(stranger, OWNER)

    page = visitor_from("192.0.2.1").submit("/login", email=OWNER, password=PASSWORD)

    assert "С прошлого входа пароль вводили неверно 6 раз" in " ".join(page.notices)
    page = visitor_from("192.0.2.2").submit("/login", email=OWNER, password=PASSWORD)
    assert "С прошлого входа" not in " ".join(page.notices), "told once"


@pytest.mark.parametrize(
    "written", ["owner@xn--e1afmkfd.xn--p1ai", " Owner@ПРИМЕР.рф", "ｏｗｎｅｒ@пример.рф", "owner@пример.рф."]
)
def test_an_address_is_one_account_however_it_is_written(app_on_each_database: Flask, written: str) -> None:
    new = {"password": "a long password", "password_repeat": "a long password"}
    first, second = (Browser(app_on_each_database.test_client()) for _ in range(2))
    first.get("/register")
    assert first.submit("/register", email="owner@пример.рф", **new).path == "/sync"

    second.get("/register")
    assert "уже зарегистрирован" in second.submit("/register", 422, email=written, **new).errors[0]
    second.get("/login")
    assert second.submit("/login", email=written, password="a long password").path == "/sync"


def test_an_address_is_shown_as_its_owner_writes_it(app_on_each_database: Flask) -> None:
    make_user("vasya@пример.рф")
    browser = Browser(app_on_each_database.test_client())
    browser.sign_in("vasya@пример.рф", PASSWORD)
    page = browser.get("/account")
    assert "vasya@пример.рф" in page.text and "xn--" not in page.text
