"""Where the links of mails lead, and the pages that mail brings with it."""

import re
from string import ascii_letters, digits

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import MailKind, OutgoingMail, User, UserSession
from app.services.accounts import passwords, users
from app.services.mail import delivery, preferences, tokens
from tests.factories import PASSWORD, make_user
from tests.support.clock import NOON, TurnedClock
from tests.support.mail_server import MailServer
from tests.support.page import Browser

OWNER, ANOTHER = "owner@example.ru", "another password"
SITE = "http://localhost:8000"
ASKED = "Если этот адрес зарегистрирован, через несколько минут на него придёт письмо со ссылкой."


@pytest.fixture
def owner(app_with_mail_on_each_database: Flask, clock: TurnedClock) -> User:
    return make_user(OWNER)


@pytest.fixture
def visitor(app_with_mail_on_each_database: Flask, clock: TurnedClock) -> Browser:
    return Browser(app_with_mail_on_each_database.test_client())


def mailed(mail_server: MailServer) -> str:
    """The path of the link in the mail that goes out now."""
    delivery.hand_over()
    link = mail_server.taken[-1].link
    assert link.startswith(f"{SITE}/")
    return link.removeprefix(SITE)


def asks_for_a_password(visitor: Browser, mail_server: MailServer) -> str:
    visitor.get("/password/forgot")
    visitor.submit("/password/forgot", email=OWNER)
    return mailed(mail_server)


# A forgotten password


def test_a_new_password_is_made_by_a_link_that_was_mailed(
    visitor: Browser, owner: User, mail_server: MailServer
) -> None:
    elsewhere = Browser(visitor.client.application.test_client())
    elsewhere.sign_in(OWNER, PASSWORD)
    visitor.get("/login")
    link = asks_for_a_password(visitor, mail_server)
    visitor.get(link)
    page = visitor.submit(link, password=ANOTHER, password_repeat=ANOTHER)

    assert page.path == "/login" and page.notices[0].startswith("Пароль изменён")
    assert db.session.scalars(sa.select(UserSession)).all() == []
    assert elsewhere.get("/sync", 302).location.startswith("/login")
    assert visitor.sign_in(OWNER, ANOTHER).path == "/sync"
    assert owner.email_confirmed_at == NOON


