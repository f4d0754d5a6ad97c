"""How long a run, or one of its methods, is left alone after VK said no."""

from datetime import timedelta

import pytest

from app.db import db
from app.models import RunStatus
from app.services.connections import vk
from app.services.owner import switch
from tests.support.due import due_user_ids
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop

pytestmark = pytest.mark.one_by_one

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


@pytest.mark.parametrize(
    ("code", "minutes"), [(9, [1, 10, 360, 360]), (43, [15, 360, 360]), (14, [60, 120, 240, 480, 1440, 1440])]
)
def test_vk_asks_for_a_pause_and_every_pause_is_longer(
    shop: Shop, sandbox: Sandbox, code: int, minutes: list[int]
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add", after=1)

    for pause in minutes:
        shop.forget_calls()
        outcome = shop.run()
        assert outcome.error == f"vk_{code}"
        assert shop.calls("market.add") <= 2
        assert pause - 1 < shop.next_run_in().total_seconds() / 60 <= pause
    assert sum(shop.clock.slept) <= 30
    sandbox.clear_faults()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == ALL
    sandbox.fault("vk", f"error:{code}", "market.edit")
    shop.patch("P1", price=111)
    shop.run()
    assert shop.next_run_in().total_seconds() / 60 <= minutes[0], "after a success pauses begin small again"


def test_a_method_whose_quota_is_used_up_rests_for_a_day_and_the_others_go_on(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:29", "market.add", after=2)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_29")
    assert len(shop.prices()) == 2
    first = next(iter(shop.prices()))
    shop.patch(first, price=150)
    sandbox.clear_faults()
    shop.forget_calls()
    assert shop.run().status == RunStatus.CONTINUED
    assert shop.calls("market.add") == 0, "the method is left alone"
    assert shop.prices()[first] == "150.00"
    shop.clock.move(hours=25)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == len(ALL)


def test_a_method_that_rested_in_vain_rests_another_day(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.fault("vk", "error:29", "market.edit")
    shop.patch("P1", price=111)
    shop.run()
    shop.clock.move(hours=24, minutes=1)
    shop.run()
    shop.forget_calls()

    for _ in range(3):
        shop.clock.move(minutes=15)
        shop.run()

    assert shop.calls("market.edit") == 0


def test_no_pictures_are_uploaded_for_adds_that_have_to_wait(shop: Shop, sandbox: Sandbox) -> None:
    shop.fill(10)
    sandbox.fault("vk", "error:29", "market.add")
    shop.forget_calls()
    shop.run()
    shop.run()

    assert (shop.calls("market.add"), shop.calls("market.saveProductPhoto")) == (1, 1)


def test_pauses_begin_small_again_when_something_got_done(shop: Shop, sandbox: Sandbox) -> None:
    shop.fill(20)
    for _ in range(3):
        sandbox.fault("vk", "error:9", "market.add", after=3, times=1)
        shop.run()
        assert shop.next_run_in().total_seconds() <= 60
        shop.clock.move(minutes=2)


def test_answers_that_stay_lost_are_awaited_longer_and_longer(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.put("P4", price=400)
    sandbox.fault("vk", "drop_before", "market.add")
    pauses = []
    for _ in range(3):
        shop.run(to_end=False)
        pauses.append(shop.next_run_in().total_seconds())
        shop.clock.move(seconds=31)

    assert pauses[0] <= 1
    assert 290 < pauses[1] < pauses[2]


def test_vk_is_asked_slowly_after_a_captcha_that_the_owner_passed(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:14", "market.add", times=1)
    shop.run()
    vk.check_vk(shop.owner)
    db.session.commit()
    assert shop.owner_id in due_user_ids()
    shop.clock.slept.clear()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert any(2 < pause <= 3.1 for pause in shop.clock.slept)
    shop.patch("P1", price=111)
    shop.clock.slept.clear()
    shop.run()
    assert not any(2 < pause <= 3.1 for pause in shop.clock.slept), "and fast again once all is well"


def test_a_known_rest_is_not_prolonged_by_meeting_it(shop: Shop) -> None:
    shop.run()
    until = (shop.clock.utcnow() + timedelta(seconds=20)).isoformat()
    connection = shop.owner.vk
    assert connection is not None
    connection.resting = {"market.add": until}
    db.session.commit()
    shop.put("P4")
    shop.patch("P1", parent_id=None)
    shop.after_call("/market.removeFromAlbum", lambda: shop.clock.move(seconds=30))

    assert shop.run().error == "vk_29"

    assert shop.run().status == RunStatus.SUCCEEDED
    assert "P4" in shop.prices()


def test_a_pause_that_vk_asked_for_outlasts_the_switch(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:43", "market.add")
    shop.run()

    for enabled in (False, True):
        switch.toggle(shop.owner, enabled)
        db.session.commit()

    assert shop.next_run_in() > timedelta(minutes=14)
