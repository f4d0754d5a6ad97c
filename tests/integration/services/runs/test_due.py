"""Who is claimed next, and who is not."""

from contextvars import Context
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import Lane, RunStatus, RunTrigger, SyncConfig, SyncRun, SyncState, User
from app.services.ops import operators
from app.services.owner import run_requests, switch
from app.services.runs import claims, ending, queue, schedule
from app.services.runs.ending import End
from app.services.runs.lanes import due, tidying
from app.tasks import sync
from app.tasks.sync import run_due
from tests.support.clock import TurnedClock
from tests.support.due import due_user_ids, make_wanted
from tests.support.passes import make_stall
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

LEASE = timedelta(seconds=300)


@pytest.fixture
def clock(app_on_each_database: Flask, clock: TurnedClock) -> TurnedClock:
    return clock


def make_due(name: str, lane: Lane = Lane.ROUTINE, *, minutes: int = 1) -> int:
    """An active user whose time came so many minutes ago."""
    user = make_wanted(f"{name}@example.ru")
    schedule.set_next_run(user.id, utcnow() - timedelta(minutes=minutes), lane)
    db.session.commit()
    return user.id


def claim_all(came_by: timedelta = timedelta(0)) -> list[int]:
    claimed = (due.claim_next(number, utcnow() + came_by) for number in range(20))
    return [user_id for user_id in claimed if user_id is not None]


def test_who_waits_longest_is_claimed_first_and_nobody_twice(clock: TurnedClock) -> None:
    short, long = make_due("short", minutes=1), make_due("long", minutes=9)

    assert claim_all() == [long, short]


def test_several_are_claimed_at_once(clock: TurnedClock) -> None:
    users = [make_due(f"u{number}", minutes=9 - number) for number in range(3)]

    assert due.claim(Lane.ROUTINE, most=2) == users[:2]
    assert due.claim(Lane.ROUTINE, most=2) == users[2:]


def test_who_asked_comes_first_and_every_fourth_turn_is_for_the_rest_of_a_long_run(clock: TurnedClock) -> None:
    bulk = [make_due(f"bulk{number}", Lane.BULK, minutes=9 - number) for number in range(2)]
    routine = [make_due(f"routine{number}", minutes=9 - number) for number in range(4)]
    asked = make_due("asked", Lane.INTERACTIVE, minutes=0)

    assert claim_all() == [asked, *routine[:2], bulk[0], *routine[2:], bulk[1]]


def test_whose_time_comes_during_a_pass_waits_for_the_next_one_unless_they_asked(clock: TurnedClock) -> None:
    make_due("late")
    make_due("rest", Lane.BULK)
    asked = make_due("asked", Lane.INTERACTIVE)

    assert claim_all(came_by=-timedelta(minutes=2)) == [asked]


def test_a_claim_that_comes_to_nothing_ends_with_the_lease(clock: TurnedClock) -> None:
    user = make_due("owner")
    claim_all()
    clock.move(seconds=LEASE.seconds - 1)
    assert claim_all() == []
    clock.move(seconds=1)

    assert claim_all() == [user]


def test_nobody_claims_whom_a_worker_is_at_until_its_lease_ends(clock: TurnedClock) -> None:
    user = make_due("owner")
    assert claims.claim(user, RunTrigger.COMMAND, "w1")

    assert claim_all() == []
    clock.move(seconds=LEASE.seconds + 1)
    assert claim_all() == [user]


def test_the_beginning_of_a_run_ends_the_claim(clock: TurnedClock) -> None:
    user = make_due("owner")
    claim_all()
    run = claims.claim(user, RunTrigger.SCHEDULE, "w1")
    assert run is not None
    ending.finish(run.id, "w1", End(RunStatus.CONTINUED, "time_slice", at_once=True, lane=Lane.BULK), {})

    assert due.claim(Lane.BULK) == [user]


@pytest.mark.parametrize("lane", [Lane.ROUTINE, Lane.BULK])
def test_who_asks_during_a_run_waits_as_such_after_it(clock: TurnedClock, lane: Lane) -> None:
    user = make_due("owner", lane)
    run = claims.claim(user, RunTrigger.SCHEDULE, "w1")
    assert run is not None
    clock.move(seconds=1)
    queue.request(user, RunTrigger.MANUAL)
    db.session.commit()
    clock.move(seconds=1)

    ending.finish(run.id, "w1", End(RunStatus.CONTINUED, "time_slice", at_once=True, lane=Lane.BULK), {})

    assert due.claim(Lane.INTERACTIVE) == [user]


def test_a_worker_that_loses_costs_no_number(clock: TurnedClock) -> None:
    user = make_due("owner")
    first = claims.claim(user, RunTrigger.COMMAND, "w1")
    assert first is not None
    for _ in range(3):
        assert claims.claim(user, RunTrigger.COMMAND, "w2") is None
        queue.request(user, RunTrigger.MANUAL)
        db.session.commit()
    ending.finish(first.id, "w1", End(RunStatus.SUCCEEDED), {})

    again = claims.claim(user, RunTrigger.COMMAND, "w2")

    assert again is not None and again.id == first.id + 1


