"""Catalogs that a pass reads for owners who have just connected: runs wait for them a little, never for all."""

import socket
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import EvotorConnection
from app.services.connections import catalog_due, evotor
from app.tasks.sync import run_due
from tests.factories import connect_both, make_active, make_user
from tests.support.sandbox import EVOTOR_TOKEN, Sandbox

NEW = 5


@pytest.fixture
def connected(app_on_each_database: Flask, sandbox: Sandbox) -> Flask:
    """Some have just connected; one is active, and due."""
    for number in range(NEW):
        evotor.connect_evotor(make_user(f"new{number}@example.ru"), EVOTOR_TOKEN)
    db.session.execute(sa.update(EvotorConnection).values(refresh_due_at=utcnow() - timedelta(minutes=1)))
    make_active(connect_both(make_user()))
    db.session.commit()
    return app_on_each_database


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def due() -> int:
    return len(catalog_due.due_user_ids(99))


def test_a_run_waits_for_one_catalog_at_most(connected: Flask) -> None:
    passing = run_due()

    next(passing)
    assert due() == NEW - 1
    assert list(passing) == [] and due() == 0


def test_no_run_waits_once_the_time_is_spent(connected: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_due, "SECONDS_BEFORE_RUNS", 0.0)
    passing = run_due()
    next(passing)

    assert due() == NEW
    list(passing)
    assert due() == 0


@pytest.mark.parametrize(("limit", "most"), [("MOST_A_PASS", 3), ("SECONDS_A_PASS", 0.0)])
def test_what_is_too_much_for_a_pass_is_left_to_the_next(
    connected: Flask, monkeypatch: pytest.MonkeyPatch, limit: str, most: float
) -> None:
    monkeypatch.setattr(catalog_due, limit, most)
    list(run_due())

    assert due() >= NEW - 3


@pytest.mark.parametrize(("seconds", "is_due"), [(0.2, True), (0.4, False)])
def test_a_silent_evotor_is_asked_again_at_once_only_where_it_had_little_time(
    connected: Flask, silence: str, monkeypatch: pytest.MonkeyPatch, seconds: float, is_due: bool
) -> None:
    monkeypatch.setattr(catalog_due, "SECONDS", 0.4)
    settings = connected.extensions["settings"]
    connected.extensions["settings"] = msgspec.structs.replace(settings, evotor_api_url=silence)
    user_id = catalog_due.due_user_ids(1)[0]
    catalog_due.read(user_id, seconds)

    assert (user_id in catalog_due.due_user_ids(99)) == is_due
