"""flask users."""

import pytest

from app.db import db
from app.services import accounts
from tests.factories import PASSWORD, make_user
from tests.integration.cli.conftest import Shell

EMAIL = "owner@example.ru"


def test_an_account_is_made_with_the_password_from_stdin(flask: Shell) -> None:
    answer = flask("users", "create", "Owner@Example.ru", "--password-stdin", stdin="a long password\n")

    assert (answer.code, answer.err) == (0, "")
    assert answer.json == {"user_id": 1, "email": EMAIL}
    assert accounts.authenticate(EMAIL, "a long password")


def test_only_the_line_end_is_cut_from_the_password(flask: Shell) -> None:
    flask("users", "create", EMAIL, "--password-stdin", stdin=" spaces count \r\nnext line\n")

    assert accounts.authenticate(EMAIL, " spaces count ")


def test_the_password_is_asked_for_twice(flask: Shell) -> None:
    answer = flask("users", "create", EMAIL, stdin="a long password\na long password\n")

    assert answer.json["email"] == EMAIL
    assert "a long password" not in answer.out + answer.err
    assert accounts.authenticate(EMAIL, "a long password")


@pytest.mark.parametrize("address", ["", "owner", "owner@", "@example.ru", "owner@localhost", "a b@example.ru"])
def test_a_bad_address_is_exit_2(flask: Shell, address: str) -> None:
    assert flask("users", "create", address, "--password-stdin", stdin="a long password\n").is_refusal(2)
    assert accounts.find(address) is None


@pytest.mark.parametrize("password", ["", "short", "1234567", "x" * 129])
def test_a_password_of_the_wrong_length_is_exit_2(flask: Shell, password: str) -> None:
    assert flask("users", "create", EMAIL, "--password-stdin", stdin=f"{password}\n").is_refusal(2)
    assert accounts.find(EMAIL) is None


def test_a_password_that_is_not_text_is_exit_2(flask: Shell) -> None:
    assert flask("users", "create", EMAIL, "--password-stdin", stdin=b"long but broken \xff\n").is_refusal(2)


def test_an_address_that_is_taken_is_exit_1(flask: Shell) -> None:
    make_user(EMAIL)

    assert flask("users", "create", "OWNER@example.ru", "--password-stdin", stdin="a long password\n").is_refusal(1)


def test_a_new_password_signs_in_and_ends_other_sessions(flask: Shell) -> None:
    before = make_user(EMAIL).session_key

    answer = flask("users", "set-password", EMAIL, "--password-stdin", stdin="another password\n")

    assert answer.code == 0
    db.session.expire_all()
    assert accounts.authenticate(EMAIL, "another password")
    assert accounts.by_session_key(before) is None


def test_a_bad_new_password_changes_nothing(flask: Shell) -> None:
    make_user(EMAIL)

    assert flask("users", "set-password", EMAIL, "--password-stdin", stdin="short\n").is_refusal(2)
    assert accounts.authenticate(EMAIL, PASSWORD)
