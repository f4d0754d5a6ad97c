"""Clocks that jump, a database that goes away, pictures that cannot be made, answers of another shape."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.clients.http import Response
from app.db import db
from app.models import EntryOutcome, RunStatus, RunTrigger
from app.services import health
from app.services.engine import run
from app.services.health import DatabaseState
from app.services.ops import pruning
from app.services.photos import cards
from app.services.runs import claims, ending, lease
from app.tasks.sync import run_due
from tests.support.sandbox import Sandbox
from tests.support.shop import Killed, Shop

pytestmark = pytest.mark.one_by_one

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def all_is_well(shop: Shop) -> None:
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == ALL
    assert len(shop.sandbox.items()) == len(ALL)
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0


# Clocks


def dies(_call: Callable[[], Response]) -> NoReturn:
    raise Killed


def test_a_worker_that_died_under_a_clock_far_ahead_is_replaced(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.clock.moved += timedelta(days=30)
    shop.on_call("/market.add", dies)
    with pytest.raises(Killed):
        shop.run()
    shop.clock.moved -= timedelta(days=30)
    shop.clock.move(minutes=1)

    all_is_well(shop)


def test_a_next_time_set_by_a_clock_far_ahead_does_not_hold_the_owner_up(shop: Shop) -> None:
    shop.clock.moved += timedelta(days=30)
    shop.run()
    shop.clock.moved -= timedelta(days=30)
    shop.patch("P1", price=120)

    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED]
    assert shop.prices()["P1"] == "120.00"


def test_the_market_is_read_again_when_the_last_read_lies_ahead(shop: Shop) -> None:
    shop.clock.moved += timedelta(days=30)
    shop.run()
    shop.clock.moved -= timedelta(days=30)
    shop.forget_calls()

    shop.run()

    assert shop.calls("market.get") > 0


def test_nothing_is_deleted_for_days_that_lie_ahead(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", price=0)
    shop.run()
    shop.drop("P1")
    shop.clock.moved += timedelta(days=30)
    shop.run()
    shop.clock.moved -= timedelta(days=30)
    shop.run()
    shop.clock.move(days=6)

    shop.run()

    assert len(shop.sandbox.items()) == len(ALL)


def test_a_clock_that_jumps_in_the_middle_of_a_run_makes_no_second_item(shop: Shop) -> None:
    def jumps(call: Callable[[], Response]) -> Response:
        answer = call()
        shop.clock.moved += timedelta(days=2)
        return answer

    shop.on_call("/market.add", jumps)
    shop.run()
    shop.clock.moved -= timedelta(days=2)

    all_is_well(shop)


# The database


def break_connections(call: Callable[[], Response]) -> Response:
    """As a server that is restarted at this very moment."""
    answer = call()
    with db.engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    return answer


def full_disk(_call: Callable[[], Response]) -> NoReturn:
    raise OperationalError("UPDATE", {}, Exception("database or disk is full"))


@pytest.mark.parametrize("method", ["market.get", "market.add", "market.saveProductPhoto", "market.addToAlbum"])
def test_a_database_that_is_restarted_in_the_middle_of_a_call_is_not_even_noticed(
    app_on_postgres: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """No transaction is open while VK answers."""
    shop = Shop(sandbox, monkeypatch)
    shop.on_call(f"/{method}", break_connections)

    all_is_well(shop)


@pytest.mark.parametrize("method", ["market.get", "market.add", "market.saveProductPhoto", "market.addToAlbum"])
def test_a_database_that_fails_in_the_middle_of_a_run(shop_everywhere: Shop, method: str) -> None:
    shop = shop_everywhere
    shop.on_call(f"/{method}", full_disk)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "database_lost")
    assert 4 < shop.next_run_in().total_seconds() / 60 <= 5
    all_is_well(shop)


def test_a_database_that_stays_away_ends_the_pass_and_the_run_is_taken_over(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> NoReturn:
        raise OperationalError("UPDATE", {}, Exception("server is gone"))

    with monkeypatch.context() as patch:
        patch.setattr(lease, "renew", away)
        patch.setattr(ending, "finish", away)
        patch.setattr(health, "database_state", lambda: DatabaseState.UNREACHABLE)
        with pytest.raises(OperationalError):
            shop.run()
    assert sum(shop.clock.slept) < 10
    shop.clock.move(minutes=6)

    all_is_well(shop)


# Pictures and answers


def test_a_picture_that_cannot_be_made_is_one_failed_product(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = cards.draw

    def full_disk(name: str) -> bytes:
        if name == "Товар P1":
            raise OSError(28, "No space left on device")
        return real(name)

    with monkeypatch.context() as patch:
        patch.setattr(cards, "draw", full_disk)
        assert shop.run().status == RunStatus.SUCCEEDED
    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]

    assert (failed.product_id, failed.error_code) == ("P1", "vk_22")
    shop.clock.move(hours=7)
    all_is_well(shop)


def test_answers_with_fields_added_or_missing_are_read(shop: Shop) -> None:
    def odd(call: Callable[[], Response]) -> Response:
        body = json.loads(call().body)
        for item in body["response"]["items"]:
            for name in ("category", "availability", "stock_amount", "photos", "albums_ids", "thumb_photo", "date"):
                item.pop(name, None)
            item["of_tomorrow"] = {"nested": [1, None]}
        return Response(200, {}, json.dumps({**body, "more": True}).encode())

    shop.run()
    shop.on_call("/market.get", odd, times=10)
    shop.clock.move(days=1, minutes=1)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0


def test_what_hangs_for_ever_is_given_up_by_the_lease(shop: Shop) -> None:
    """Before a failed call is sent again the lease is renewed, or the run ends: somebody else has it by now."""

    def taken_over(_call: Callable[[], Response]) -> Response:
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE sync_runs SET worker = 'another'"))
        return Response(502, {}, b"")

    shop.run()
    shop.patch("P1", price=120)
    shop.on_call("/market.edit", taken_over)
    shop.forget_calls()

    shop.run()

    assert shop.calls("market.edit") == 0, "not sent again"
    assert shop.prices() == ALL


# Old history


def test_old_history_goes_but_for_the_newest_run(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P1", price=110)
    shop.run()
    entries = len(shop.entries(1))
    db.session.remove()
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sync_runs SET finished_at = '2020-01-01 00:00:00'"))

    assert pruning.prune(90).items() >= {"runs": 1, "entries": entries, "approvals": 0, "photos": 0}.items()
    assert shop.last_run().id == 2
    assert len(shop.entries()) == 1
    assert pruning.prune(90).items() >= {"runs": 0, "entries": 0, "approvals": 0, "photos": 0}.items()


def test_what_is_at_work_or_young_is_kept(shop: Shop) -> None:
    shop.run()
    shop.run()
    claims.claim(shop.owner_id, RunTrigger.MANUAL, "w")

    assert pruning.prune(90).items() >= {"runs": 0, "entries": 0, "approvals": 0, "photos": 0}.items()
    assert run.run_user(shop.owner, RunTrigger.MANUAL).status == "already_running"