def test_whoever_proves_the_address_first_looks_at_what_was_connected_before(
    visitor: Browser, owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    def says(password: str) -> bool:
        link = asks_for_a_password(visitor, mail_server)
        visitor.get(link)
        notices = visitor.submit(link, password=password, password_repeat=password).notices
        clock.move(hours=1)
        return any("что Эвотор и ВК там ваши" in notice for notice in notices)

    assert [says(ANOTHER), says(f"{ANOTHER} и ещё")] == [True, False]


def test_the_password_of_before_is_no_new_one_and_the_link_stays_good(
    visitor: Browser, owner: User, mail_server: MailServer
) -> None:
    link = asks_for_a_password(visitor, mail_server)
    visitor.get(link)
    page = visitor.submit(link, 422, password=PASSWORD, password_repeat=PASSWORD)

    assert page.errors == ["Это и есть ваш нынешний пароль. Войдите с ним или придумайте другой."]
    assert owner.email_confirmed_at is None
    assert visitor.submit(link, password=ANOTHER, password_repeat=ANOTHER).path == "/login"


def test_signing_out_everywhere_stops_a_new_password_under_way(
    visitor: Browser, owner: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = asks_for_a_password(visitor, mail_server)
    hashed = passwords.hashed

    def meanwhile(password: str) -> str:
        with db.engine.begin() as connection:
            connection.execute(sa.update(User).values(session_key="another"))
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", meanwhile)
    visitor.get(link)
    visitor.submit(link, 404, password=ANOTHER, password_repeat=ANOTHER)
    monkeypatch.undo()

    assert users.authenticate(OWNER, PASSWORD, "192.0.2.1").id == owner.id


def test_a_link_works_once(visitor: Browser, owner: User, mail_server: MailServer) -> None:
    link = asks_for_a_password(visitor, mail_server)
    visitor.get(link)
    visitor.submit(link, password=ANOTHER, password_repeat=ANOTHER)

    assert visitor.get(link, 404).heading == "Ссылка больше не действует"


def test_looking_at_a_link_changes_nothing(visitor: Browser, owner: User, mail_server: MailServer) -> None:
    link = asks_for_a_password(visitor, mail_server)
    for _ in range(3):
        visitor.get(link)

    assert users.authenticate(OWNER, PASSWORD, "192.0.2.1").id == owner.id


def test_of_two_who_use_a_link_at_once_one_gets_it(visitor: Browser, owner: User, mail_server: MailServer) -> None:
    link = asks_for_a_password(visitor, mail_server)
    second = Browser(visitor.client.application.test_client())
    visitor.get(link), second.get(link)
    visitor.submit(link, password=ANOTHER, password_repeat=ANOTHER)
    second.submit(link, 404, password="a third password", password_repeat="a third password")

    assert users.authenticate(OWNER, ANOTHER, "192.0.2.1")


def test_a_link_lasts_an_hour(visitor: Browser, owner: User, mail_server: MailServer, clock: TurnedClock) -> None:
    link = asks_for_a_password(visitor, mail_server)
    clock.move(minutes=59)
    visitor.get(link)
    clock.move(minutes=2)
    visitor.get(link, 404)


@pytest.mark.parametrize("what", ["password", "address", "account"])
def test_a_link_dies_with_what_it_was_for(visitor: Browser, owner: User, mail_server: MailServer, what: str) -> None:
    link = asks_for_a_password(visitor, mail_server)
    if what == "password":
        users.set_password(owner, ANOTHER)
    elif what == "address":
        owner.email = "another@example.ru"
    else:
        db.session.execute(sa.delete(User))
    db.session.commit()

    visitor.get(link, 404)


@pytest.mark.parametrize("refused", ["short", "password1", f"{OWNER}1"])
def test_a_refused_password_leaves_the_link_alive(
    visitor: Browser, owner: User, mail_server: MailServer, refused: str
) -> None:
    link = asks_for_a_password(visitor, mail_server)
    visitor.get(link)
    assert visitor.submit(link, 422, password=refused, password_repeat=refused).errors
    visitor.submit(link, password=ANOTHER, password_repeat=ANOTHER)


def test_nobody_learns_who_is_registered(visitor: Browser, owner: User, mail_server: MailServer) -> None:
    seen = []
    for address in (OWNER, "nobody@example.ru", "no address"):
        visitor.get("/password/forgot")
        page = visitor.submit("/password/forgot", email=address)
        seen.append(re.sub(r'value="[^"]+"', "", page.html))
        assert page.notices[0].startswith(ASKED)

    assert len(set(seen)) == 1
    assert delivery.hand_over() == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 3, "the work is the same"


def test_no_mailbox_is_flooded(
    visitor: Browser, owner: User, mail_server: MailServer, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(60):
        visitor.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{minute}"
        visitor.get("/password/forgot")
        visitor.submit("/password/forgot", email=OWNER)
        clock.move(minutes=1)
        delivery.hand_over()

    assert len(mail_server.taken) == 5


def test_one_source_asks_so_often_and_no_oftener(visitor: Browser) -> None:
    for number in range(10):
        visitor.get("/password/forgot")
        visitor.submit("/password/forgot", email=f"shop-{number}@example.ru")
    visitor.get("/password/forgot")
    visitor.submit("/password/forgot", 429, email=OWNER)


# An address confirmed


def test_registering_asks_to_confirm_the_address(visitor: Browser, mail_server: MailServer) -> None:
    visitor.get("/register")
    visitor.submit("/register", email="new@example.ru", password=PASSWORD, password_repeat=PASSWORD)
    link = mailed(mail_server)

    assert visitor.get(link).heading == "Адрес подтверждён"
    assert db.session.scalars(sa.select(User)).one().email_confirmed_at == NOON


@pytest.mark.parametrize("since", ["a day", "a month", "another password"])
def test_a_link_that_was_used_says_kindly_that_the_address_is_confirmed(
    visitor: Browser, owner: User, clock: TurnedClock, since: str
) -> None:
    """Programs that look at links may have been there before the owner."""
    link = f"/email/confirm/{tokens.confirm_token(owner)}"
    assert visitor.get(link).heading == "Адрес подтверждён"
    clock.move(days=30 if since == "a month" else 1)
    if since == "another password":
        users.set_password(owner, ANOTHER)
        db.session.commit()

    assert visitor.get(link).heading == "Адрес уже подтверждён"
    assert owner.email_confirmed_at == NOON


def test_of_two_links_the_second_finds_the_address_confirmed(visitor: Browser, owner: User, clock: TurnedClock) -> None:
    first = tokens.confirm_token(owner)
    clock.move(minutes=10)
    second = tokens.confirm_token(owner)

    headings = [visitor.get(f"/email/confirm/{token}").heading for token in (second, first)]
    assert headings == ["Адрес подтверждён", "Адрес уже подтверждён"]


def test_a_used_link_confirms_nothing_after_the_address_changed_and_changed_back(visitor: Browser, owner: User) -> None:
    link = f"/email/confirm/{tokens.confirm_token(owner)}"
    visitor.get(link)
    for address in ("another@example.ru", OWNER):
        owner.email, owner.email_confirmed_at = address, None
        db.session.commit()
        page = visitor.get(link)
        db.session.refresh(owner)

        assert page.heading == "Ссылка больше не действует" and owner.email_confirmed_at is None

    visitor.get(f"/email/confirm/{tokens.confirm_token(owner)}")
    db.session.refresh(owner)
    assert owner.email_confirmed_at == NOON


def test_asking_for_the_head_of_the_page_confirms_nothing(visitor: Browser, owner: User) -> None:
    link = f"/email/confirm/{tokens.confirm_token(owner)}"
    answer = visitor.ask_beside(lambda: visitor.client.head(link))
    db.session.expire_all()

    assert answer.status_code == 200
    assert owner.email_confirmed_at is None


@pytest.mark.parametrize("what", ["a week", "another address", "another password"])
def test_a_link_that_confirms_does_not_last(visitor: Browser, owner: User, clock: TurnedClock, what: str) -> None:
    link = f"/email/confirm/{tokens.confirm_token(owner)}"
    if what == "a week":
        clock.move(days=7, seconds=1)
    elif what == "another address":
        owner.email = "another@example.ru"
        db.session.commit()
    else:
        users.set_password(owner, ANOTHER)
        db.session.commit()

    page = visitor.get(link)
    assert page.heading == "Ссылка больше не действует" and "другого адреса" in page.text
    assert owner.email_confirmed_at is None


def test_a_word_that_nobody_signed_is_no_link(visitor: Browser, owner: User) -> None:
    visitor.get(f"/email/confirm/{tokens.confirm_token(owner)[:-2]}", 404)


def test_a_link_for_one_thing_does_nothing_else(visitor: Browser, owner: User) -> None:
    confirming, resetting = tokens.confirm_token(owner), tokens.reset_token(owner)
    for path in (f"/password/reset/{confirming}", f"/email/confirm/{resetting}", f"/mail/stop/{resetting}"):
        visitor.get(path, 404)


def test_a_link_is_good_as_it_was_signed_and_in_no_other_form(owner: User) -> None:
    """The last sign of a signature has bits to spare."""
    token = tokens.reset_token(owner)
    others = {token[:-1] + sign for sign in ascii_letters + digits + "-_"} - {token}

    assert tokens.reset_by(token) is owner
    assert [other for other in others if tokens.reset_by(other)] == []


# The account page


def account(visitor: Browser, **fields: object) -> Browser:
    token = visitor.get("/account").all("input[name=csrf_token]")[0]["value"]
    visitor.post("/account", {"csrf_token": token, **fields})
    return visitor


def test_the_owner_asks_for_the_link_again_and_is_not_flooded(
    visitor: Browser, owner: User, mail_server: MailServer
) -> None:
    visitor.sign_in(OWNER, PASSWORD)
    for said in ("Письмо придёт через несколько минут", "Письмо уже отправлено"):
        account(visitor, action="confirm_email")
        assert visitor.page and visitor.page.notices[0].startswith(said)
    delivery.hand_over()

    assert len(mail_server.taken) == 1


def test_the_owner_chooses_which_mails_to_get(visitor: Browser, owner: User) -> None:
    visitor.sign_in(OWNER, PASSWORD)
    account(visitor, action="mails", kinds=["approval", "weekly_digest"])

    assert preferences.wanted(owner) == [MailKind.APPROVAL, MailKind.WEEKLY_DIGEST]
    checked = {box["value"] for box in visitor.get("/account").all("input[name=kinds][checked]")}
    assert checked == {"approval", "weekly_digest"}


# Ended


def stop_path(owner: User) -> str:
    return f"/mail/stop/{tokens.stop_token(owner, MailKind.APPROVAL)}"


def test_a_kind_is_ended_by_one_button_without_signing_in(visitor: Browser, owner: User) -> None:
    visitor.get(stop_path(owner))
    assert preferences.wants(owner, MailKind.APPROVAL)
    page = visitor.submit(stop_path(owner))

    assert page.notices[0].startswith("Писем «Изменения ждут вашего решения» больше не будет.")
    assert "/account#mails" in page.links()
    assert not preferences.wants(owner, MailKind.APPROVAL) and preferences.wants(owner, MailKind.CONNECTION)


def test_a_mail_program_ends_a_kind_with_one_click(visitor: Browser, owner: User) -> None:
    path, pressed = stop_path(owner), {"List-Unsubscribe": "One-Click"}
    answer = visitor.ask_beside(lambda: visitor.client.post(path, data=pressed))
    db.session.expire_all()

    assert answer.status_code == 200
    assert not preferences.wants(owner, MailKind.APPROVAL)


def test_a_kind_is_ended_with_an_old_mail_too(visitor: Browser, owner: User, clock: TurnedClock) -> None:
    path = stop_path(owner)
    users.set_password(owner, ANOTHER)
    clock.move(days=400)
    visitor.get(path)
    visitor.submit(path)

    assert not preferences.wants(owner, MailKind.APPROVAL)


# Without mail, and in the log


def test_without_mail_none_of_it_is_there(app: Flask) -> None:
    owner = make_user(OWNER)
    visitor = Browser(app.test_client())
    for path in ("/password/forgot", f"/email/confirm/{tokens.confirm_token(owner)}", stop_path(owner)):
        visitor.get(path, 404)
    assert "/password/forgot" not in visitor.get("/login").links()
    visitor.sign_in(OWNER, PASSWORD)
    assert not visitor.get("/account").all("input[name=kinds]")


def test_where_there_is_mail_the_sign_in_leads_to_it(visitor: Browser) -> None:
    assert "/password/forgot" in visitor.get("/login").links()


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(tokens, "reset_by", away)
    monkeypatch.setattr(tokens, "confirmed_by", away)


def test_no_link_reaches_the_log(
    visitor: Browser, owner: User, unreachable: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/password/reset/", "/email/confirm/"):
        visitor.get(f"{path}{tokens.confirm_token(owner)}", 503)

    lines = capsys.readouterr().err
    assert "path=/password/reset/[hidden]" in lines and "path=/email/confirm/[hidden]" in lines
    assert tokens.confirm_token(owner)[:20] not in lines
