"""Stopping a run, and what buyers see then."""

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.models import RunStatus
from app.services.owner import run_requests, shop_window
from app.services.runs import codes
from app.tasks.sync import run_due
from tests.support.owners import hide_all
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


@pytest.mark.one_by_one
def test_a_run_at_work_ends_between_two_changes(shop_everywhere: Shop) -> None:
    shop = shop_everywhere

    def stop(call: object) -> Response:
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE sync_runs SET cancel_requested = true"))
        answer: Response = call()  # type: ignore[operator]  # the call itself
        return answer

    shop.on_call("/market.add", stop)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "cancelled")
    assert len(shop.prices()) == 1
    assert shop.run().status == RunStatus.SUCCEEDED, "the next one goes on"
    assert shop.prices() == ALL


def test_a_queued_run_is_stopped_at_once(shop: Shop) -> None:
    run_requests.stop_run(shop.owner)
    db.session.commit()

    run = shop.last_run()
    assert (run.status, run.error_code) == (RunStatus.STOPPED, "cancelled")
    assert list(run_due()) == [], "the next one comes as usual"
    shop.clock.move(minutes=16)
    assert [outcome.status for outcome in run_due()] == [RunStatus.SUCCEEDED]


def test_a_stopped_order_is_not_taken_up_again(shop: Shop) -> None:
    shop.run()
    hide_all(shop)
    run_requests.stop_run(shop.owner)
    db.session.commit()
    shop.clock.move(days=1)

    assert list(run_due()) == []
    assert shop.prices() == ALL


def test_a_run_that_made_way_for_an_order_was_not_stopped_by_hand(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", price=101)
    shop.after_call("market.edit", lambda: hide_all(shop))
    assert (shop.run().status, shop.last_run().error_code) == (RunStatus.STOPPED, codes.OTHER_ORDER)


@pytest.mark.parametrize(
    ("window", "is_hidden"),
    [(shop_window.ShopWindow(hidden=3), True), (shop_window.ShopWindow(hidden=3, is_uncertain=True), False)],
)
def test_buyers_see_nothing_only_where_no_add_is_without_an_answer(
    window: shop_window.ShopWindow, is_hidden: bool
) -> None:
    assert window.is_hidden is is_hidden
