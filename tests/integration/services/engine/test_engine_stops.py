"""One bad product is one bad entry; what only the owner or VK can mend ends the run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import current_app

from app.clients.http import Response, TransportError
from app.clock import utcnow
from app.db import db
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import ConnectionState, EntryOutcome, RunStatus, SyncConfig, User, VkConnection
from app.services.connections import vk
from app.services.owner import config, rule_setting, settings, switch
from app.services.runs import schedule
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import TINY, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


# One bad product


@pytest.mark.parametrize(("code", "text"), [(100, "name is too strange"), (1408, ""), (19, ""), (1417, "")])
def test_a_refused_product_is_one_failed_entry(shop_everywhere: Shop, sandbox: Sandbox, code: int, text: str) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", f"error:{code}", "market.add", times=1, suffix=text)

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert failed.error_code == f"vk_{code}"
    assert failed.error_text
    assert len(shop.prices()) == 2
    product = failed.product_id or ""
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.calls("market.add") == 0, "not repeated while unchanged"
    shop.patch(product, price=77)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == {**ALL, product: "77.00"}


def test_a_refused_product_is_tried_again_one_day(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:19", "market.add", times=1)
    shop.run()
    shop.clock.move(hours=7)

    shop.run()

    assert shop.prices() == ALL


def test_a_refused_edit_is_one_failed_entry_and_is_not_repeated(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P1", price=111)
    shop.patch("P2", price=222)
    sandbox.fault("vk", "error:100", "market.edit", times=1, suffix="price looks wrong")

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert (failed.error_code, failed.error_text) == ("vk_100", "price looks wrong")
    shop.forget_calls()
    shop.run()
    assert shop.calls("market.edit") == 0
    shop.clock.move(hours=7)
    shop.run()
    assert shop.prices() == {**ALL, "P1": "111.00", "P2": "222.00"}


def test_a_hide_that_vk_refused_is_repeated_at_once(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    sandbox.fault("vk", "error:100", "market.edit", times=1, suffix="not now")
    shop.run()

    shop.run()

    assert shop.item("P1")["hidden"]


def test_links_that_vk_dislikes_are_left_out(shop: Shop, sandbox: Sandbox) -> None:
    shop.patch("P1", description="Чай со склада, подробности на tea.example, доставка")
    sandbox.fault("vk", "error:1408", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert shop.item("P1")["description"] == "Чай со склада, подробности на  доставка"
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_an_item_deleted_by_hand_is_not_made_again(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])
    shop.patch("P1", price=111)

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert (failed.product_id, failed.error_code) == ("P1", "vk_1403")
    listing = shop.listing("P1")
    assert listing is not None
    assert listing.state == LinkState.GONE
    shop.forget_calls()
    for _ in range(2):
        shop.clock.move(days=2)
        assert shop.run().status == RunStatus.SUCCEEDED
        assert shop.last_run().skipped == {"gone": 1}
    assert shop.calls("market.add") == 0


def test_a_photo_that_another_item_has_is_uploaded_again(shop: Shop, sandbox: Sandbox) -> None:
    suffix = "photo not found or already assigned to another item"
    sandbox.fault("vk", "error:100", "market.add", times=1, suffix=suffix)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.DONE}


def test_a_picture_that_vk_refuses_stops_nobody_else(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("upload", "bad_image", times=3)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 2


def test_a_full_community_takes_no_more_adds_but_edits_go_on(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("limits", items=len(sandbox.items()) + len(sandbox.strangers()))
    shop.put("P4")
    shop.put("P5")
    shop.patch("P1", price=111)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == 1
    assert shop.prices() == {**ALL, "P1": "111.00"}


def test_too_many_albums_leave_the_items_outside(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.control("limits", albums=4)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert len(shop.albums()) == 1


def test_a_shop_that_keeps_no_stock_any_more(extended_shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:1409", "market.add", times=1)

    assert extended_shop.run().status == RunStatus.SUCCEEDED

    assert {item["stock_amount"] for item in sandbox.items(EXTENDED_CLUB)} == {None}
    extended_shop.forget_calls()
    extended_shop.run()
    assert extended_shop.writes() == 0


# The owner's hand in the middle of a run


def change(statement: sa.Update) -> Callable[[], None]:
    """By another process: the run must not see it through its own session."""

    def apply() -> None:
        with db.engine.begin() as connection:
            connection.execute(statement)

    return apply


MEANWHILE = {
    "switched off": sa.update(SyncConfig).values(is_enabled=False),
    "confirmation withdrawn": sa.update(SyncConfig).values(confirmed_at=None),
    "another community": sa.update(VkConnection).values(group_id=EXTENDED_CLUB),
    "disconnected": sa.update(VkConnection).values(group_id=None, token=None),
}


def elsewhere(deed: Callable[[User], object]) -> Callable[[], None]:
    """The owner does something on a page while the run is at work."""

    def apply() -> None:
        with current_app.app_context():  # a session of its own
            deed(db.session.scalars(sa.select(User)).one())
            db.session.commit()

    return apply


def renew_the_date(owner: User) -> None:
    switch.confirm(owner, utcnow() + timedelta(minutes=1))


def confirm_other_rules(owner: User) -> None:
    rule_setting.set_rules(owner, EntityType.PRODUCT, ["P3"], FilterMode.EXCLUDE)
    renew_the_date(owner)


def confirm_other_settings(owner: User) -> None:
    settings.change(owner, remove_after_days=30)
    renew_the_date(owner)


def connect_another_account_and_back(owner: User) -> None:
    switch.take_confirmation_back(owner, "other_evotor")
    switch.toggle(owner, True)
    renew_the_date(owner)


def test_confirming_the_same_again_renews_the_date_and_lets_the_run_go_on(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    before = config.config_of(shop.owner).confirmed_at
    shop.after_call("/market.add", elsewhere(renew_the_date))

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert before is not None
    renewed = config.config_of(shop.owner).confirmed_at
    assert renewed is not None
    assert renewed > before


@pytest.mark.parametrize("deed", [confirm_other_rules, confirm_other_settings])
def test_confirming_something_else_ends_the_run_and_the_next_does_that(
    shop_everywhere: Shop, deed: Callable[[User], None]
) -> None:
    shop = shop_everywhere
    shop.after_call("/market.add", elsewhere(deed))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "changed_meanwhile")
    assert shop.calls("market.add") == 1
    assert shop.next_run_in() <= timedelta(0)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices().keys() == ({"P1", "P2"} if deed is confirm_other_rules else ALL.keys())


def test_another_account_ends_the_run_although_the_same_is_confirmed_by_the_next_look(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.after_call("/market.add", elsewhere(connect_another_account_and_back))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "switched_off")
    assert shop.calls("market.add") == 1


@pytest.mark.parametrize("what", MEANWHILE)
def test_nothing_is_written_after_the_owner_took_the_order_back(shop_everywhere: Shop, what: str) -> None:
    shop = shop_everywhere
    shop.after_call("/market.add", change(MEANWHILE[what]))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "switched_off")
    assert len(shop.prices()) == 1
    assert shop.calls("market.add") == 1
    assert shop.calls("market.addAlbum") == 0
    listing = shop.listing(next(iter(shop.prices())))
    assert listing is not None
    assert listing.vk_item_id, "what was done is recorded"


def test_a_long_read_of_the_catalog_notices_too(shop: Shop) -> None:
    shop.after_call("/products", change(MEANWHILE["switched off"]))

    assert shop.run().status == RunStatus.STOPPED

    assert shop.writes() == 0


# The owner's problems


@pytest.mark.parametrize(
    ("method", "code", "state"),
    [
        ("market.get", 14, ConnectionState.NEEDS_OWNER),
        ("market.add", 14, ConnectionState.NEEDS_OWNER),
        ("market.addAlbum", 14, ConnectionState.NEEDS_OWNER),
        ("market.addToAlbum", 14, ConnectionState.NEEDS_OWNER),
        ("market.saveProductPhoto", 14, ConnectionState.NEEDS_OWNER),
        ("market.add", 17, ConnectionState.NEEDS_OWNER),
        ("market.add", 205, ConnectionState.FORBIDDEN),
        ("market.add", 15, ConnectionState.FORBIDDEN),
        ("market.add", 1438, ConnectionState.SHOP_CLOSED),
        ("market.add", 5, ConnectionState.TOKEN_REJECTED),
    ],
)
def test_what_the_owner_has_to_mend_stops_the_run(
    shop: Shop, sandbox: Sandbox, method: str, code: int, state: ConnectionState
) -> None:
    sandbox.fault("vk", f"error:{code}", method)
    shop.forget_calls()

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, f"vk_{code}")
    assert shop.calls(method) == 1, "no hammering"
    connection = shop.owner.vk
    assert connection is not None
    assert (connection.state, connection.error_code) == (state, f"vk_{code}")
    assert 59 < shop.next_run_in().total_seconds() / 60 <= 60
    assert shop.owner_id not in schedule.due_user_ids()
    sandbox.clear_faults()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == ALL
    connection = shop.owner.vk
    assert connection is not None
    assert (connection.state, connection.error_code) == (ConnectionState.OK, None)
    assert shop.next_run_in().total_seconds() / 60 <= 15, "the pause is over"


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


def test_an_edit_that_vk_answers_with_zero_is_refused_not_lost(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run()
    shop.patch("P1", price=111)

    def zero(_call: Callable[[], Response]) -> Response:
        return Response(200, {}, b'{"response": 0}')

    shop.on_call("/market.edit", zero)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [entry.outcome for entry in shop.entries()] == [EntryOutcome.FAILED]


def test_vk_is_asked_slowly_after_a_captcha_that_the_owner_passed(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:14", "market.add", times=1)
    shop.run()
    vk.check_vk(shop.owner)
    db.session.commit()
    assert shop.owner_id in schedule.due_user_ids()
    shop.clock.slept.clear()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert any(2 < pause <= 3.1 for pause in shop.clock.slept)
    shop.patch("P1", price=111)
    shop.clock.slept.clear()
    shop.run()
    assert not any(2 < pause <= 3.1 for pause in shop.clock.slept), "and fast again once all is well"


def test_an_album_step_that_asks_the_owner_is_done_right_after_the_answer(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:14", "market.addAlbum", times=1)
    assert shop.run().status == RunStatus.STOPPED

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


@pytest.mark.parametrize("code", [1446, 1457, 1458])
def test_a_rename_that_the_main_album_forbids_is_not_repeated(shop: Shop, sandbox: Sandbox, code: int) -> None:
    shop.run()
    sandbox.control("evotor/groups", store=TINY, patch=[{"id": "G1", "name": "Чай и травы"}])
    sandbox.fault("vk", f"error:{code}", "market.editAlbum")
    shop.run()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.editAlbum") == 0
    assert shop.albums()["Чай и травы"] == ["P1"]


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


def test_an_album_that_vk_refuses_is_left_alone_for_hours(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:100", "market.addAlbum")
    shop.run()
    shop.forget_calls()

    for _ in range(3):
        shop.clock.move(minutes=15)
        assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.calls("market.addAlbum"), shop.calls("market.getAlbums")) == (0, 0)
    assert shop.calls("market.get") == 3, "one question a run, and the market is not read"
    sandbox.clear_faults()
    shop.clock.move(hours=6)
    shop.run()
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


def test_goods_of_an_album_that_vk_will_not_rename_move_to_a_new_one(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("evotor/groups", store=TINY, patch=[{"id": "G1", "name": "Чай и травы"}])
    shop.put("P4", price=400, parent_id="G1")
    sandbox.fault("vk", "error:100", "market.editAlbum")
    shop.run()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.editAlbum") == 0
    assert shop.albums()["Чай и травы"] == ["P1", "P4"]
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_an_application_that_vk_refuses_is_a_failure(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:2", "market.add")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "vk_2")
    assert shop.calls("market.add") == 1


def test_five_strange_answers_in_a_row_end_the_run(shop: Shop, sandbox: Sandbox) -> None:
    for number in range(10):
        shop.put(f"N{number}")
    sandbox.fault("vk", "error:7777", "market.add")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "vk_strange_errors")
    assert shop.calls("market.add") == 5


@pytest.mark.parametrize("sent", [True, False])
def test_a_vk_that_answers_nothing_any_more_ends_the_run_with_a_pause(shop: Shop, sent: bool) -> None:
    shop.fill(5)

    def down(_call: Callable[[], Response]) -> Any:
        raise TransportError("down", sent=sent)

    shop.after_call("/market.getAlbums", lambda: shop.on_call("", down, times=200))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_unreachable")
    assert shop.prices() == {}
    assert 4 < shop.next_run_in().total_seconds() / 60 <= 5
    shop.stop_hooks()
    shop.clock.move(minutes=6)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.prices()) == len(shop.sandbox.items()) == len(ALL) + 5


def test_a_market_that_cannot_be_read_ends_the_run(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "http_502", "market.get")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_unreachable")
    assert shop.writes() == 0


def test_our_own_bug_ends_in_a_failed_run_and_the_next_one_works(
    shop_everywhere: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services.photos import cards

    def broken(_name: str) -> bytes:
        raise ValueError("no picture")

    with monkeypatch.context() as patch:
        patch.setattr(cards, "draw", broken)
        outcome = shop_everywhere.run()
    assert (outcome.status, outcome.error) == (RunStatus.FAILED, "internal")

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED
    assert shop_everywhere.prices() == ALL
