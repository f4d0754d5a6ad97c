"""Accounts: registration, sign-in and its throttle, another password. Time is given, never waited for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db, utcnow
from app.models import SyncConfig, User
from app.services import accounts
from app.services.errors import BadCredentials, EmailTaken, TooManyAttempts
from tests.factories import PASSWORD, make_user

NOW = datetime(2026, 11, 23, 12, 0)
EMAIL = "owner@example.ru"

pytestmark = pytest.mark.usefixtures("app")


def fail(times: int = 1, at: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(BadCredentials):
            accounts.authenticate(EMAIL, "wrong password", at)


def lock_after_one_more_failure(at: datetime) -> timedelta:
    fail(at=at)
    user = accounts.find(EMAIL)
    assert user is not None
    assert user.locked_until is not None
    return user.locked_until - at


# Registration


def test_an_address_is_kept_in_lower_case_without_spaces() -> None:
    assert make_user("  Owner@Example.RU ").email == EMAIL


@pytest.mark.parametrize("again", [EMAIL, "OWNER@example.ru", " owner@Example.ru"])
def test_an_address_has_one_account_however_it_is_written(again: str) -> None:
    make_user(EMAIL)

    with pytest.raises(EmailTaken):
        accounts.register(again, PASSWORD)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_the_password_is_kept_as_an_argon2_hash() -> None:
    first, second = make_user("a@example.ru"), make_user("b@example.ru")

    assert first.password_hash.startswith("$argon2id$")
    assert PASSWORD not in first.password_hash
    assert first.password_hash != second.password_hash


def test_a_new_user_has_the_default_configuration() -> None:
    config = make_user().sync_config

    assert config is not None
    assert (config.is_enabled, config.confirmed_at, config.filters) == (False, None, [])


# Sign-in


@pytest.mark.parametrize("written", [EMAIL, "OWNER@EXAMPLE.RU", f" {EMAIL} "])
def test_the_right_password_signs_in(written: str) -> None:
    user = make_user()

    assert accounts.authenticate(written, PASSWORD, NOW).id == user.id


@pytest.mark.parametrize("wrong", ["", PASSWORD + " ", PASSWORD.upper()])
def test_a_wrong_password_does_not_sign_in(wrong: str) -> None:
    make_user()

    with pytest.raises(BadCredentials):
        accounts.authenticate(EMAIL, wrong, NOW)


def test_an_unknown_address_costs_a_password_check_too(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def refuse(password_hash: str, _password: str) -> bool:
        checked.append(password_hash)
        return False

    monkeypatch.setattr(accounts, "_matches", refuse)

    with pytest.raises(BadCredentials):
        accounts.authenticate("nobody@example.ru", "any password", NOW)

    assert [password_hash.split("$")[1] for password_hash in checked] == ["argon2id"]


def test_an_unreadable_hash_is_a_wrong_password() -> None:
    make_user().password_hash = "plain"
    db.session.commit()

    with pytest.raises(BadCredentials):
        accounts.authenticate(EMAIL, "plain", NOW)


# The throttle


def test_five_failures_are_free() -> None:
    make_user()
    fail(5)

    assert accounts.authenticate(EMAIL, PASSWORD, NOW)


def test_the_sixth_failure_locks_and_then_the_right_password_is_refused_too() -> None:
    make_user()
    fail(6)

    with pytest.raises(TooManyAttempts):
        accounts.authenticate(EMAIL, PASSWORD, NOW + accounts.FIRST_LOCK - timedelta(seconds=1))


def test_the_lock_ends_by_itself() -> None:
    make_user()
    fail(6)

    assert accounts.authenticate(EMAIL, PASSWORD, NOW + accounts.FIRST_LOCK)


def test_the_pause_grows_up_to_a_quarter_of_an_hour() -> None:
    make_user()
    fail(5)
    moments = [NOW + timedelta(hours=hour) for hour in range(14)]

    pauses = [lock_after_one_more_failure(moment) for moment in moments]

    assert pauses[:5] == [timedelta(seconds=30 * 2**step) for step in range(5)]
    assert pauses[5:] == [timedelta(minutes=15)] * 9


def test_attempts_during_a_lock_do_not_prolong_it() -> None:
    user = make_user()
    fail(6)
    until = user.locked_until

    with pytest.raises(TooManyAttempts):
        accounts.authenticate(EMAIL, "wrong password", NOW)

    assert (user.locked_until, user.failed_sign_ins) == (until, 6)


def test_a_success_forgives_earlier_failures() -> None:
    make_user()
    fail(5)
    user = accounts.authenticate(EMAIL, PASSWORD, NOW)
    assert (user.failed_sign_ins, user.locked_until) == (0, None)

    fail(5)
    assert accounts.authenticate(EMAIL, PASSWORD, NOW)


def test_one_users_lock_is_not_anothers() -> None:
    make_user()
    make_user("other@example.ru")
    fail(6)

    assert accounts.authenticate("other@example.ru", PASSWORD, NOW)


def test_parallel_guesses_are_all_counted(app: Flask) -> None:
    user = make_user()

    def guess(_number: int) -> None:
        with app.app_context(), pytest.raises((BadCredentials, TooManyAttempts)):
            accounts.authenticate(EMAIL, "wrong password", NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(guess, range(5)))

    db.session.refresh(user)
    assert user.failed_sign_ins == 5


# Another password


def test_another_password_signs_every_browser_out() -> None:
    user = make_user()
    before = user.session_key
    accounts.change_password(user, PASSWORD, "another password")
    db.session.commit()

    assert user.session_key != before
    assert accounts.by_session_key(before) is None
    assert accounts.by_session_key(user.session_key) is user


def test_only_the_new_password_signs_in() -> None:
    user = make_user()
    accounts.change_password(user, PASSWORD, "another password")
    db.session.commit()

    assert accounts.authenticate(EMAIL, "another password", NOW)
    with pytest.raises(BadCredentials):
        accounts.authenticate(EMAIL, PASSWORD, NOW)


def test_the_password_is_not_changed_without_the_current_one() -> None:
    user = make_user()
    before = (user.password_hash, user.session_key)

    with pytest.raises(BadCredentials):
        accounts.change_password(user, "wrong password", "another password")

    assert (user.password_hash, user.session_key) == before


def test_guessing_the_current_password_is_throttled_too() -> None:
    user = make_user()
    fail(6, at=utcnow())

    with pytest.raises(TooManyAttempts):
        accounts.change_password(user, PASSWORD, "another password")


def test_a_password_set_by_an_operator_lifts_the_lock() -> None:
    user = make_user()
    fail(6)
    accounts.set_password(user, "another password")
    db.session.commit()

    assert accounts.authenticate(EMAIL, "another password", NOW)


# Deletion and finding


def test_an_account_is_deleted_with_its_configuration() -> None:
    accounts.delete(make_user(), PASSWORD)
    db.session.commit()

    assert accounts.find(EMAIL) is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SyncConfig)) == 0


def test_an_account_is_not_deleted_without_its_password() -> None:
    user = make_user()

    with pytest.raises(BadCredentials):
        accounts.delete(user, "wrong password")
    assert accounts.find(EMAIL) is user


def test_a_user_is_found_by_address_and_by_number() -> None:
    user = make_user()

    assert accounts.find("OWNER@example.ru") is accounts.find(str(user.id)) is user


@pytest.mark.parametrize("unknown", ["", "0", "99", "-1", "nobody@example.ru", "9" * 30, "²", "1.0"])
def test_nobody_is_found_by_anything_else(unknown: str) -> None:
    make_user()

    assert accounts.find(unknown) is None
