"""One run at a time, whoever asks; and who is next."""

from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import RunStatus, RunTrigger, SyncRun, SyncState, User
from app.services.ops import operators
from app.services.owner import switch
from app.services.runs import claims, codes, ending, lease, queue, schedule
from app.services.runs.ending import End
from app.tasks.sync import run_due
from tests.factories import make_user
from tests.support.clock import stop_at
from tests.support.due import due_user_ids, make_wanted
from tests.support.sandbox import CLUB
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def claim(user: User, worker: str = "w1") -> SyncRun | None:
    return claims.claim(user.id, RunTrigger.SCHEDULE, worker)


def next_run_at(user: User) -> object:
    db.session.expire_all()
    assert user.sync_state is not None
    return user.sync_state.next_run_at


def test_only_one_worker_gets_the_run(app_on_each_database: Flask) -> None:
    user = make_user()
    first = claim(user)
    assert first is not None
    assert first.status == RunStatus.RUNNING

    assert claim(user, "w2") is None

    ending.finish(first.id, "w1", End(RunStatus.SUCCEEDED), {})
    assert claim(user, "w2") is not None


def test_a_queued_run_is_the_one_that_is_claimed(app_on_each_database: Flask) -> None:
    user = make_user()
    queue.request(user.id, RunTrigger.MANUAL)
    queue.request(user.id, RunTrigger.MANUAL)
    db.session.commit()

    run = claim(user)

    assert run is not None
    assert run.trigger == RunTrigger.MANUAL
    assert db.session.scalars(sa.select(SyncRun.id)).all() == [run.id]


