"""Queued mails on their way to a real mail server."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.smtp import Blame
from app.clock import utcnow
from app.db import db
from app.models import MailKind, OutgoingMail, User
from app.services.mail import confirmation, delivery, letters, outbox
from app.services.ops import pruning
from tests.factories import make_user
from tests.support.clock import NOON, TurnedClock
from tests.support.mail_server import SENDER, MailServer

OWNER = "owner@example.ru"


@pytest.fixture
def owner(app_with_mail_on_each_database: Flask, clock: TurnedClock) -> User:
    return make_user(OWNER)


def asks(owner: User) -> OutgoingMail:
    assert confirmation.ask(owner)
    db.session.commit()
    return the_mail()


def the_mail() -> OutgoingMail:
    return db.session.scalars(sa.select(OutgoingMail).execution_options(populate_existing=True)).one()


def test_a_queued_mail_goes_out_once(owner: User, mail_server: MailServer, capsys: pytest.CaptureFixture[str]) -> None:
    asks(owner)

    assert [delivery.hand_over(), delivery.hand_over()] == [1, 0]

    (taken,) = mail_server.taken
    assert (taken.sender, taken.recipients) == (SENDER, [OWNER])
    assert the_mail().sent_at == NOON and the_mail().next_try_at is None
    assert "event=mail_sent mail_id=1 user_id=1 kind=confirm_email" in capsys.readouterr().err


def test_what_is_not_committed_never_goes_out(owner: User, mail_server: MailServer) -> None:
    confirmation.ask(owner)
    db.session.rollback()

    assert delivery.hand_over() == 0 and not mail_server.asked


def test_several_mails_share_a_connection(owner: User, mail_server: MailServer) -> None:
    for number in range(3):
        outbox.queue(owner.id, MailKind.RESET_PASSWORD, OWNER, str(number))
    db.session.commit()

    assert delivery.hand_over() == 3 and mail_server.asked.count("EHLO") == 1


def test_a_mailbox_that_is_not_there_ends_the_mail_at_once(owner: User, mail_server: MailServer) -> None:
    mail = asks(owner)
    mail_server.answers = {"RCPT": "550 5.1.1 no such user"}
    delivery.hand_over()

    mail = the_mail()
    assert (mail.given_up_at, mail.next_try_at, mail.error_code) == (NOON, None, Blame.RECIPIENT)


@pytest.mark.parametrize("answer", ["450 4.2.0 greylisted", "550 5.7.1 not from you"])
def test_a_recipient_who_may_be_there_is_tried_again(owner: User, mail_server: MailServer, answer: str) -> None:
    asks(owner)
    mail_server.answers = {"RCPT": answer}
    delivery.hand_over()

    assert the_mail().next_try_at == NOON + outbox.PAUSES[0]


def test_tries_end_after_about_a_day(owner: User, mail_server: MailServer, clock: TurnedClock) -> None:
    asks(owner)
    mail_server.answers = {"DATA": "451 4.3.0 later"}
    tried = []
    while (due_at := the_mail().next_try_at) is not None:
        clock.moved = due_at - NOON
        delivery.hand_over()
        tried.append(due_at - NOON)

    assert len(tried) == outbox.MOST_TRIES == mail_server.asked.count("DATA")
    assert timedelta(hours=20) < tried[-1] < timedelta(days=2) and the_mail().given_up_at is not None


def test_one_refused_recipient_costs_the_others_nothing(owner: User, mail_server: MailServer) -> None:
    asks(owner)
    asks_too = make_user("second@example.ru")
    confirmation.ask(asks_too)
    db.session.commit()
    mail_server.answers = {OWNER: "550 5.1.1 no such user"}

    assert delivery.hand_over() == 1
    assert mail_server.taken[0].recipients == ["second@example.ru"]


@pytest.mark.parametrize(
    ("command", "answer"), [("MAIL", "550 5.7.1 not yours"), ("MAIL", "421 4.7.0 too much"), ("RCPT", "530 log in")]
)
def test_what_a_server_has_against_us_is_no_try_and_loses_nothing(
    owner: User, mail_server: MailServer, clock: TurnedClock, command: str, answer: str
) -> None:
    asks(owner)
    mail_server.answers = {command: answer}
    for _ in range(2 * outbox.MOST_TRIES):
        delivery.hand_over()
        clock.move(minutes=6)
    mail_server.answers = {}

    assert delivery.hand_over() == 1


def test_a_server_that_takes_no_mail_is_told_of_once_a_pass(
    owner: User, mail_server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        outbox.queue(owner.id, MailKind.RESET_PASSWORD, OWNER, str(number))
    db.session.commit()
    mail_server.answers = {"MAIL": "550 5.7.1 not yours"}
    delivery.hand_over()
    delivery.hand_over()

    assert capsys.readouterr().err.count("event=mail_server error=mail_sender status=550") == 1
    assert mail_server.asked.count("MAIL") == 1


def test_a_server_that_is_not_there_is_asked_again_in_five_minutes(
    owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    asks(owner)
    mail_server.stop()
    delivery.hand_over()
    assert (the_mail().tries, outbox.due()) == (0, [])

    clock.move(minutes=5)
    mail_server.start()
    assert delivery.hand_over() == 1


@pytest.mark.parametrize("command", ["EHLO", "DATA"])
def test_a_server_that_hangs_ends_with_the_budget(
    owner: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 1.5)
    monkeypatch.setattr(delivery, "BEGIN_WITHIN", 1.0)
    letters.letter_for(owner, MailKind.RESET_PASSWORD)  # the first letter of a process takes the longest
    for number in range(3):
        outbox.queue(owner.id, MailKind.RESET_PASSWORD, OWNER, str(number))
    db.session.commit()
    mail_server.hangs_at = command

    assert delivery.hand_over() == 0
    assert mail_server.asked.count(command) == 1
    assert outbox.due() == []


def test_a_connection_that_breaks_in_the_middle_counts_as_a_try_of_its_mail(
    owner: User, mail_server: MailServer
) -> None:
    asks(owner)
    mail_server.drops_at = "DATA"
    delivery.hand_over()

    assert (the_mail().tries, the_mail().next_try_at) == (1, NOON + outbox.PAUSES[0])


def test_a_mail_in_the_hands_of_a_worker_is_left_to_it(
    owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    mail = asks(owner)
    assert outbox.claim(mail.id)

    assert outbox.claim(mail.id) is None and delivery.hand_over() == 0
    clock.move(minutes=6)  # that worker is dead
    assert delivery.hand_over() == 1


def test_a_mail_that_kills_every_worker_is_given_up(owner: User, mail_server: MailServer, clock: TurnedClock) -> None:
    mail = asks(owner)
    for _ in range(outbox.MOST_TRIES):
        outbox.claim(mail.id)
        clock.move(minutes=6)
    delivery.hand_over()

    assert not mail_server.taken and the_mail().error_code == outbox.NOT_NEEDED


def test_a_link_that_nobody_waits_for_any_more_is_not_sent(
    owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    outbox.queue(owner.id, MailKind.RESET_PASSWORD, OWNER)
    db.session.commit()
    clock.move(hours=1)
    delivery.hand_over()

    assert not mail_server.asked and the_mail().given_up_at == utcnow()


def test_no_mail_goes_to_an_address_that_was_changed_meanwhile(owner: User, mail_server: MailServer) -> None:
    asks(owner)
    owner.email = "another@example.ru"
    db.session.commit()
    delivery.hand_over()

    assert not mail_server.taken


def test_a_deleted_account_takes_its_mails_along(owner: User, mail_server: MailServer) -> None:
    asks(owner)
    db.session.execute(sa.delete(User))
    db.session.commit()

    assert delivery.hand_over() == 0 and not mail_server.asked


def test_a_fault_of_ours_in_one_mail_stops_no_other(
    owner: User, mail_server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox.queue(owner.id, MailKind.RESET_PASSWORD, "owner@example.ru")
    evil = make_user("second@example.ru")
    evil.email = "x@example.ru\nBcc: all@example.ru"
    outbox.queue(evil.id, MailKind.RESET_PASSWORD, evil.email)
    db.session.commit()

    assert delivery.hand_over() == 1
    assert [taken.recipients for taken in mail_server.taken] == [[OWNER]]
    assert "event=mail_not_sent" in capsys.readouterr().err


@pytest.mark.parametrize("local", ["=?utf-8?q?all=40example.ru=2c?=", "=?utf-8?q?=0a?=", "=?utf-8?q?=00?="])
def test_an_address_that_a_header_would_tell_otherwise_gets_no_mail(
    owner: User, mail_server: MailServer, capsys: pytest.CaptureFixture[str], local: str
) -> None:
    owner.email = f"{local}@example.com"
    outbox.queue(owner.id, MailKind.RESET_PASSWORD, owner.email)
    db.session.commit()

    assert delivery.hand_over() == 0 and not mail_server.asked
    assert (the_mail().given_up_at, the_mail().error_code) == (NOON, "no_address")
    assert "Traceback" not in capsys.readouterr().err


def test_an_application_without_mail_asks_nobody(app: Flask) -> None:
    owner = make_user(OWNER)
    assert not confirmation.ask(owner)
    outbox.queue(owner.id, MailKind.RESET_PASSWORD, OWNER)
    db.session.commit()

    assert delivery.hand_over() == 0


def test_what_is_done_is_pruned_after_a_week_at_the_earliest(
    owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    asks(owner)
    delivery.hand_over()
    outbox.queue(owner.id, MailKind.APPROVAL, OWNER)
    db.session.commit()
    clock.move(days=7)
    assert pruning.prune(1)["mails"] == 0
    clock.move(days=2)

    assert pruning.prune(1)["mails"] == 1
    assert the_mail().kind == MailKind.APPROVAL, "it still waits"
