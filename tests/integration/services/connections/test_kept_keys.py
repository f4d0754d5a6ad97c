"""A key between two tries: sealed for one owner, one device, one service and a short time."""

from datetime import timedelta

import pytest
from flask import Flask

from app.db import db
from app.domain.account.pasted import Service
from app.models import User
from app.services.accounts import sessions
from app.services.connections import kept_keys
from tests.factories import make_user
from tests.support.clock import NOON, stop_at

KEY = "vk1.a.0aB-cD_9"


def on_a_device(user: User) -> User:
    sessions.begin(user, is_remembered=False, source="127.0.0.1", device="Firefox")
    db.session.commit()
    return user


def test_a_sealed_key_opens_for_its_owner_alone(app: Flask) -> None:
    owner, stranger = on_a_device(make_user("a@example.ru")), on_a_device(make_user("b@example.ru"))
    sealed = kept_keys.seal(owner, Service.VK, KEY)
    assert sealed is not None and KEY not in sealed
    assert kept_keys.unseal(owner, Service.VK, sealed) == KEY
    assert kept_keys.unseal(owner, Service.EVOTOR, sealed) is None
    assert kept_keys.unseal(stranger, Service.VK, sealed) is None
    on_a_device(owner)
    assert kept_keys.unseal(owner, Service.VK, sealed) is None, "another device"


def test_a_sealed_key_does_not_last(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = on_a_device(make_user())
    stop_at(monkeypatch, NOON)
    sealed = kept_keys.seal(owner, Service.VK, KEY) or ""
    stop_at(monkeypatch, NOON + kept_keys.LIFETIME)
    assert kept_keys.unseal(owner, Service.VK, sealed) == KEY
    stop_at(monkeypatch, NOON + kept_keys.LIFETIME + timedelta(seconds=1))
    assert kept_keys.unseal(owner, Service.VK, sealed) is None


def test_what_is_not_ours_does_not_open_and_what_is_too_long_is_not_sealed(app: Flask) -> None:
    owner = on_a_device(make_user())
    assert kept_keys.unseal(owner, Service.VK, "gAAAAAB-nonsense") is None
    assert kept_keys.unseal(owner, Service.VK, app.extensions["key_ring"].encrypt("[]")) is None
    assert kept_keys.unseal(owner, Service.VK, app.extensions["key_ring"].encrypt(KEY)) is None
    assert kept_keys.seal(owner, Service.VK, "x" * 2000) is None
