"""What was signed in is ended by the server: copies of its cookies are worth nothing afterwards. On both databases."""

import io
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.clock import utcnow
from app.db import db
from app.models import User
from app.web.doors.hosts_and_bodies import STRANGERS_BYTES
from tests.factories import PASSWORD, make_user
from tests.support.page import Browser

COOKIES = ("evosync", "evosync_remember")
ANOTHER = "another password"
CHANGE = {"action": "password", "current_password": PASSWORD, "password": ANOTHER, "password_repeat": ANOTHER}


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    return make_user("owner@example.ru")


@pytest.fixture
def signed_in(app_on_each_database: Flask, owner: User) -> Callable[[], Browser]:
    """Another device of the owner's, remembered, at every call."""

    def sign_in() -> Browser:
        browser = Browser(app_on_each_database.test_client())
        browser.get("/login")
        browser.submit("/login", email=owner.email, password=PASSWORD, remember="y")
        return browser

    return sign_in


@pytest.fixture
def browser(signed_in: Callable[[], Browser]) -> Browser:
    return signed_in()


def copies(app: Flask, browser: Browser) -> list[FlaskClient]:
    """One client with each of the browser's cookies, as somebody who got hold of that cookie."""
    found = []
    for name in COOKIES:
        cookie = browser.client.get_cookie(name)
        assert cookie is not None, name
        thief = app.test_client()
        thief.set_cookie(name, cookie.value)
        found.append(thief)
    return found


def gets_in(client: FlaskClient) -> bool:
    return bool(Browser(client)._ask(lambda: client.get("/account")).status_code == 200)


def end_by_signing_out(browser: Browser) -> None:
    browser.get("/sync")
    browser.submit("/logout")


def end_by_another_password(browser: Browser) -> None:
    browser.get("/account")
    browser.post("/account", CHANGE)


def end_by_signing_out_everywhere(browser: Browser) -> None:
    browser.get("/account")
    assert browser.submit("/account/sessions/end").path == "/login"


def end_by_deletion(browser: Browser) -> None:
    browser.get("/account")
    browser.post("/account", {"action": "delete", "password": PASSWORD})


ENDS = [end_by_signing_out, end_by_another_password, end_by_signing_out_everywhere, end_by_deletion]


@pytest.mark.parametrize("end", ENDS)
def test_copied_cookies_are_worth_nothing_after_the_end(
    app_on_each_database: Flask, browser: Browser, end: Callable[[Browser], None]
) -> None:
    thieves = copies(app_on_each_database, browser)
    assert all(gets_in(thief) for thief in copies(app_on_each_database, browser))

    end(browser)

    assert not any(gets_in(thief) for thief in thieves)


class SentSlowly(io.BytesIO):
    """A body; something happens before it is there."""

    def __init__(self, body: bytes, deed: Callable[[], object]) -> None:
        super().__init__(body)
        self._deed = deed

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io asks
        if self.tell() == 0:
            self._deed()
        return super().readinto(buffer)


@pytest.mark.parametrize("end", [end_by_another_password, end_by_signing_out_everywhere, end_by_deletion])
def test_who_was_signed_out_while_sending_changes_nothing(
    browser: Browser, owner: User, signed_in: Callable[[], Browser], end: Callable[[Browser], None]
) -> None:
    other = signed_in()
    token = browser.get("/account").all("input[name=csrf_token]")[0]["value"]
    form = {"csrf_token": token, "action": "time_zone", "time_zone": "Asia/Vladivostok"}
    large = urlencode(form | {"more": "x" * 2 * STRANGERS_BYTES}).encode()
    body = SentSlowly(large, lambda: end(other))
    length, kind = str(len(large)), "application/x-www-form-urlencoded"
    sent = {"input_stream": body, "content_type": kind, "environ_overrides": {"CONTENT_LENGTH": length}}

    answer = browser._ask(lambda: browser.client.post("/account", **sent))

    assert answer.status_code == 302 and answer.headers["Location"].startswith("/login")
    assert not db.session.scalars(sa.select(User).where(User.time_zone == "Asia/Vladivostok")).all()


