"""flask users."""

import pytest

from app.db import db
from app.services.accounts import events, sessions, users
from tests.factories import PASSWORD, make_user
from tests.integration.cli.conftest import Shell

EMAIL = "owner@example.ru"
SOURCE = "192.0.2.1"


def test_an_account_is_made_with_the_password_from_stdin(flask: Shell) -> None:
    answer = flask("users", "create", "Owner@Example.ru", "--password-stdin", stdin="a long password\n")

    assert answer.code == 0
    assert "event=registered user_id=1" in answer.err
    assert answer.json == {"user_id": 1, "email": EMAIL}
    assert users.authenticate(EMAIL, "a long password", SOURCE)


def test_only_the_line_end_is_cut_from_the_password(flask: Shell) -> None:
    flask("users", "create", EMAIL, "--password-stdin", stdin=" spaces count \r\nnext line\n")

    assert users.authenticate(EMAIL, " spaces count ", SOURCE)


def test_the_password_is_asked_for_twice(flask: Shell) -> None:
    answer = flask("users", "create", EMAIL, stdin="a long password\na long password\n")

    assert answer.json["email"] == EMAIL
    assert "a long password" not in answer.out + answer.err
    assert users.authenticate(EMAIL, "a long password", SOURCE)


@pytest.mark.parametrize("address", ["", "owner", "owner@", "@example.ru", "owner@localhost", "a b@example.ru"])
def test_a_bad_address_is_exit_2(flask: Shell, address: str) -> None:
    assert flask("users", "create", address, "--password-stdin", stdin="a long password\n").is_refusal(2)
    assert users.find(address) is None


@pytest.mark.parametrize("password", ["", "short", "1234567", "x" * 129])
def test_a_password_of_the_wrong_length_is_exit_2(flask: Shell, password: str) -> None:
    assert flask("users", "create", EMAIL, "--password-stdin", stdin=f"{password}\n").is_refusal(2)
    assert users.find(EMAIL) is None


def test_a_password_that_is_not_text_is_exit_2(flask: Shell) -> None:
    assert flask("users", "create", EMAIL, "--password-stdin", stdin=b"long but broken \xff\n").is_refusal(2)


def test_an_address_that_is_taken_is_exit_1(flask: Shell) -> None:
    make_user(EMAIL)

    assert flask("users", "create", "OWNER@example.ru", "--password-stdin", stdin="a long password\n").is_refusal(1)


def test_a_new_password_signs_in_and_ends_other_sessions(flask: Shell) -> None:
    user = make_user(EMAIL)
    sessions.begin(user, is_remembered=True, source=SOURCE, device="Chrome")
    db.session.commit()
    before = user.carried or ""

    answer = flask("users", "set-password", EMAIL, "--password-stdin", stdin="another password\n")

    assert answer.code == 0
    db.session.expire_all()
    assert users.authenticate(EMAIL, "another password", SOURCE)
    assert sessions.resume(before) is None


def test_a_bad_new_password_changes_nothing(flask: Shell) -> None:
    make_user(EMAIL)

    assert flask("users", "set-password", EMAIL, "--password-stdin", stdin="short\n").is_refusal(2)
    assert users.authenticate(EMAIL, PASSWORD, SOURCE)


@pytest.mark.parametrize("written", [" Owner@ПРИМЕР.РФ", "owner@xn--e1afmkfd.xn--p1ai", "ｏｗｎｅｒ@пример.рф."])
def test_an_address_is_one_however_it_is_written(flask: Shell, written: str) -> None:
    flask("users", "create", "owner@пример.рф", "--password-stdin", stdin="a long password\n")

    assert flask("users", "create", written, "--password-stdin", stdin="a long password\n").is_refusal(1)
    assert flask("users", "set-password", written, "--password-stdin", stdin="another password\n").code == 0
    assert flask("sync-config", written).json["email"] == "owner@xn--e1afmkfd.xn--p1ai"


def test_no_transaction_waits_for_the_operator(flask: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(EMAIL)
    typed = "app.cli.users._password"
    monkeypatch.setattr(typed, lambda _from_stdin, _email: "open" if in_transaction() else "closed password")

    assert flask("users", "set-password", EMAIL).code == 0
    db.session.expire_all()
    assert users.authenticate(EMAIL, "closed password", SOURCE)


def in_transaction() -> bool:
    return bool(db.session().in_transaction())


def test_an_operator_is_made_and_unmade_and_their_record_says_so(flask: Shell) -> None:
    user = make_user(EMAIL)

    assert flask("users", "grant-operator", EMAIL).json == {"user_id": 1, "email": EMAIL, "is_operator": True}
    assert flask("users", "grant-operator", EMAIL).code == 0
    assert flask("users", "revoke-operator", EMAIL).json["is_operator"] is False

    happened = events.latest(user.id, 1, 10).items
    assert [event.kind for event in happened] == ["operator_revoked", "operator_granted", "registered"]


@pytest.mark.parametrize("command", ["grant-operator", "revoke-operator"])
def test_nobody_becomes_an_operator_without_an_account(flask: Shell, command: str) -> None:
    assert flask("users", command, "nobody@example.ru").is_refusal(3)