def test_who_cannot_run_though_nothing_stored_tells_so_is_passed_over_until_the_usual_time(
    clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key of the ring opens their tokens."""
    user = make_due("owner")
    monkeypatch.setattr("app.services.engine.run.run_obstacle", lambda _user: "vk_missing")

    assert list(run_due()) == []
    clock.move(minutes=14)
    assert claim_all() == []
    clock.move(minutes=1)
    assert claim_all() == [user]


@pytest.mark.parametrize("door", ["end_pause", "request", "set_next_run"])
def test_who_was_passed_over_is_due_at_once_by_every_door(clock: TurnedClock, door: str) -> None:
    user = make_due("owner")
    due.claim(Lane.ROUTINE)
    due.pass_over(user, timedelta(minutes=15))
    assert claim_all() == []
    {
        "end_pause": lambda: schedule.end_pause(user),
        "request": lambda: queue.request(user, RunTrigger.MANUAL),
        "set_next_run": lambda: schedule.set_next_run(user, utcnow()),
    }[door]()
    db.session.commit()

    assert claim_all() == [user]


@pytest.mark.parametrize("is_struck", [False, True])
def test_who_is_held_up_by_an_operator_is_left_alone_and_due_at_once_when_that_ends(
    clock: TurnedClock, is_struck: bool
) -> None:
    user = db.session.get_one(User, make_due("owner", Lane.INTERACTIVE))
    code = "vk_14" if is_struck else None
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user.id).values(strike_code=code))
    operators.halt(user, "Проверяем", user.id)
    db.session.commit()

    assert list(run_due()) == [] and claim_all() == [] and not due.somebody_waits()
    now = utcnow()
    waiting = sa.or_(due.somebody_is_due(now), *tidying.what_is_out_of_order(now))
    assert not db.session.scalar(sa.select(waiting)), "a pass has nothing to do for them"
    state = sa.select(SyncState.claimed_until).where(SyncState.user_id == user.id)
    assert db.session.scalar(state) is None, "nobody had taken them up"

    operators.resume(user, user.id)
    db.session.commit()
    assert due_user_ids() == [user.id]


def test_somebody_waits_who_asked_until_their_run_begins(clock: TurnedClock) -> None:
    make_due("routine")
    assert not due.somebody_waits()
    asked = make_due("asked", Lane.INTERACTIVE)
    due.claim(Lane.INTERACTIVE)
    assert due.somebody_waits(), "in a queue perhaps"
    claims.claim(asked, RunTrigger.SCHEDULE, "w1")

    assert not due.somebody_waits()


def test_a_claim_waits_for_no_row_that_somebody_holds(app_on_postgres: Flask) -> None:
    held, free = make_due("held", minutes=9), make_due("free")
    with db.engine.connect() as other:
        other.execute(sa.select(SyncState.id).where(SyncState.user_id == held).with_for_update())

        assert claim_all() == [free]
        other.rollback()
    assert claim_all() == [held]


def test_who_was_claimed_before_they_pressed_is_served_once(shop_everywhere: Shop) -> None:
    shop_everywhere.run()
    user = shop_everywhere.owner_id
    schedule.set_next_run(user, utcnow())
    db.session.commit()
    assert due.claim(Lane.ROUTINE) == [user]
    run_requests.request_run(db.session.get_one(User, user))
    db.session.commit()
    assert due.claim(Lane.INTERACTIVE) == [user]

    served = [sync.serve(user, lambda: False) for _ in range(2)]

    assert [outcome and outcome.status for outcome in served] == [RunStatus.SUCCEEDED, None]


# A long run makes room


@pytest.mark.one_by_one
def test_who_confirms_while_a_long_run_is_at_work_is_served_next(
    app_on_each_database: Flask, shop_everywhere: Shop, sandbox: Sandbox
) -> None:
    shop = shop_everywhere
    shop.fill(6)
    routine, waiting = (make_stall(sandbox, number, TINY).id for number in (1, 2))
    db.session.execute(sa.delete(SyncRun).where(SyncRun.user_id != shop.owner_id))
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == routine).values(lane=Lane.ROUTINE))
    db.session.execute(sa.update(SyncConfig).where(SyncConfig.user_id == waiting).values(confirmed_at=None))
    db.session.commit()

    def confirm() -> None:
        with app_on_each_database.app_context():
            switch.confirm(db.session.get_one(User, waiting))
            db.session.commit()
        shop.clock.move(seconds=61)

    shop.after_call("/market.add", lambda: Context().run(confirm))

    served = [(outcome.user_id, outcome.error) for outcome in run_due()]

    assert served == [(shop.owner_id, "time_slice"), (waiting, None), (routine, None)]
    assert db.session.scalar(sa.select(SyncState.lane).where(SyncState.user_id == shop.owner_id)) == Lane.BULK
    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED]
