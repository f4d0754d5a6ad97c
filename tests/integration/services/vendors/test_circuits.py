"""A vendor that answers nobody is left alone until it answers somebody."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.http import Transport
from app.clients.line import Line
from app.db import db
from app.models import RunStatus, RunTrigger, SyncRun, SyncState, User, Vendor
from app.services.connections import vk
from app.services.engine import run as engine_run
from app.services.engine.run import Outcome
from app.services.owner import orders, run_requests
from app.services.runs.lanes.ready import PROBE_EVERY
from app.services.vendors import circuits, turns
from app.services.vendors.circuits import NEXT_TRY, USERS
from tests.support.bad_vendor import BadVendor
from tests.support.due import due_user_ids
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.silent_vendor import OWNERS, a_pass, all_are_due, away, falls_silent, several
from tests.support.statements import noted_statements

TRIES_OF_A_RUN = 5
SILENT = [("evotor", "drop"), ("evotor", "502"), ("vk", "drop_before"), ("vk", "http_502")]


def run(user_id: int) -> Outcome:
    db.session.remove()
    return engine_run.run_user(db.session.get_one(User, user_id), RunTrigger.COMMAND)


def strikes() -> dict[int, int]:
    db.session.remove()
    return {state.user_id: state.strikes for state in db.session.scalars(sa.select(SyncState))}


@pytest.mark.parametrize(("vendor", "kind"), SILENT)
def test_after_three_users_without_an_answer_the_others_are_put_off(shops: Shop, vendor: str, kind: str) -> None:
    falls_silent(shops, vendor, kind)
    ended = a_pass()
    assert len(ended) == 1, "the first, by all its tries; the others asked once at most"
    assert away() == [vendor]
    assert shops.sandbox.calls() <= 5 + (USERS - 1) * 2 + 10


def test_a_pass_waits_for_a_vendor_that_takes_calls_and_never_answers_as_long_as_for_three(
    app_of_bad_vendor: Flask, bad_vendor: BadVendor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = several(Shop(sandbox, monkeypatch))
    defaults = Transport.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "read_seconds", 0.1)
    monkeypatch.setattr(circuits, "PROBE_SECONDS", 0.1)
    bad_vendor.spoil("/stores", lambda handler: handler.server.vendor.stopped.wait(30))
    all_are_due(shop)
    bad_vendor.seen.clear()

    a_pass()
    assert bad_vendor.seen.count("GET /evotor/stores") == TRIES_OF_A_RUN + (USERS - 1)
    assert away() == [Vendor.EVOTOR]
    bad_vendor.mend()
    shop.clock.move(minutes=1)
    assert a_pass() + a_pass() == [RunStatus.SUCCEEDED] * OWNERS


def test_those_who_are_put_off_have_no_run_and_no_strikes(shops: Shop) -> None:
    runs = db.session.query(SyncRun).count()
    falls_silent(shops, "vk")
    a_pass()
    assert db.session.query(SyncRun).count() == runs + 1
    assert sorted(strikes().values()) == [0] * (OWNERS - 1) + [1]
    shops.clock.move(seconds=PROBE_EVERY.total_seconds())
    assert len(due_user_ids()) == OWNERS - USERS, "to see whether it answers"


def test_while_it_is_open_nobody_asks_but_one_every_while(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    shops.forget_calls()
    assert a_pass() == []
    assert shops.sandbox.calls() == 0

    shops.clock.move(seconds=PROBE_EVERY.total_seconds())
    assert a_pass() == []
    assert shops.sandbox.calls() == 1


def test_another_user_asks_the_next_time(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    shops.clock.move(seconds=PROBE_EVERY.total_seconds())
    first = due_user_ids()[0]
    a_pass()
    assert first not in due_user_ids()
    shops.clock.move(seconds=NEXT_TRY.total_seconds())
    assert due_user_ids()[-1] == first


@pytest.mark.parametrize("vendor", list(Vendor))
def test_when_it_is_back_everybody_is_served_by_the_next_passes(shops_everywhere: Shop, vendor: str) -> None:
    shops = shops_everywhere
    falls_silent(shops, vendor)
    for _ in range(3):
        a_pass()
        shops.clock.move(seconds=30)
    shops.sandbox.clear_faults()
    shops.patch("P1", price=150)

    served = a_pass()
    shops.clock.move(seconds=NEXT_TRY.total_seconds())
    served += a_pass()

    assert served == [RunStatus.SUCCEEDED] * OWNERS
    assert away() == []
    assert set(strikes().values()) == {0}
    for number in range(OWNERS):
        shops.club = CLUB + (1000 + number if number else 0)
        assert shops.prices()["P1"] == "150.00"


def test_an_answer_between_two_silences_shows_that_it_is_there(shops: Shop) -> None:
    falls_silent(shops, "vk")
    users = due_user_ids()
    for silent in (True, True, False, True):
        shops.sandbox.clear_faults()
        if silent:
            shops.sandbox.fault("vk", "drop_before")
        run(users.pop(0))
    assert away() == []


def test_one_user_alone_opens_nothing(shops: Shop) -> None:
    falls_silent(shops, "vk")
    for _ in range(5):
        assert run(shops.owner_id).error == "vk_unreachable"
        shops.clock.move(hours=1)
    assert away() == []


def test_who_got_no_answer_before_has_all_patience(shops: Shop) -> None:
    """A vendor that is slow for one user is not away."""
    falls_silent(shops, "vk")
    first, second, *_ = due_user_ids()
    run(first)
    assert run(second).status == "vendor_away"
    assert run(second).error == "vk_unreachable"


def test_the_answer_to_a_run_that_had_none_before_ends_the_doubt(shop: Shop) -> None:
    shop.run()
    shop.sandbox.fault("vk", "drop_before")
    shop.run()
    shop.sandbox.clear_faults()
    shop.forget_calls()
    shop.run()
    assert shop.calls("market.get") == 1, "nothing was asked before"
    assert set(circuits._circuits().values()) == {circuits.Circuit()}


def test_an_error_is_an_answer(shops: Shop) -> None:
    falls_silent(shops, "vk", "error:10")
    a_pass()
    assert away() == []


def test_an_owner_s_press_waits_as_well_and_is_not_lost(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    shops.clock.move(seconds=PROBE_EVERY.total_seconds())
    last = due_user_ids()[-1]
    run_requests.request_run(db.session.get_one(User, last))
    db.session.commit()
    assert a_pass() == []

    shops.sandbox.clear_faults()
    shops.clock.move(seconds=60)
    a_pass()
    db.session.remove()
    triggers = db.session.scalars(sa.select(SyncRun.trigger).where(SyncRun.user_id == last).order_by(SyncRun.id))
    assert list(triggers)[-1] == RunTrigger.MANUAL


def test_hiding_all_needs_no_evotor(shops: Shop) -> None:
    falls_silent(shops, "evotor")
    a_pass()
    assert away() == [Vendor.EVOTOR]
    orders.hide_all(shops.owner)
    db.session.commit()
    assert shops.run().status == RunStatus.SUCCEEDED
    assert shops.prices() == {}


def test_what_a_page_hears_ends_it(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    shops.sandbox.clear_faults()
    with turns.turn(shops.owner_id):
        vk.check_vk(shops.owner)
        db.session.commit()
    assert away() == []


def test_a_page_that_hears_nothing_ends_nothing(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    with turns.turn(shops.owner_id):
        vk.check_vk(shops.owner)
        db.session.commit()
    assert away() == [Vendor.VK]


def test_what_nobody_asked_about_for_long_is_not_told(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    shops.clock.move(hours=2)
    assert away() == []


def test_two_workers_that_come_at_once_make_one_question(
    shops_everywhere: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops = shops_everywhere
    falls_silent(shops, "vk")
    a_pass()
    shops.clock.move(seconds=PROBE_EVERY.total_seconds())
    shops.forget_calls()
    seen = circuits._circuits()
    monkeypatch.setattr(circuits, "_circuits", lambda: seen)
    for user_id in due_user_ids():
        assert run(user_id).status == "vendor_away"
    assert shops.sandbox.calls() == 1


def test_a_healthy_vendor_costs_a_run_one_look(shop: Shop) -> None:
    shop.run()
    with noted_statements(lambda statement: "vendor_circuits" in statement) as seen:
        shop.run()
    assert len(seen) == 1
    assert seen[0][0].startswith("SELECT")


def test_of_two_workers_that_find_it_silent_at_once_both_count(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.note_silence()
    circuits.note(1, {Vendor.VK: line})
    stale, current = circuits._circuits(), circuits._circuits
    circuits.note(2, {Vendor.VK: line})
    answers = iter([stale])
    monkeypatch.setattr(circuits, "_circuits", lambda: next(answers, None) or current())
    circuits.note(3, {Vendor.VK: line})
    assert away() == [Vendor.VK]
