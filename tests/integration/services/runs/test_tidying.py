"""What others wrote, and clocks that were wrong, is put in order."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import Lane, OwnerOrder, RunStatus, RunTrigger, SyncConfig, SyncRun, SyncState, User
from app.services.runs import claims, schedule
from app.services.runs.lanes import due
from app.services.runs.lanes.tidying import put_in_order
from tests.support.clock import NOON, TurnedClock
from tests.support.due import due_user_ids, make_wanted

HOUR = timedelta(hours=1)


@pytest.fixture
def clock(app_on_each_database: Flask, clock: TurnedClock) -> TurnedClock:
    return clock


@pytest.fixture
def user(clock: TurnedClock) -> User:
    return make_wanted()


def put(user: User, **columns: object) -> None:
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user.id).values(columns))
    db.session.commit()


def state_of(user: User) -> SyncState:
    db.session.expire_all()
    assert user.sync_state is not None
    return user.sync_state


def switch_off(user: User) -> None:
    db.session.execute(sa.update(SyncConfig).where(SyncConfig.user_id == user.id).values(is_enabled=False))
    db.session.commit()


def test_an_active_user_without_a_state_gets_one_and_is_due(user: User) -> None:
    db.session.execute(sa.delete(SyncState))
    db.session.commit()

    assert due_user_ids() == [user.id]


def test_a_user_without_a_time_is_due(user: User) -> None:
    assert due_user_ids() == [user.id]
    assert state_of(user).scheduled_at == NOON


def test_a_queued_run_that_somebody_wrote_makes_its_user_one_who_asked(user: User) -> None:
    put(user, next_run_at=NOON + HOUR)
    db.session.add(SyncRun(user_id=user.id, trigger=RunTrigger.MANUAL, status=RunStatus.QUEUED))
    db.session.commit()

    put_in_order()

    assert due.somebody_waits()


@pytest.mark.parametrize("column", ["scheduled_at", "next_run_at"])
def test_a_time_set_by_a_clock_that_was_wrong_counts_for_nothing(user: User, column: str) -> None:
    ahead = {"next_run_at": NOON + HOUR, "scheduled_at": NOON, column: NOON + 26 * HOUR}
    put(user, **ahead)

    assert due_user_ids() == [user.id]


def test_a_pause_stands(user: User) -> None:
    put(user, next_run_at=NOON + HOUR, scheduled_at=NOON, strike_code="vk_14")

    assert due_user_ids() == []


def test_who_wants_nothing_is_set_aside_and_due_at_once_when_they_do(user: User) -> None:
    put(user, next_run_at=NOON - HOUR, lane=Lane.INTERACTIVE)
    switch_off(user)

    put_in_order()

    assert (state_of(user).next_run_at, state_of(user).lane) == (None, Lane.ROUTINE)
    put(user, owner_order=OwnerOrder.HIDE_ALL)
    assert due_user_ids() == [user.id]


def test_whose_time_has_just_come_is_not_set_aside(user: User, clock: TurnedClock) -> None:
    """The switch may be just being pressed."""
    schedule.set_next_run(user.id, utcnow())
    switch_off(user)

    put_in_order()

    assert state_of(user).next_run_at == NOON


def test_a_claim_of_a_clock_that_was_ahead_holds_nobody(user: User) -> None:
    put(user, next_run_at=NOON, scheduled_at=NOON, claimed_until=NOON + HOUR)

    assert due_user_ids() == [user.id]


def test_a_run_at_work_by_a_clock_that_was_ahead_has_one_lease_from_now_on(user: User, clock: TurnedClock) -> None:
    clock.move(hours=1)
    run = claims.claim(user.id, RunTrigger.COMMAND, "w1")
    assert run is not None
    clock.move(hours=-1)

    put_in_order()

    db.session.refresh(run)
    lease: tuple[datetime | None, datetime | None] = run.heartbeat_at, run.lease_until
    assert lease == (NOON, NOON + timedelta(seconds=300))
    clock.move(seconds=301)
    assert claims.claim(user.id, RunTrigger.COMMAND, "w2") is not None