@pytest.mark.parametrize("end", [end_by_another_password, end_by_signing_out_everywhere, end_by_deletion])
def test_other_devices_are_signed_out_too(
    browser: Browser, signed_in: Callable[[], Browser], end: Callable[[Browser], None]
) -> None:
    other = signed_in()

    end(browser)

    assert not gets_in(other.client)


def test_signing_out_leaves_other_devices_alone(browser: Browser, signed_in: Callable[[], Browser]) -> None:
    other = signed_in()

    end_by_signing_out(browser)

    assert gets_in(other.client)


@pytest.mark.parametrize("remember", [{}, {"remember": "y"}], ids=["not remembered", "remembered"])
def test_another_password_keeps_this_device_as_it_was(
    app_on_each_database: Flask, owner: User, remember: dict[str, str]
) -> None:
    browser = Browser(app_on_each_database.test_client())
    browser.get("/login")
    browser.submit("/login", email=owner.email, password=PASSWORD, **remember)

    end_by_another_password(browser)

    assert gets_in(browser.client)
    assert (browser.client.get_cookie("evosync_remember") is not None) is bool(remember)
    if remember:
        assert all(gets_in(client) for client in copies(app_on_each_database, browser))


def test_a_remembered_device_is_let_in_without_its_session(app_on_each_database: Flask, browser: Browser) -> None:
    browser.client.delete_cookie("evosync")

    assert gets_in(browser.client)
    end_by_signing_out(browser)
    assert not gets_in(browser.client)


def test_one_device_is_signed_out_from_another(browser: Browser, signed_in: Callable[[], Browser]) -> None:
    other = signed_in()
    page = browser.get("/account")
    (action,) = [str(form["action"]) for form in page.all("form") if "/account/sessions/" in str(form["action"])][:-1]

    page = browser.submit(action)

    assert page.path == "/account" and "вы вышли" in page.notices[0]
    assert not gets_in(other.client)
    assert gets_in(browser.client)


def test_the_account_lists_its_devices(app_on_each_database: Flask, owner: User) -> None:
    browser = Browser(app_on_each_database.test_client())
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
    browser.client.environ_base["HTTP_USER_AGENT"] = phone
    browser.sign_in(owner.email, PASSWORD)

    row = browser.get("/account").one(".device-table tbody tr").get_text(" ", strip=True)

    assert "Safari, iPhone" in row and "127.0.0.1" in row and "это устройство" in row


def test_a_device_of_somebody_else_does_not_exist(app_on_each_database: Flask, browser: Browser) -> None:
    from app.models import UserSession

    make_user("stranger@example.ru")
    stranger = Browser(app_on_each_database.test_client())
    stranger.sign_in("stranger@example.ru", PASSWORD)
    mine = db.session.scalars(sa.select(UserSession.id).order_by(UserSession.id)).first()
    stranger.get("/account")

    stranger.post(f"/account/sessions/{mine}/end", status=404)

    assert gets_in(browser.client)


def test_signing_in_renews_the_session_and_its_token(app_on_each_database: Flask, owner: User) -> None:
    browser = Browser(app_on_each_database.test_client())
    browser.get("/login")
    before = browser.client.get_cookie("evosync")
    with browser.client.session_transaction() as session:
        token, session["planted"] = session["csrf_token"], "by a stranger"
    browser.submit("/login", email=owner.email, password=PASSWORD)

    assert before is not None
    with browser.client.session_transaction() as session:
        assert session["csrf_token"] != token
        assert "planted" not in session


def test_the_database_holds_no_key_that_opens(app_on_each_database: Flask, browser: Browser) -> None:
    from app.models import UserSession

    with browser.client.session_transaction() as session:
        key = session["_user_id"].split(".")[1]

    assert key not in db.session.scalars(sa.select(UserSession.key_hash)).all()


def test_a_session_ends_by_itself_after_thirty_days(app_on_each_database: Flask, browser: Browser) -> None:
    from app.models import UserSession

    db.session.execute(sa.update(UserSession).values(expires_at=utcnow()))
    db.session.commit()

    assert not any(gets_in(client) for client in copies(app_on_each_database, browser))
