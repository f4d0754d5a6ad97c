"""Connections that no run asks are checked once a day."""

from datetime import timedelta

import pytest
from flask import Flask

from app.db import db
from app.models import ConnectionState, User
from app.services.catalog.age import catalog_age
from app.services.connections import daily_checks, evotor, vk
from app.tasks.sync import run_due
from tests.factories import connect_both, make_user
from tests.support.clock import NOON, stop_at
from tests.support.sandbox import EVOTOR_TOKEN, Sandbox
from tests.support.webhooks import EMAIL, Webhooks


@pytest.fixture
def owner(app_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> User:
    """Connected, and the synchronisation never switched on."""
    stop_at(monkeypatch, NOON)
    user = connect_both(make_user())
    sandbox.control("calls/reset")
    return user


def test_within_a_day_nobody_is_asked(owner: User, sandbox: Sandbox) -> None:
    list(run_due())
    assert sandbox.calls() == 0


def test_after_a_day_a_pass_asks_both_once(owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, NOON + timedelta(hours=25))
    list(run_due())
    asked = sandbox.calls()
    list(run_due())
    assert (asked, sandbox.calls()) == (3, 3)


def test_what_died_shows_with_the_time_since_when(
    owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.fault("vk", "auth")
    tomorrow = NOON + timedelta(hours=25)
    stop_at(monkeypatch, tomorrow)
    daily_checks.check_due()
    stop_at(monkeypatch, tomorrow + timedelta(hours=25))
    daily_checks.check_due()

    user = db.session.get_one(User, owner.id)
    assert user.vk is not None and user.evotor is not None
    assert (user.vk.state, user.vk.state_since) == (ConnectionState.TOKEN_REJECTED, tomorrow)
    assert (user.evotor.state, user.evotor.state_since) == (ConnectionState.OK, NOON)


def test_a_check_that_finds_all_as_before_does_not_tell_since_when(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a connection that is older than what we note."""
    owner_id = owner.id
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE vk_connections SET state_since = NULL")
    db.session.remove()
    stop_at(monkeypatch, NOON + timedelta(hours=25))
    daily_checks.check_due()

    user = db.session.get_one(User, owner_id)
    assert user.vk is not None and user.vk.state_since is None and user.vk.checked_at == NOON + timedelta(hours=25)


def test_a_pass_checks_a_few_and_the_next_one_goes_on(
    owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_checks, "MOST_A_PASS", 3)
    for number in range(3):
        evotor.connect_evotor(make_user(f"{number}@example.ru"), EVOTOR_TOKEN)
    stop_at(monkeypatch, NOON + timedelta(hours=25))

    assert [daily_checks.check_due() for _ in range(3)] == [3, 2, 0]


def test_no_check_begins_when_the_time_of_a_pass_is_over(
    owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, NOON + timedelta(hours=25))
    with monkeypatch.context() as silent:
        silent.setattr(daily_checks, "SECONDS_A_PASS", -1.0)
        assert daily_checks.check_due() == 0
    assert daily_checks.check_due() == 2


def test_a_check_that_breaks_off_holds_up_nobody(
    owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_user: User) -> None:
        raise RuntimeError("our own mistake")

    monkeypatch.setitem(daily_checks._CHECKS, "evotor", (daily_checks._CHECKS["evotor"][0], broken))
    stop_at(monkeypatch, NOON + timedelta(hours=25))

    assert [daily_checks.check_due() for _ in range(2)] == [2, 0]


def test_what_is_disconnected_is_not_asked(owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    vk.disconnect_vk(owner)
    evotor.disconnect_evotor(owner)
    db.session.commit()
    stop_at(monkeypatch, NOON + timedelta(hours=25))
    assert daily_checks.check_due() == 0 and sandbox.calls() == 0


def test_a_key_that_comes_late_in_a_pass_is_left_to_the_reading_of_the_catalog(
    app_on_each_database: Flask, sandbox: Sandbox
) -> None:
    user_id = make_user(EMAIL).id
    evotor_calls = Webhooks(app_on_each_database.test_client())
    evotor_calls.verify()
    evotor_calls.token(EVOTOR_TOKEN)

    daily_checks.check_due()
    connection = db.session.get_one(User, user_id).evotor
    assert connection is not None and connection.is_unchecked
    list(run_due())
    connection = db.session.get_one(User, user_id).evotor
    assert connection is not None and connection.refresh_due_at is None
    assert catalog_age(user_id).read_at is not None


def test_a_check_leaves_a_catalog_that_is_due_to_be_read(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert owner.evotor is not None
    owner.evotor.refresh_due_at = NOON + timedelta(minutes=5)
    evotor.check_evotor(owner)
    assert owner.evotor.refresh_due_at == NOON + timedelta(minutes=5)

    stop_at(monkeypatch, NOON + timedelta(minutes=6))
    evotor.check_evotor(owner)
    assert not owner.evotor.refresh_due_at
    assert catalog_age(owner.id).read_at == NOON + timedelta(minutes=6)
