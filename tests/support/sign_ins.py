"""Signing in as the services do it."""

from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import User
from app.services.accounts import passwords, users
from app.services.errors import BadCredentials

NOW = datetime(2026, 11, 23, 12, 0)
EMAIL = "owner@example.ru"
HERE = "192.0.2.1"


def fail_to_sign_in(email: str = EMAIL) -> None:
    with pytest.raises(BadCredentials):
        users.authenticate(email, "wrong password", HERE, NOW)


def while_a_password_is_verified(app: Flask, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Another process does and commits it."""
    verify = passwords.matches

    def meanwhile(password_hash: str | None, password: str) -> bool:
        with app.app_context():
            deed()
            db.session.commit()
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "matches", meanwhile)


def change_every_password() -> None:
    db.session.execute(sa.update(User).values(password_hash="another"))


def delete_every_account() -> None:
    db.session.execute(sa.delete(User))
