"""Runs that find nothing to do: what they cost, what is left of them, and when the next one comes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import KeptPlan, RunStatus, RunTrigger, SyncRun, SyncState
from app.services.engine import run as engine_run
from app.services.engine.run import Outcome
from app.services.owner import run_requests
from app.services.planning import approvals
from app.services.runs import history, quiet, records, schedule
from app.services.runs.history import HistoryQuery
from tests.support.commits import counted_commits
from tests.support.shop import Shop
from tests.support.statements import counted_statements

MOST_STATEMENTS, MOST_COMMITS = 25, 8
INTERVAL = timedelta(minutes=15)


@pytest.fixture
def quiet_shop(shop_everywhere: Shop) -> Shop:
    """It has had a run that did everything, and one that found nothing left to do."""
    shop_everywhere.run()
    shop_everywhere.run()
    return shop_everywhere


def rows() -> list[int]:
    return list(db.session.scalars(sa.select(SyncRun.id).order_by(SyncRun.id)))


def state_of(shop: Shop) -> SyncState:
    state = shop.owner.sync_state
    assert state is not None
    return state


def run_on_time(shop: Shop) -> Outcome:
    """As the schedule starts it, when its time has come."""
    shop.clock.move(seconds=shop.next_run_in().total_seconds() + 1)
    return engine_run.run_user(shop.owner, RunTrigger.SCHEDULE)


# What it costs


def test_a_run_of_an_unchanged_shop_asks_little_of_the_database(quiet_shop: Shop) -> None:
    quiet_shop.fill(50)
    for _ in range(3):
        quiet_shop.run()
    quiet_shop.forget_calls()
    owner = quiet_shop.owner

    with counted_statements() as statements, counted_commits() as commits:
        outcome = engine_run.run_user(owner, RunTrigger.SCHEDULE)

    assert (outcome.status, outcome.done) == (RunStatus.SUCCEEDED, 0)
    assert len(statements) <= MOST_STATEMENTS
    assert len(commits) <= MOST_COMMITS
    assert quiet_shop.calls("market.get") == 1, "what is wrong in VK has to show at once"


def test_whoever_presses_gets_a_run_that_looks_at_everything(quiet_shop: Shop) -> None:
    run_requests.request_run(quiet_shop.owner)
    db.session.commit()
    owner = quiet_shop.owner

    with counted_statements() as statements:
        engine_run.run_user(owner, RunTrigger.SCHEDULE)

    assert any("FROM listings" in statement and "NOT (EXISTS" not in statement for statement in statements)


def test_records_that_nobody_numbered_get_a_number(quiet_shop: Shop) -> None:
    db.session.execute(sa.delete(KeptPlan))
    db.session.commit()

    for _ in range(2):
        quiet_shop.run()

    kept = db.session.scalars(sa.select(KeptPlan)).one()
    assert kept.settled_of == kept.version


# What is left of it


def test_a_quiet_run_leaves_no_row_and_its_number_is_never_given_again(quiet_shop: Shop) -> None:
    assert rows() == [1]

    assert quiet_shop.run().run_id == 3
    quiet_shop.patch("P1", price=123)
    assert quiet_shop.run().run_id == 4

    assert rows() == [1, 4]


def test_its_outcome_is_told_as_that_of_any_other(quiet_shop: Shop) -> None:
    quiet_shop.put("P4", price=0)
    in_full, short = quiet_shop.run(), quiet_shop.run()

    assert (short.status, short.error, short.counts) == (RunStatus.SUCCEEDED, None, {})
    assert short.skipped == in_full.skipped == {"no_price": 1}


def test_it_is_the_last_run_as_long_as_no_other_came(quiet_shop: Shop) -> None:
    quiet_shop.clock.move(minutes=5)
    began = quiet_shop.clock.utcnow()
    quiet_shop.run()

    last = records.latest(quiet_shop.owner_id)
    assert last is not None
    assert (last.id, last.status, last.started_at) == (3, RunStatus.SUCCEEDED, began)
    assert last.finished_at is not None and last.finished_at >= began
    assert records.last_success(quiet_shop.owner_id) == last.finished_at

    quiet_shop.patch("P1", price=123)
    quiet_shop.run()
    last = records.latest(quiet_shop.owner_id)
    assert last is not None and (last.id, last.done) == (4, 1)


def test_a_run_that_somebody_pressed_for_keeps_its_row(quiet_shop: Shop) -> None:
    run_requests.request_run(quiet_shop.owner)
    db.session.commit()

    outcome = engine_run.run_user(quiet_shop.owner, RunTrigger.SCHEDULE)

    assert (outcome.status, outcome.done) == (RunStatus.SUCCEEDED, 0)
    assert rows() == [1, outcome.run_id]


def test_a_run_that_failed_keeps_its_row(quiet_shop: Shop) -> None:
    quiet_shop.sandbox.fault("vk", "auth", "market.get")

    outcome = quiet_shop.run()

    assert outcome.status == RunStatus.STOPPED
    assert rows() == [1, outcome.run_id]


def test_the_first_run_after_a_confirmation_is_no_first_one_twice(quiet_shop: Shop) -> None:
    quiet_shop.clock.move(minutes=1)
    config = quiet_shop.owner.sync_config
    assert config is not None
    config.confirmed_at = quiet_shop.clock.utcnow()
    db.session.commit()
    assert approvals.is_first_after_confirmation(quiet_shop.owner)

    quiet_shop.run()

    assert not approvals.is_first_after_confirmation(quiet_shop.owner)


def test_the_history_counts_them_by_the_owners_day(quiet_shop: Shop) -> None:
    zone = HistoryQuery(ZoneInfo("Europe/Moscow"))
    for _ in range(3):
        quiet_shop.run()

    _, told = history.timeline(quiet_shop.owner_id, zone, 0, 25)
    assert [one.runs if isinstance(one, history.Calm) else one.id for one in told] == [4, 1]
    assert history.last_days(quiet_shop.owner_id, zone.zone)[-1].runs == 5

    quiet_shop.clock.move(days=1)
    quiet_shop.run()
    assert [day.runs for day in history.last_days(quiet_shop.owner_id, zone.zone)[-2:]] == [5, 1]


def test_no_more_days_are_counted_than_the_history_shows(quiet_shop: Shop) -> None:
    for _ in range(history.DAYS + 3):
        quiet_shop.clock.move(days=1)
        quiet_shop.run()

    days = state_of(quiet_shop).quiet_days
    assert len(days) == quiet.DAYS >= history.DAYS
    assert max(days) == quiet_shop.clock.utcnow().date().isoformat()


# When the next one comes


def test_runs_become_seldom_where_nothing_changes(quiet_shop: Shop) -> None:
    waits = []
    for _ in range(8):
        run_on_time(quiet_shop)
        waits.append(quiet_shop.next_run_in() / INTERVAL)

    assert waits == [1, 1, 1, 1.5, 2.25, 3.375, 4, 4]


@pytest.fixture
def seldom_shop(quiet_shop: Shop) -> Shop:
    """Nothing has changed for hours."""
    for _ in range(8):
        run_on_time(quiet_shop)
    assert quiet_shop.next_run_in() == timedelta(hours=1)
    return quiet_shop


def test_a_change_brings_the_usual_interval_back(seldom_shop: Shop) -> None:
    seldom_shop.patch("P1", price=123)

    assert run_on_time(seldom_shop).done == 1
    assert seldom_shop.next_run_in() == INTERVAL
    run_on_time(seldom_shop)
    assert seldom_shop.next_run_in() == INTERVAL


def test_a_hint_of_evotors_brings_it_back(seldom_shop: Shop) -> None:
    schedule.run_soon(seldom_shop.owner_id, seldom_shop.clock.utcnow())
    assert seldom_shop.next_run_in() <= timedelta(0)

    run_on_time(seldom_shop)

    assert seldom_shop.next_run_in() == INTERVAL


def test_whatever_the_owner_does_brings_it_back(seldom_shop: Shop) -> None:
    seldom_shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P3")
    quiet.come_back(seldom_shop.owner_id)

    assert seldom_shop.next_run_in() == INTERVAL
    assert state_of(seldom_shop).quiet_runs == 0


def test_the_owners_deed_ends_no_pause(seldom_shop: Shop) -> None:
    state = state_of(seldom_shop)
    state.strike_code, state.next_run_at = "vk_14", seldom_shop.clock.utcnow() + timedelta(hours=5)
    db.session.commit()

    quiet.come_back(seldom_shop.owner_id)

    assert seldom_shop.next_run_in() == timedelta(hours=5)
