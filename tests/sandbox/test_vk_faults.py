"""Faults of VK on demand (docs/contracts/vk.md §13.4)."""

import re

import pytest

from app.sandbox.seed import CLUB_ID
from app.sandbox.spoilt_answers import ConnectionDropped

from .conftest import Control, Vk


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("too_many", 6),
        ("flood", 9),
        ("internal", 10),
        ("captcha", 14),
        ("rate_limit", 29),
        ("auth", 5),
        ("access", 205),
        ("no_right", 15),
        ("market_off", 1438),
        ("error:17", 17),
    ],
)
def test_an_error_comes_as_often_as_asked(vk: Vk, control: Control, kind: str, code: int) -> None:
    control.fault("vk", kind, method="users.get", times=1)
    assert vk.code("users.get") == code
    vk.ok("users.get")


def test_a_fault_can_wait_and_can_mean_one_token_and_one_method(vk: Vk, control: Control) -> None:
    control.fault("vk", "flood", method="users.get", token="demo-user", after=1)
    vk.ok("users.get", token="demo-user-2")
    vk.ok("account.getAppPermissions")
    vk.ok("users.get")
    assert vk.code("users.get") == 9
    assert vk.code("users.get") == 9
    control.http.delete("/_control/faults")
    vk.ok("users.get")


def test_a_passed_captcha_lets_the_repeated_call_through(vk: Vk, control: Control) -> None:
    control.fault("vk", "captcha")
    address = vk.error("users.get")["redirect_uri"]
    assert vk.code("users.get", success_token="guess") == 14
    shown = re.search(r'id="success_token">(\w+)<', vk.http.get(address).text)
    assert shown is not None
    vk.ok("users.get", success_token=shown[1])
    vk.ok("users.get")


def test_a_bad_gateway_and_a_web_page_store_nothing(vk: Vk, control: Control) -> None:
    draft = vk.draft()
    control.fault("vk", "http_502", method="market.add", times=1)
    assert vk.raw("market.add", **draft).status_code == 502
    control.fault("vk", "garbage", method="market.add", times=1)
    assert vk.raw("market.add", **draft).mimetype == "text/html"
    assert len(control.club()["items"]) == 4


def test_a_connection_dropped_before_the_work_stores_nothing(vk: Vk, control: Control) -> None:
    draft = vk.draft()
    control.fault("vk", "drop_before", method="market.add", times=1)
    with pytest.raises(ConnectionDropped):
        vk.raw("market.add", **draft)
    assert len(control.club()["items"]) == 4


def test_a_connection_dropped_after_the_work_leaves_the_item(vk: Vk, control: Control) -> None:
    draft = vk.draft()
    control.fault("vk", "drop_after", method="market.add", times=1)
    with pytest.raises(ConnectionDropped):
        vk.raw("market.add", **draft)
    assert [item["sku"] for item in control.club()["items"]].count("ev:1") == 1


def test_a_refused_write_does_not_spend_a_fault_that_strikes_after_it(vk: Vk, control: Control) -> None:
    control.fault("vk", "http_502_after", method="market.add", times=1)
    assert vk.code("market.add", owner_id=-CLUB_ID) == 100
    assert vk.raw("market.add", **vk.draft()).status_code == 502


def test_lagging_writes_reach_lists_later_but_single_reads_at_once(vk: Vk, control: Control) -> None:
    control.fault("vk", "lag:30", method="market.add", times=1)
    item_id = vk.add()
    assert item_id not in vk.listed(with_disabled=1)
    assert vk.one(item_id) is not None
    control.post("clock", advance=30)
    assert item_id in vk.listed()


def test_a_lagging_edit_shows_the_old_price_in_lists(vk: Vk, control: Control) -> None:
    item_id = vk.add(price=10)
    control.fault("vk", "lag:30", method="market.edit", times=1)
    vk.edit(item_id, price=20)
    assert vk.get()["items"][0]["price"]["amount"] == "1000"
    assert (vk.one(item_id) or {})["price"]["amount"] == "2000"
    control.post("clock", advance=30)
    assert vk.get()["items"][0]["price"]["amount"] == "2000"


def test_moderation_marks_an_item_that_was_accepted(vk: Vk, control: Control) -> None:
    control.fault("vk", "moderation", method="market.add", times=1)
    assert (vk.one(vk.add()) or {})["reject_info"]["moderation_status"] == 2


def test_an_error_may_carry_its_own_suffix(vk: Vk, control: Control) -> None:
    control.fault("vk", "error:100", method="users.get", suffix="photo is undefined")
    assert vk.error("users.get")["error_msg"].endswith("invalid: photo is undefined")


def test_a_lost_answer_may_also_be_a_lagging_one(vk: Vk, control: Control) -> None:
    draft = vk.draft()
    control.fault("vk", "lag:30", method="market.add", times=1)
    control.fault("vk", "http_502_after", method="market.add", times=1)
    assert vk.raw("market.add", **draft).status_code == 502
    assert len(vk.listed(with_disabled=1)) == 4
    control.post("clock", advance=30)
    assert len(vk.listed(with_disabled=1)) == 5


@pytest.mark.parametrize(
    "fault", [{"service": "vk", "kind": "402"}, {"service": "ok", "kind": "auth"}, {"kind": "auth"}]
)
def test_an_unknown_fault_is_refused(control: Control, fault: dict[str, str]) -> None:
    assert control.http.post("/_control/faults", json=fault).status_code == 400
