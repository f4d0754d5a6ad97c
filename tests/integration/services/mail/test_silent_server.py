"""A mail server that says nothing: whom it makes wait, and how often it is asked."""

import time

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.smtp import Blame
from app.db import db
from app.models import MailKind, OutgoingMail, User
from app.services.mail import delivery, letters, outbox
from app.tasks.sync import run_due
from tests.factories import connect_both, make_active, make_user
from tests.support.clock import TurnedClock
from tests.support.mail_server import MailServer
from tests.support.sandbox import STORE

SHORT = 0.4
"""Seconds, in place of those that a real server gets."""


@pytest.fixture
def owner(
    app_with_mail_on_each_database: Flask,
    clock: TurnedClock,
    mail_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> User:
    owner = make_user("owner@example.ru")
    letters.letter_for(owner, MailKind.RESET_PASSWORD)  # the first letter of a process takes the longest
    mail_server.hangs_at = "EHLO"
    monkeypatch.setattr(delivery, "SECONDS", SHORT)
    monkeypatch.setattr(delivery, "BEGIN_WITHIN", SHORT)
    monkeypatch.setattr(delivery, "BRIEFLY", SHORT)
    return owner


def queued(owner: User) -> None:
    outbox.queue(owner.id, MailKind.RESET_PASSWORD, owner.email)
    db.session.commit()


def test_a_mail_queued_while_the_server_rests_waits_as_well(
    owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    for _ in range(4):
        queued(owner)
        delivery.hand_over()
        clock.move(minutes=1)
    assert mail_server.asked.count("EHLO") == 1

    clock.move(minutes=1)
    delivery.hand_over()
    assert mail_server.asked.count("EHLO") == 2


def test_a_mail_that_is_given_up_leaves_the_server_at_rest(
    owner: User, mail_server: MailServer, clock: TurnedClock
) -> None:
    queued(owner)
    db.session.execute(sa.update(OutgoingMail).values(tries=outbox.MOST_TRIES - 1))
    mail_server.hangs_at = "DATA"
    delivery.hand_over()
    queued(owner)

    assert delivery.hand_over() == 0 and mail_server.asked.count("DATA") == 1


def test_no_run_waits_for_it(
    owner: User, mail_server: MailServer, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch, sandbox: object
) -> None:
    make_active(connect_both(owner), STORE)
    queued(owner)

    next(run_due())

    assert not mail_server.asked


def test_between_runs_it_is_waited_for_once_and_briefly(
    owner: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 50 * SHORT)
    queued(owner)
    began = time.monotonic()
    for _ in range(3):
        delivery.hand_over(is_brief=True)

    assert mail_server.asked.count("EHLO") == 1
    assert time.monotonic() - began < 10 * SHORT


def test_one_that_is_too_slow_for_a_brief_turn_gets_a_whole_one_after_the_runs(
    owner: User, mail_server: MailServer
) -> None:
    queued(owner)
    delivery.hand_over(is_brief=True)
    mail_server.hangs_at = ""

    assert delivery.hand_over(is_brief=True) == 0, "it is in doubt"
    assert delivery.hand_over() == 1
    queued(owner)
    assert delivery.hand_over(is_brief=True) == 1, "and trusted again"


def test_what_happened_is_on_the_mail(owner: User) -> None:
    queued(owner)
    delivery.hand_over()

    assert db.session.scalars(sa.select(OutgoingMail.error_code)).one() == Blame.SERVER
