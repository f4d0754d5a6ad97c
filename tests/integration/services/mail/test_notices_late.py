"""Notices that the mail server could not take when their time was."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import MailKind, OutgoingMail, User
from app.services.mail import delivery, notices, outbox, preferences
from tests.factories import make_user
from tests.support import story
from tests.support.clock import stop_at
from tests.support.mail_server import MailServer
from tests.support.sandbox import Sandbox

MONDAY_NOON = datetime(2026, 6, 15, 9)


@pytest.fixture
def owner(app_with_mail_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> User:
    """Active, on a Monday at noon."""
    stop_at(monkeypatch, MONDAY_NOON)
    owner = make_user()
    owner.email_confirmed_at = utcnow()
    db.session.commit()
    story.ran(owner)
    return owner


@pytest.fixture
def dead(owner: User, sandbox: Sandbox) -> User:
    story.ran_into(owner, sandbox, "vk", "auth")
    return owner


def moves_on(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    stop_at(monkeypatch, utcnow() + timedelta(**span))


def queued(kind: MailKind) -> int:
    return db.session.scalar(sa.select(sa.func.count()).where(OutgoingMail.kind == kind)) or 0


def test_a_server_that_was_away_for_long_is_given_one_mail_of_a_kind(
    dead: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_server.stop()
    for _ in range(20):
        notices.queue_due()
        delivery.hand_over()
        moves_on(monkeypatch, days=1, minutes=1)
    mail_server.start()
    for _ in range(3):
        notices.queue_due()
        delivery.hand_over()

    assert len(mail_server.taken) == 1


def test_none_is_queued_while_one_of_its_kind_waits(dead: User, monkeypatch: pytest.MonkeyPatch) -> None:
    notices.queue_due()
    moves_on(monkeypatch, days=9)
    notices.queue_due()

    assert queued(MailKind.CONNECTION) == 1


def test_one_that_is_older_than_a_day_is_not_sent(
    dead: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.queue_due()
    moves_on(monkeypatch, days=1)
    delivery.hand_over()

    assert not mail_server.taken


def test_of_several_that_wait_one_goes_out(dead: User, mail_server: MailServer) -> None:
    for _ in range(3):
        outbox.queue(dead.id, MailKind.CONNECTION, dead.email, "vk token_rejected")
    db.session.commit()
    delivery.hand_over()

    assert len(mail_server.taken) == 1


def test_the_day_between_two_begins_when_the_first_goes_out(
    dead: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.queue_due()
    moves_on(monkeypatch, hours=20)
    delivery.hand_over()
    db.session.execute(sa.update(OutgoingMail).values(about="another"))
    db.session.commit()
    moves_on(monkeypatch, hours=20)
    assert notices.queue_due() == 0
    moves_on(monkeypatch, hours=5)

    assert notices.queue_due() == 1


def test_a_week_is_summed_up_after_its_monday_but_not_after_the_next(
    owner: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences.choose(owner, [MailKind.WEEKLY_DIGEST])
    db.session.commit()
    notices.queue_due()
    moves_on(monkeypatch, days=2)
    delivery.hand_over()
    assert len(mail_server.taken) == 1

    outbox.queue(owner.id, MailKind.WEEKLY_DIGEST, owner.email, "2026-06-15")
    db.session.commit()
    moves_on(monkeypatch, days=7)
    delivery.hand_over()
    assert len(mail_server.taken) == 1