def test_a_dead_worker_is_replaced_after_its_lease(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user()
    dead = claim(user)
    assert dead is not None
    later = utcnow() + timedelta(seconds=301)
    stop_at(monkeypatch, later)

    taken = claim(user, "w2")

    assert taken is not None
    assert taken.id != dead.id
    db.session.refresh(dead)
    assert (dead.status, dead.error_code) == (RunStatus.FAILED, "worker_lost")
    assert not lease.renew(dead, "w1", None, 1)


def test_a_buried_worker_that_wakes_up_changes_nothing(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user()
    dead = claim(user)
    assert dead is not None
    later = utcnow() + timedelta(seconds=301)
    stop_at(monkeypatch, later)
    taken = claim(user, "w2")
    assert taken is not None

    assert not ending.finish(dead.id, "w1", End(RunStatus.CONTINUED, "vk_unreachable", pauses=(86_400,)), {})

    assert dead.status == RunStatus.FAILED
    assert next_run_at(user) is None
    assert user.sync_state is not None
    assert (user.sync_state.strikes, user.sync_state.strike_code) == (0, None)
    db.session.refresh(taken)
    assert taken.status == RunStatus.RUNNING


def test_a_request_during_a_run_makes_another_follow(app_on_each_database: Flask) -> None:
    user = make_user()
    run = claim(user)
    assert run is not None
    queue.request(user.id, RunTrigger.MANUAL)
    db.session.commit()
    asked_at = next_run_at(user)
    assert asked_at is not None

    ending.finish(run.id, "w1", End(RunStatus.SUCCEEDED), {})

    assert next_run_at(user) == asked_at


def test_a_pause_that_vk_needs_outlasts_a_request(app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    run = claim(user)
    assert run is not None
    queue.request(user.id, RunTrigger.MANUAL)
    now = utcnow()
    stop_at(monkeypatch, now)

    ending.finish(run.id, "w1", End(RunStatus.STOPPED, "vk_14", pauses=(3600,)), {})

    assert next_run_at(user) == now + timedelta(hours=1)


def test_a_success_ends_an_earlier_pause(app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    schedule.set_next_run(user.id, utcnow() + timedelta(days=1))
    run = claim(user)
    assert run is not None
    now = utcnow()
    stop_at(monkeypatch, now)

    ending.finish(run.id, "w1", End(RunStatus.SUCCEEDED), {})

    assert next_run_at(user) == now + timedelta(minutes=15)


def test_who_is_due_and_in_which_order(app_on_each_database: Flask) -> None:
    now = utcnow()
    waits = {"long": now - timedelta(hours=2), "short": now - timedelta(minutes=1), "never": None}
    waits |= {"later": now + timedelta(minutes=1), "asked": now + timedelta(hours=1)}
    users = {name: make_wanted(f"{name}@example.ru") for name in (*waits, "paused", "unconfirmed")}
    for name, user in users.items():
        config, state = user.sync_config, user.sync_state
        assert config is not None
        assert state is not None
        config.is_enabled, config.confirmed_at = name != "paused", None if name == "unconfirmed" else now
        state.next_run_at = waits.get(name)
    for name in ("asked", "unconfirmed", "paused"):
        queue.request(users[name].id, RunTrigger.MANUAL)
    db.session.commit()

    due = due_user_ids()

    assert due == [users[name].id for name in ("asked", "long", "short", "never")]


def test_switching_off_drops_what_is_queued(shop: Shop) -> None:
    switch.toggle(shop.owner, False)
    db.session.commit()

    assert due_user_ids() == []
    assert (shop.last_run().status, shop.last_run().error_code) == (RunStatus.STOPPED, "switched_off")


# Slices


@pytest.mark.one_by_one
def test_a_slice_ends_and_the_next_pass_does_the_rest(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    ticks = count(step=250)

    outcome = shop.run(to_end=False, monotonic=lambda: float(next(ticks)))

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "time_slice")
    assert 0 < len(shop.prices()) < len(ALL)
    assert shop.owner_id in due_user_ids()
    run = shop.last_run()
    assert (run.done, run.total) == (2, 7)

    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED
    assert shop.prices() == ALL
    assert len(shop.sandbox.items()) == len(ALL)
    assert shop.owner_id not in due_user_ids()


def test_a_run_to_its_end_knows_no_slice(shop: Shop) -> None:
    ticks = count(step=10_000)

    assert shop.run(monotonic=lambda: float(next(ticks))).status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


@pytest.mark.one_by_one
def test_a_worker_that_is_taken_over_in_the_middle_writes_nothing_more(shop_everywhere: Shop) -> None:
    shop = shop_everywhere

    def take_over() -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.update(SyncRun).values(worker="another"))

    shop.after_call("/market.add", take_over)

    shop.run()

    assert shop.calls("market.add") == 1
    assert len(shop.prices()) == 1
    assert shop.last_run().status == RunStatus.RUNNING, "it belongs to the other worker"


def test_the_pass_passes_over_who_is_at_work_or_cannot_run(shop: Shop) -> None:
    claims.claim(shop.owner_id, RunTrigger.MANUAL, "another")

    assert list(run_due()) == []


def test_the_pass_runs_who_is_due_once(shop: Shop) -> None:
    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED]
    assert list(run_due()) == []
    shop.clock.move(minutes=16)
    assert due_user_ids() == [shop.owner_id]


def test_a_confirmation_ends_the_lease_of_a_run_that_began_before_any_was_noted(shop_everywhere: Shop) -> None:
    owner = shop_everywhere.owner
    run, state = claim(owner), owner.sync_state
    assert run is not None and state is not None
    state.confirmation = None
    db.session.commit()
    assert lease.renew(run, "w1", None, CLUB)
    state.confirmation = "other settings"
    db.session.commit()
    assert not lease.renew(run, "w1", None, CLUB)
    assert lease.why_stopped(run, None) == codes.CHANGED_MEANWHILE


@pytest.mark.parametrize("order", [None, "hide_all"])
def test_a_run_that_was_claimed_as_an_operator_held_the_user_up_goes_no_further(
    shop_everywhere: Shop, order: str | None
) -> None:
    owner = shop_everywhere.owner
    operators.halt(owner, "Проверяем", owner.id)
    db.session.commit()
    run, state = claim(owner), owner.sync_state
    assert run is not None and state is not None and not run.cancel_requested
    if order is not None:
        db.session.execute(sa.update(SyncState).values(owner_order=order))
        db.session.commit()

    assert not lease.renew(run, "w1", state.confirmation, CLUB, order)
    assert lease.why_stopped(run, state.confirmation, order) == codes.HALTED
