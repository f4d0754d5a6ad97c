"""Accounts come to be."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import User
from app.services.accounts import users
from app.services.errors import EmailTaken
from tests.factories import PASSWORD, make_user
from tests.support.sign_ins import EMAIL

pytestmark = pytest.mark.usefixtures("app")


def test_an_address_is_kept_in_lower_case_without_spaces() -> None:
    assert make_user("  Owner@Example.RU ").email == EMAIL


@pytest.mark.parametrize("again", [EMAIL, "OWNER@example.ru", " owner@Example.ru"])
def test_an_address_has_one_account_however_it_is_written(again: str) -> None:
    make_user(EMAIL)

    with pytest.raises(EmailTaken):
        users.register(again, PASSWORD)
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
