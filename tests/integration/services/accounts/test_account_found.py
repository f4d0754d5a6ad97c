"""Accounts are deleted, and found."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import SignInFailures, SyncConfig, User
from app.services.accounts import users
from app.services.errors import BadCredentials
from tests.factories import PASSWORD, make_user
from tests.support.sign_ins import EMAIL, HERE, change_every_password, fail_to_sign_in, while_a_password_is_verified

pytestmark = pytest.mark.usefixtures("app")


def test_an_account_is_deleted_with_its_configuration() -> None:
    users.delete(make_user(), PASSWORD, HERE)
    db.session.commit()

    assert users.find(EMAIL) is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SyncConfig)) == 0


def test_a_deleted_account_leaves_no_failures_of_its_own() -> None:
    user = make_user()
    fail_to_sign_in()
    users.delete(user, PASSWORD, HERE)

    left = db.session.scalars(sa.select(SignInFailures.account)).all()
    assert set(left) == {"sign_in", "password_form"}, "of the source alone"


def test_an_account_that_is_gone_already_is_deleted_without_a_word(app: Flask) -> None:
    user = make_user()
    with app.app_context():
        db.session.execute(sa.delete(User))
        db.session.commit()

    users.delete(user, PASSWORD, HERE)

    assert users.find(EMAIL) is None


def test_an_account_is_not_deleted_without_its_password() -> None:
    user = make_user()

    with pytest.raises(BadCredentials):
        users.delete(user, "wrong password", HERE)
    assert users.find(EMAIL) is user


def test_an_account_whose_password_was_changed_a_moment_ago_stays(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user()
    while_a_password_is_verified(app_on_each_database, monkeypatch, change_every_password)

    with pytest.raises(BadCredentials):
        users.delete(user, PASSWORD, HERE)
    assert users.is_there(user.id)


def test_a_user_is_found_by_address_and_by_number() -> None:
    user = make_user()

    assert users.find("OWNER@example.ru") is users.find(str(user.id)) is user


@pytest.mark.parametrize("unknown", ["", "0", "99", "-1", "nobody@example.ru", "9" * 30, "²", "1.0"])
def test_nobody_is_found_by_anything_else(unknown: str) -> None:
    make_user()

    assert users.find(unknown) is None
