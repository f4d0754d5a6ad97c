"""How much may go into the queues."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import Lane, RunTrigger, SyncState
from app.services.runs import claims
from app.services.runs.lanes import slots
from tests.factories import make_user
from tests.support.clock import TurnedClock

NOTHING = dict.fromkeys(Lane, 0)


@pytest.fixture
def clock(app_on_each_database: Flask, clock: TurnedClock) -> TurnedClock:
    return clock


def test_without_workers_nothing_leaves_the_rows(clock: TurnedClock) -> None:
    assert slots.room(NOTHING) == NOTHING


def test_some_wait_for_each_slot_and_a_quarter_of_the_slots_is_for_the_rests_of_long_runs(clock: TurnedClock) -> None:
    slots.note("w1", list(Lane), 4)
    slots.note("w2", list(Lane), 6)

    assert slots.room(NOTHING) == {Lane.INTERACTIVE: 40, Lane.ROUTINE: 40, Lane.BULK: 2}
    assert slots.room({**NOTHING, Lane.ROUTINE: 39, Lane.BULK: 7})[Lane.ROUTINE] == 1


def test_a_worker_has_room_for_its_lanes_alone_and_one_slot_is_enough_for_all(clock: TurnedClock) -> None:
    slots.note("w1", [Lane.BULK], 1)

    assert slots.room(NOTHING) == {**NOTHING, Lane.BULK: 1}


def test_the_rests_at_work_take_their_slots(clock: TurnedClock) -> None:
    slots.note("w1", list(Lane), 8)
    user = make_user()
    db.session.execute(sa.update(SyncState).values(lane=Lane.BULK))
    claims.claim(user.id, RunTrigger.SCHEDULE, "w1")

    assert slots.room(NOTHING)[Lane.BULK] == 1
    clock.move(minutes=5, seconds=1)
    slots.note("w1", list(Lane), 8)
    assert slots.room(NOTHING)[Lane.BULK] == 2


@pytest.mark.parametrize("goes", ["says so", "dies"])
def test_a_worker_that_is_gone_has_room_for_nothing(clock: TurnedClock, goes: str) -> None:
    slots.note("w1", list(Lane), 4)
    if goes == "says so":
        slots.forget("w1")
    else:
        clock.move(minutes=1)

    assert slots.room(NOTHING) == NOTHING
