"""Another password."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.db import db
from app.services.accounts import sessions, users
from app.services.accounts.throttle import FREE_TRIES
from app.services.errors import BadCredentials, TooManyAttempts
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

pytestmark = pytest.mark.usefixtures("app")


def test_another_password_signs_every_device_out() -> None:
    user = make_user()
    sessions.begin(user, is_remembered=True, source=HERE, device="Chrome, Windows")
    carried = user.carried
    assert carried is not None and sessions.resume(carried) is user

    users.change_password(user, PASSWORD, "another password", HERE)

    assert sessions.resume(carried) is None


def test_only_the_new_password_signs_in() -> None:
    user = make_user()
    users.change_password(user, PASSWORD, "another password", HERE)
    db.session.commit()

    assert users.authenticate(EMAIL, "another password", HERE, NOW)
    with pytest.raises(BadCredentials):
        users.authenticate(EMAIL, PASSWORD, HERE, NOW)


def test_the_password_is_not_changed_without_the_current_one() -> None:
    user = make_user()
    before = (user.password_hash, user.session_key)

    with pytest.raises(BadCredentials):
        users.change_password(user, "wrong password", "another password", HERE)

    assert (user.password_hash, user.session_key) == before


@pytest.mark.parametrize("change", [delete_every_account, change_every_password])
def test_of_two_changes_at_once_the_second_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]
) -> None:
    user = make_user()
    while_a_password_is_verified(app, monkeypatch, change)

    with pytest.raises(BadCredentials):
        users.change_password(user, PASSWORD, "another password", HERE)


def test_guessing_the_current_password_is_throttled_and_locks_no_sign_in() -> None:
    user = make_user()
    for _ in range(FREE_TRIES + 1):
        with pytest.raises(BadCredentials):
            users.change_password(user, "wrong password", "another password", HERE)

    with pytest.raises(TooManyAttempts):
        users.change_password(user, PASSWORD, "another password", HERE)
    assert users.authenticate(EMAIL, PASSWORD, HERE)


def test_a_password_set_by_an_operator_lifts_the_lock() -> None:
    user = make_user()
    for _ in range(FREE_TRIES + 1):
        fail_to_sign_in()
    users.set_password(user, "another password")
    db.session.commit()

    assert users.authenticate(EMAIL, "another password", HERE, NOW)
