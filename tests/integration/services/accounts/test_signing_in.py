"""Signing in, and the work of hashing behind it."""

from collections.abc import Callable
from typing import Any, Literal
from unicodedata import normalize

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from app.db import db
from app.models import User
from app.services.accounts import passwords, users
from app.services.errors import BadCredentials
from tests.factories import PASSWORD, make_user
from tests.support.sign_ins import (
    EMAIL,
    HERE,
    NOW,
    change_every_password,
    delete_every_account,
    fail_to_sign_in,
    while_a_password_is_verified,
)
from tests.support.statements import heard

UNLIKE = "Мой пароль йёжик 77"
"""Has signs that may be composed of others, or not."""

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize("written", [EMAIL, "OWNER@EXAMPLE.RU", f" {EMAIL} "])
def test_the_right_password_signs_in(written: str) -> None:
    user = make_user()

    assert users.authenticate(written, PASSWORD, HERE, NOW).id == user.id


@pytest.mark.parametrize("wrong", ["", PASSWORD + " ", PASSWORD.upper()])
def test_a_wrong_password_does_not_sign_in(wrong: str) -> None:
    make_user()

    with pytest.raises(BadCredentials):
        users.authenticate(EMAIL, wrong, HERE, NOW)


@pytest.mark.parametrize(("chosen", "typed"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFKC", "NFKD")])
def test_a_password_is_the_same_whatever_a_keyboard_composes_its_signs_of(
    chosen: Literal["NFC", "NFD", "NFKC"], typed: Literal["NFC", "NFD", "NFKD"]
) -> None:
    user = make_user()
    users.set_password(user, normalize(chosen, UNLIKE))
    db.session.commit()

    assert users.authenticate(EMAIL, normalize(typed, UNLIKE), HERE, NOW) is user


def test_a_password_that_was_kept_as_it_was_typed_still_signs_in_and_is_renewed() -> None:
    user, typed = make_user(), normalize("NFD", UNLIKE)
    user.password_hash = kept = passwords._hasher.hash(typed)
    db.session.commit()

    assert users.authenticate(EMAIL, typed, HERE, NOW) is user
    db.session.commit()
    assert user.password_hash != kept
    assert users.authenticate(EMAIL, normalize("NFC", UNLIKE), HERE, NOW) is user


@pytest.mark.parametrize("typed", ["1", " 1 ", "１", "1@", "owner"])
def test_nobody_signs_in_by_number(typed: str) -> None:
    assert make_user().id == 1

    with pytest.raises(BadCredentials):
        users.authenticate(typed, PASSWORD, HERE, NOW)


def test_an_address_that_kept_its_old_form_signs_in() -> None:
    """Where two accounts of one address were there before addresses had one form."""
    make_user("owner@пример.рф")
    older = make_user("older@example.ru")
    older.email = "owner@пример.рф"
    users.set_password(older, "of the older one")
    db.session.commit()

    assert users.authenticate("Owner@пример.рф", "of the older one", HERE, NOW) is older
    assert users.authenticate("owner@xn--e1afmkfd.xn--p1ai", PASSWORD, HERE, NOW) is not older


def test_failures_are_counted_for_the_owner_until_they_sign_in() -> None:
    user = make_user()
    for _ in range(3):
        with pytest.raises(BadCredentials):
            users.authenticate(EMAIL, "wrong password", HERE, NOW)

    assert users.authenticate(EMAIL, PASSWORD, HERE, NOW) is user
    assert (users.forget_failures(user), users.forget_failures(user)) == (3, 0)


def test_an_old_hash_is_renewed_at_the_next_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    before = user.password_hash
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))

    users.authenticate(EMAIL, PASSWORD, HERE, NOW)
    db.session.commit()

    assert user.password_hash != before
    assert users.authenticate(EMAIL, PASSWORD, HERE, NOW)


@pytest.mark.parametrize("change", [delete_every_account, change_every_password])
def test_a_password_that_was_right_a_moment_ago_is_not_enough(
    app: Flask, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]
) -> None:
    """Somebody deletes the account, or changes the password, while the old one is being verified."""
    make_user()
    while_a_password_is_verified(app, monkeypatch, change)

    with pytest.raises(BadCredentials):
        users.authenticate(EMAIL, PASSWORD, HERE, NOW)


# The work of hashing


class Watched:
    """A hasher that notes whether a transaction was open while it worked."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hasher = hasher
        self.seen: list[tuple[str, bool]] = []

    def __getattr__(self, name: str) -> Any:
        if name in ("hash", "verify"):
            self.seen.append((name, bool(db.session().in_transaction())))
        return getattr(self.hasher, name)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    passwords.matches(None, "warm up")
    watched = Watched(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", watched)
    return watched


def a_read() -> None:
    """As the guard of a page does: a transaction is open when the service is called."""
    db.session.execute(sa.select(User.id)).all()


def change_the_password() -> None:
    user = users.by_address(EMAIL)
    assert user is not None
    users.change_password(user, PASSWORD, "another password", HERE)


def set_the_password() -> None:
    user = users.find(EMAIL)
    assert user is not None
    users.set_password(user, "another password")


def delete_the_account() -> None:
    user = users.find(EMAIL)
    assert user is not None
    users.delete(user, PASSWORD, HERE)


@pytest.mark.parametrize(
    ("work", "steps"),
    [
        (lambda: users.register("new@example.ru", PASSWORD), ["hash"]),
        (lambda: users.authenticate(EMAIL, PASSWORD, HERE, NOW), ["verify"]),
        (fail_to_sign_in, ["verify"]),
        (lambda: fail_to_sign_in("nobody@example.ru"), ["verify"]),
        (change_the_password, ["verify", "hash"]),
        (set_the_password, ["hash"]),
        (delete_the_account, ["verify"]),
    ],
)
def test_no_transaction_is_open_while_a_password_is_worked_on(
    watched: Watched, work: Callable[[], object], steps: list[str]
) -> None:
    make_user()
    watched.seen.clear()
    a_read()

    work()

    assert watched.seen == [(step, False) for step in steps]


def test_an_old_hash_is_renewed_without_a_transaction(watched: Watched) -> None:
    make_user()
    watched.hasher = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    watched.seen.clear()

    users.authenticate(EMAIL, PASSWORD, HERE, NOW)

    assert watched.seen == [("verify", False), ("hash", False)]


def test_a_known_and_an_unknown_address_cost_the_same_work(watched: Watched, app_on_each_database: Flask) -> None:
    statements: list[str] = []
    with app_on_each_database.app_context():
        make_user()
        with heard(lambda statement, _: statements.append(statement)):
            for email in (EMAIL, "nobody@example.ru", "1"):
                statements.append(email)
                fail_to_sign_in(email)
    works = " ".join(statements).split(EMAIL)[1].split("nobody@example.ru")
    assert works[0].strip() == works[1].split(" 1 ", 1)[0].strip()


@pytest.mark.parametrize("typed", ["wrong password", normalize("NFD", UNLIKE)])
def test_a_known_and_an_unknown_address_cost_the_same_hashing(watched: Watched, typed: str) -> None:
    make_user()
    steps = []
    for email in (EMAIL, "nobody@example.ru"):
        watched.seen.clear()
        with pytest.raises(BadCredentials):
            users.authenticate(email, typed, HERE, NOW)
        steps.append(list(watched.seen))

    assert steps[0] == steps[1]


def test_an_unreadable_hash_is_a_wrong_password() -> None:
    make_user().password_hash = "plain"
    db.session.commit()

    with pytest.raises(BadCredentials):
        users.authenticate(EMAIL, "plain", HERE, NOW)
