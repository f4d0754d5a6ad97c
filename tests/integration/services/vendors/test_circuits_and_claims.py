"""While a vendor answers nobody, those who need it are not claimed, and lose nothing by that."""

import itertools

import pytest
import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.models import Lane, SyncState, User, Vendor
from app.services.ops import figures
from app.services.owner import orders, run_requests
from app.services.runs.lanes import due
from app.services.runs.lanes.ready import PROBE_EVERY
from app.services.vendors.circuits import NEXT_TRY
from app.tasks import sync
from tests.support.due import due_user_ids
from tests.support.shop import Shop
from tests.support.silent_vendor import OWNERS, a_pass, falls_silent


@pytest.mark.parametrize("vendor", list(Vendor))
def test_while_it_is_open_those_who_need_it_keep_their_place_and_are_not_claimed(
    shops_everywhere: Shop, vendor: Vendor
) -> None:
    shops = shops_everywhere
    falls_silent(shops, vendor)
    a_pass()
    orders.hide_all(shops.owner)
    db.session.execute(sa.update(SyncState).values(next_run_at=utcnow(), claimed_until=None))
    db.session.commit()

    asked, others = due.claim(Lane.INTERACTIVE, most=OWNERS), due.claim(Lane.ROUTINE, most=OWNERS)
    assert (asked, others) == ([shops.owner_id] if vendor is Vendor.EVOTOR else [], [])

    shops.clock.move(seconds=PROBE_EVERY.total_seconds())
    shops.forget_calls()
    number = itertools.count()
    while (user_id := due.claim_next(next(number), utcnow())) is not None:
        sync.serve(user_id, lambda: False)
    assert next(number) == 2, "one was claimed, and asked"
    assert shops.sandbox.calls() == 1


def test_who_pressed_and_asked_in_vain_goes_on_waiting_as_such(shops: Shop) -> None:
    falls_silent(shops, "vk")
    a_pass()
    shops.clock.move(seconds=NEXT_TRY.total_seconds())
    user = due_user_ids()[0]
    run_requests.request_run(db.session.get_one(User, user))
    db.session.commit()
    shops.forget_calls()
    a_pass()
    assert shops.sandbox.calls() == 1
    shops.clock.move(seconds=NEXT_TRY.total_seconds())
    assert due.claim(Lane.INTERACTIVE, most=OWNERS) == [user]


def test_nobody_is_late_who_waits_for_a_vendor(shops: Shop) -> None:
    falls_silent(shops, "evotor")
    a_pass()
    shops.clock.move(minutes=30)
    assert figures.due(utcnow()) == (0, None)
    orders.hide_all(shops.owner)
    db.session.commit()
    assert figures.due(utcnow()).users == 1, "an order needs VK alone"
