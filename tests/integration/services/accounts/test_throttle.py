"""Guessing is slowed where it comes from; whoever did not fail gets in. Time is given, never waited for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import SignInFailures, User
from app.services.accounts import passwords, throttle, users
from app.services.accounts.throttle import (
    FIRST_LOCK,
    FREE_TRIES,
    FREE_TRIES_OF_CROWD,
    FREE_TRIES_OF_SOURCE,
    GUESSED_AT,
    SIGN_IN,
    Attempt,
)
from app.services.errors import BadCredentials, TooManyAttempts
from tests.factories import PASSWORD, make_user

NOW = datetime(2026, 11, 23, 12, 0)
EMAIL = "owner@example.ru"
HERE, ELSEWHERE = "192.0.2.1", "2001:db8::/64"


@pytest.fixture(autouse=True)
def owner(app_on_each_database: Flask) -> User:
    return make_user(EMAIL)


def sign_in(email: str = EMAIL, source: str = HERE, at: datetime = NOW, password: str = PASSWORD) -> str:
    """The answer that the visitor gets."""
    try:
        users.authenticate(email, password, source, at)
    except (BadCredentials, TooManyAttempts) as refusal:
        return refusal.code
    db.session.commit()
    return "signed in"


def guess(email: str = EMAIL, source: str = HERE, at: datetime = NOW) -> str:
    return sign_in(email, source, at, "wrong password")


def test_five_failures_are_free() -> None:
    assert {guess() for _ in range(FREE_TRIES)} == {"bad_credentials"}
    assert sign_in() == "signed in"


def test_the_sixth_failure_locks_this_source_and_then_the_right_password_is_refused_too() -> None:
    for _ in range(FREE_TRIES + 1):
        guess()

    assert sign_in(at=NOW + FIRST_LOCK - timedelta(seconds=1)) == "too_many_attempts"
    assert sign_in(at=NOW + FIRST_LOCK) == "signed in"


def test_whoever_is_refused_hears_when_the_lock_ends() -> None:
    for _ in range(FREE_TRIES + 1):
        guess()

    with pytest.raises(TooManyAttempts) as refusal:
        users.authenticate(EMAIL, PASSWORD, HERE, NOW + timedelta(seconds=10.5))
    assert refusal.value.seconds_left == 20


@pytest.mark.parametrize("sources", [1, 300])
def test_however_much_is_guessed_elsewhere_the_owner_gets_in(sources: int) -> None:
    for number in range(sources):
        for _ in range(3 * FREE_TRIES // sources + 1):
            guess(source=f"198.51.100.{number}")

    assert sign_in(source=ELSEWHERE) == "signed in"


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.ru", "1", ""])
def test_known_and_unknown_addresses_get_the_same_answers(email: str) -> None:
    answers = [guess(email) for _ in range(FREE_TRIES + 3)]

    assert answers == ["bad_credentials"] * (FREE_TRIES + 1) + ["too_many_attempts"] * 2


def test_guessing_at_numbers_locks_nobody(owner: User) -> None:
    for _ in range(FREE_TRIES + 3):
        guess(str(owner.id))

    assert sign_in() == "signed in"


def test_the_spelling_of_an_address_brings_no_new_tries() -> None:
    spelt = [
        EMAIL,
        "OWNER@example.ru",
        " owner@example.ru",
        "owner@example.ru.",
        "ｏｗｎｅｒ@example.ru",
        "owner@EXAMPLE.ru",
    ]
    for one in spelt:
        assert guess(one) == "bad_credentials"

    assert guess() == "too_many_attempts"


def test_the_pause_grows_up_to_a_quarter_of_an_hour() -> None:
    for _ in range(FREE_TRIES):
        guess()
    pauses = []
    for hour in range(8):
        guess(at=NOW + timedelta(hours=hour))
        until = db.session.get(SignInFailures, Attempt(SIGN_IN, EMAIL, HERE).of_both)
        assert until is not None and until.locked_until is not None
        pauses.append((until.locked_until - until.last_at).total_seconds())
        db.session.expire_all()

    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_tries_during_a_lock_do_not_prolong_it() -> None:
    for _ in range(FREE_TRIES + 1):
        guess()
    for _ in range(5):
        assert guess(at=NOW + timedelta(seconds=29)) == "too_many_attempts"

    assert sign_in(at=NOW + FIRST_LOCK) == "signed in"


def test_a_success_forgives_earlier_failures() -> None:
    for _ in range(2):
        for _ in range(FREE_TRIES):
            guess()
        assert sign_in() == "signed in"


def test_sources_of_one_crowd_are_bounded_together_and_nobody_else_by_them() -> None:
    def tries(number: int, password: str, at: datetime = NOW) -> str:
        try:
            users.known_by_password(EMAIL, password, f"evotor {number}", at, crowd="evotor")
        except (BadCredentials, TooManyAttempts) as refusal:
            return refusal.code
        db.session.commit()
        return "known"

    guesses = [tries(number, "wrong password") for number in range(FREE_TRIES_OF_CROWD + 1)]

    assert set(guesses) == {"bad_credentials"}
    assert tries(1000, PASSWORD) == "too_many_attempts"
    assert sign_in() == "signed in"
    assert tries(1000, PASSWORD, NOW + FIRST_LOCK) == "known"


def test_a_source_that_tries_one_password_at_many_accounts_is_locked() -> None:
    for number in range(FREE_TRIES_OF_SOURCE + 1):
        assert guess(f"somebody{number}@example.ru") == "bad_credentials"

    assert sign_in() == "too_many_attempts"
    assert sign_in(source=ELSEWHERE) == "signed in"


def test_an_own_account_does_not_buy_a_source_more_guesses() -> None:
    make_user("stranger@example.ru")
    for number in range(FREE_TRIES_OF_SOURCE):
        guess(f"somebody{number}@example.ru")
        assert sign_in("stranger@example.ru") == "signed in"

    guess()
    assert sign_in("stranger@example.ru") == "too_many_attempts"


def test_an_account_that_many_sources_guess_at_leaves_each_fewer_tries() -> None:
    for number in range(GUESSED_AT):
        guess(source=f"198.51.100.{number}")

    assert [guess(source=ELSEWHERE) for _ in range(4)] == ["bad_credentials"] * 2 + ["too_many_attempts"] * 2
    assert sign_in(source=HERE) == "signed in"


def test_what_is_a_day_old_is_forgotten() -> None:
    for _ in range(FREE_TRIES + 1):
        guess()
    later = NOW + throttle.FORGOTTEN_AFTER + timedelta(seconds=1)

    assert [guess(at=later) for _ in range(FREE_TRIES)] == ["bad_credentials"] * FREE_TRIES
    assert sign_in(at=later) == "signed in"


def test_parallel_guesses_gain_nothing(app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def matches(_hash: str | None, password: str) -> bool:
        looked_at.append(password)
        return False

    monkeypatch.setattr(passwords, "matches", matches)

    def try_one(_number: int) -> str:
        with app_on_each_database.app_context():
            return guess()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_one, range(30)))

    assert len(looked_at) == answers.count("bad_credentials") == FREE_TRIES + 1


def test_parallel_guesses_from_everywhere_end_without_a_deadlock(app_on_each_database: Flask) -> None:
    def try_one(number: int) -> str:
        with app_on_each_database.app_context():
            return guess(f"somebody{number % 3}@example.ru", f"192.0.2.{number % 4}")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(try_one, range(40))) <= {"bad_credentials", "too_many_attempts"}


def test_no_address_stands_among_the_failures() -> None:
    guess("nobody@example.ru")

    kept = [(row.account, row.source) for row in db.session.scalars(sa.select(SignInFailures))]

    assert len(kept) == 3
    assert "nobody" not in str(kept)
