"""Several workers at the same mails, each a process of its own as far as the database can tell."""

import threading
from contextvars import Context

import pytest
from flask import Flask

from app.db import db
from app.models import MailKind
from app.services.mail import delivery, outbox
from tests.factories import make_user
from tests.support.mail_server import MailServer

MAILS, WORKERS = 6, 3


@pytest.fixture
def queued(app_with_mail_on_each_database: Flask) -> Flask:
    owner = make_user()
    for number in range(MAILS):
        outbox.queue(owner.id, MailKind.RESET_PASSWORD, owner.email, str(number))
    db.session.commit()
    return app_with_mail_on_each_database


def test_workers_at_once_send_each_mail_once(queued: Flask, mail_server: MailServer) -> None:
    begin, sent = threading.Barrier(WORKERS), []

    def work() -> None:
        with queued.app_context():
            begin.wait()
            sent.append(delivery.hand_over())
            db.session.remove()

    threads = [threading.Thread(target=Context().run, args=(work,)) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(sent) == len(mail_server.taken) == MAILS
    assert len({taken.message["Message-ID"] for taken in mail_server.taken}) == MAILS
    assert outbox.due() == []


def test_a_worker_that_comes_while_a_mail_is_handed_over_leaves_it(queued: Flask, mail_server: MailServer) -> None:
    seen: list[int] = []

    def comes() -> None:
        with queued.app_context():
            seen.append(len(outbox.due()))
            db.session.remove()

    mail_server.on_data = lambda: Context().run(comes)

    assert delivery.hand_over() == MAILS
    assert seen == list(range(MAILS - 1, -1, -1)), "each is claimed, and said to be, before it goes out"
