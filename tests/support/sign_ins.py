"""Signing in as the services do it."""

from datetime import datetime

import pytest

from app.services.accounts import users
from app.services.errors import BadCredentials

NOW = datetime(2026, 11, 23, 12, 0)
EMAIL = "owner@example.ru"
HERE = "192.0.2.1"


def fail_to_sign_in(email: str = EMAIL) -> None:
    with pytest.raises(BadCredentials):
        users.authenticate(email, "wrong password", HERE, NOW)
