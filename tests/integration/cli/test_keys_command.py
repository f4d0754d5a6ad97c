"""flask keys rotate."""

import pytest
from cryptography.fernet import Fernet

from app import create_app
from app.db import db
from app.models import EvotorConnection
from tests.conftest import KEY, settings_for
from tests.factories import make_user
from tests.integration.cli.conftest import Answer, Shell

NEW = Fernet.generate_key().decode()


@pytest.fixture
def url(sqlite_url: str) -> str:
    """A database with one token, stored under the key of the tests."""
    with create_app(settings_for(sqlite_url)).app_context():
        db.session.add(EvotorConnection(user_id=make_user().id, token="evotor-secret"))
        db.session.commit()
    return sqlite_url


def rotate(url: str, *keys: str) -> Answer:
    return Shell(create_app(settings_for(url, token_keys=",".join(keys))))("keys", "rotate")


def test_a_rotation_says_how_many_tokens_it_moved(url: str) -> None:
    answer = rotate(url, NEW, KEY)

    assert (answer.code, answer.json, answer.err) == (0, {"rotated": 1, "unreadable": 0}, "")
    assert "evotor-secret" not in answer.out


def test_after_a_rotation_the_old_key_can_be_removed(url: str) -> None:
    rotate(url, NEW, KEY)

    assert rotate(url, NEW).json == {"rotated": 1, "unreadable": 0}


def test_without_a_rotation_the_old_key_is_needed(url: str) -> None:
    answer = rotate(url, NEW)

    assert (answer.code, answer.json) == (1, {"rotated": 0, "unreadable": 1})
    assert answer.err.count("\n") == 1
