"""flask mail test."""

import pytest
from flask import Flask

from tests.integration.cli.conftest import Shell
from tests.support.mail_server import SECRET, USER, MailServer, with_mail

OWNER = "owner@example.ru"


@pytest.fixture
def flask_with_mail(app_with_mail: Flask) -> Shell:
    return Shell(app_with_mail)


def test_one_mail_goes_out_now_and_the_answer_is_told(flask_with_mail: Shell, mail_server: MailServer) -> None:
    answer = flask_with_mail("mail", "test", "Owner@Example.ru")

    assert (answer.code, answer.out) == (0, "the mail server took it: 250 2.0.0 Ok: queued as 4F1C\n")
    assert [taken.recipients for taken in mail_server.taken] == [[OWNER]]


@pytest.mark.parametrize(
    ("command", "said", "told"),
    [
        ("RCPT", "550 5.1.1 no such user", "the mail server refuses the recipient: 550 5.1.1 no such user\n"),
        ("MAIL", "553 not yours", "the mail server refuses the sender, MAIL_FROM: 553 not yours\n"),
    ],
)
def test_a_refusal_is_one_line(
    flask_with_mail: Shell, mail_server: MailServer, command: str, said: str, told: str
) -> None:
    mail_server.answers = {command: said}
    answer = flask_with_mail("mail", "test", OWNER)

    assert answer.is_refusal(1) and answer.err.endswith(told)


def test_a_server_that_nobody_vouches_for_is_told_and_gets_no_password(app: Flask, mail_server: MailServer) -> None:
    with_mail(app, mail_server.start(has_login=True).url(f"{USER}:p%40ss@"))
    answer = Shell(app)("mail", "test", OWNER)

    assert answer.is_refusal(1) and "encryption" in answer.err
    assert mail_server.said == [] and SECRET not in answer.err


def test_what_is_no_address_is_wrong_usage(flask_with_mail: Shell) -> None:
    assert flask_with_mail("mail", "test", "owner").is_refusal(2)


def test_without_a_mail_server_there_is_nothing_to_test(flask: Shell) -> None:
    answer = flask("mail", "test", OWNER)
    assert answer.is_refusal(1) and "SMTP_URL" in answer.err


def test_no_database_is_needed(app_with_mail: Flask, mail_server: MailServer) -> None:
    from app.db import db

    db.drop_all()
    assert Shell(app_with_mail)("mail", "test", OWNER).code == 0
