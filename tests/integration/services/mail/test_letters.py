"""What a mail is made of: words of its kind, one link, and headers that programs read."""

import re
from email import message_from_bytes
from email.policy import default

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app.db import db
from app.models import MailKind, User
from app.services.errors import NotAnAddress
from app.services.mail import letters, occasions, tokens
from app.services.mail.messages import message_of
from app.services.mail.occasions import Occasion
from app.services.mail.preferences import CHOSEN
from tests.factories import make_user

ABOUT = {
    MailKind.CONNECTION: "evotor unpaid, vk needs_owner",
    MailKind.WEEKLY_DIGEST: "2026-06-15",
}
SITE = "http://localhost:8000"


@pytest.fixture
def owner(app_with_mail: Flask, monkeypatch: pytest.MonkeyPatch) -> User:
    """There is something to tell of every kind."""
    monkeypatch.setattr(occasions, "still", lambda kind, user_id: Occasion(user_id, ABOUT.get(kind, "")))
    owner = make_user()
    owner.mail_choices = {str(kind): True for kind in CHOSEN}
    db.session.commit()
    return owner


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_says_what_to_do_with_one_link_that_leads_somewhere(owner: User, kind: MailKind) -> None:
    letter = letters.letter_for(owner, kind)
    assert letter is not None
    links = re.findall(rf"^{SITE}(/\S*)$", letter.text, re.MULTILINE)
    assert len(links) == 1
    from flask import current_app

    adapter = current_app.create_url_adapter(None)
    assert adapter is not None
    try:
        adapter.match(links[0], "GET")
    except HTTPException:
        pytest.fail(f"{links[0]} is no page")
    assert f'<a href="{SITE}{links[0]}">' in letter.html
    assert not re.search(r"токен|выгрузк|запуск|\bплан|правил", f"{letter.subject} {letter.text}", re.IGNORECASE)
    assert '"' not in letter.text and "\n\n\n" not in letter.text


@pytest.mark.parametrize("kind", MailKind)
def test_what_may_be_ended_says_where_and_nothing_else_does(owner: User, kind: MailKind) -> None:
    letter = letters.letter_for(owner, kind)
    assert letter is not None
    message = message_of(letter, owner.email)
    stop = f"{SITE}/mail/stop/"
    assert (stop in letter.text) == (stop in letter.html) == (kind in CHOSEN)
    if kind in CHOSEN:
        assert message["List-Unsubscribe"] == f"<{letter.stop_url}>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        token = str(letter.stop_url).removeprefix(stop)
        assert tokens.stopped_by(token) == (owner, kind)
    else:
        assert "List-Unsubscribe" not in message


def test_a_mail_says_that_no_person_wrote_it(owner: User) -> None:
    letter = letters.letter_for(owner, MailKind.APPROVAL)
    assert letter is not None
    sent = message_from_bytes(message_of(letter, owner.email).as_bytes(), policy=default)

    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["From"] == "EvoSync <evosync@example.ru>" and sent["To"] == owner.email
    assert sent["Message-ID"].endswith("@example.ru>") and sent["Date"].datetime is not None
    assert sent["Subject"] == letter.subject
    assert re.search(rb"^List-Unsubscribe: <http\S+>\r?$", message_of(letter, owner.email).as_bytes(), re.MULTILINE)


@pytest.mark.parametrize("address", ["a@example.ru\r\nBcc: b@example.ru", "a@example.ru\nSubject: x"])
def test_no_header_is_smuggled_in(owner: User, address: str) -> None:
    letter = letters.letter_for(owner, MailKind.APPROVAL)
    assert letter is not None
    with pytest.raises(NotAnAddress):
        message_of(letter, address)


def test_a_domain_in_letters_is_sent_as_the_net_spells_it(app_with_mail: Flask) -> None:
    owner = make_user("хозяин@Пример.рф".replace("хозяин", "owner"))
    assert owner.email == "owner@xn--e1afmkfd.xn--p1ai"
    letter = letters.letter_for(owner, MailKind.CONFIRM_EMAIL)
    assert letter is not None and message_of(letter, owner.email).as_bytes().isascii()
