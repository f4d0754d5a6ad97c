"""The order of VK's checks, the rate, and the limits of parameters (docs/contracts/vk.md §13.2 and §13.3)."""

from typing import Any

import pytest

from app.sandbox.seed import CLOSED_SHOP_CLUB_ID, CLUB_ID, MODERATED_CLUB_ID

from .conftest import Control, Vk


def test_errors_arrive_with_http_200_and_echo_the_request_without_its_token(vk: Vk) -> None:
    form = {"v": "5.199", "owner_id": "1", "access_token": "demo-user"}
    answer = vk.http.post("/method/market.get", data=form)
    assert answer.status_code == 200
    error = answer.get_json()["error"]
    assert error["error_code"] == 100
    assert {"key": "owner_id", "value": "1"} in error["request_params"]
    assert "demo-user" not in answer.text


@pytest.mark.parametrize(
    ("expected", "method", "call"),
    [
        (8, "no.such", {"v": None, "token": None}),
        (3, "no.such", {"token": None}),
        (3, "Market.get", {}),
        (5, "market.get", {"token": None}),
        (5, "market.get", {"token": "unknown"}),
        (5, "market.get", {"token": "demo-expired"}),
        (27, "market.get", {"token": "demo-group"}),
        (28, "market.get", {"token": "demo-service"}),
        (15, "market.get", {"token": "demo-noscope"}),
        (100, "market.get", {}),
        (205, "market.get", {"owner_id": -MODERATED_CLUB_ID}),
        (205, "market.get", {"owner_id": -1}),
        (1438, "market.get", {"owner_id": -CLOSED_SHOP_CLUB_ID}),
        (1402, "market.get", {"owner_id": -CLUB_ID, "album_id": 99}),
        (1403, "market.delete", {"owner_id": -CLUB_ID, "item_id": 1}),
        (12, "execute", {"code": "return 1"}),
    ],
)
def test_the_first_failed_check_names_the_error(vk: Vk, expected: int, method: str, call: dict[str, Any]) -> None:
    assert vk.code(method, **call) == expected


def test_an_expired_token_says_so(vk: Vk) -> None:
    assert "access_token has expired" in vk.error("users.get", token="demo-expired")["error_msg"]


def test_json_bodies_are_not_understood(vk: Vk) -> None:
    answer = vk.http.post("/method/users.get", json={"v": "5.199", "access_token": "demo-user"})
    assert answer.get_json()["error"]["error_code"] == 8


def test_a_fourth_call_within_a_second_is_refused_and_passes_later(vk: Vk, control: Control) -> None:
    control.post("rate", user=3)
    assert [vk.raw("users.get").get_json().get("error", {}).get("error_code") for _ in range(4)] == [
        None,
        None,
        None,
        6,
    ]
    control.post("clock", advance=1)
    vk.ok("users.get")


def test_the_rate_is_checked_before_the_parameters(vk: Vk, control: Control) -> None:
    control.post("rate", user=1)
    vk.ok("users.get")
    assert vk.code("market.get", owner_id="x") == 6


def test_every_token_has_its_own_rate(vk: Vk, control: Control) -> None:
    control.post("rate", user=1)
    vk.ok("users.get")
    vk.ok("users.get", token="demo-user-2")


@pytest.mark.parametrize(
    ("change", "suffix"),
    [
        ({"name": "Чай"}, "name should be at least 4 letters length"),
        ({"name": "я" * 101}, "name should be at most 100 letters length"),
        ({"name": "я" * 92 + "😀"}, "name should be at most 100 letters length"),
        ({"name": ""}, "name is undefined"),
        ({"description": "девять св"}, "description should be at least 10 letters length"),
        ({"price": "64,9"}, "price not number"),
        ({"price": "-1"}, "price should be greater or equal to 0"),
        ({"category_id": "abc"}, "category_id not integer"),
        ({"category_id": 424242}, "category_id is invalid"),
        ({"deleted": "true"}, "deleted should be 0 or 1"),
        ({"photo_ids": "1,2,3,4,5"}, "photo_ids should have at most 4 elements"),
        ({"photo_ids": "1,x"}, "photo_ids should be a list of integers"),
        ({"sku": "x" * 51}, "sku should be at most 50 letters length"),
        ({"stock_amount": "1.5"}, "stock_amount not integer"),
        ({"stock_amount": -2}, "stock_amount should be greater or equal to -1"),
        ({"stock_amount": 1_000_000}, "stock_amount should be less or equal to 999999"),
        ({"main_photo_id": 0}, "main_photo_id is undefined"),
        ({"owner_id": CLUB_ID}, "only groups supported"),
    ],
)
def test_a_parameter_out_of_its_limits_is_named(vk: Vk, change: dict[str, Any], suffix: str) -> None:
    error = vk.error("market.add", **vk.draft(**{"main_photo_id": 1, **change}))
    assert error["error_code"] == 100
    assert error["error_msg"].endswith(f": {suffix}")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("market.get", {"owner_id": -CLUB_ID, "count": 201}),
        ("market.getAlbums", {"owner_id": -CLUB_ID, "count": 101}),
        ("market.getById", {"item_ids": ",".join(f"-{CLUB_ID}_{n}" for n in range(101))}),
        ("market.addAlbum", {"owner_id": -CLUB_ID, "title": "я" * 129}),
        ("market.editAlbum", {"owner_id": -CLUB_ID, "album_id": 1}),
        ("groups.get", {"filter": "owner"}),
    ],
)
def test_reads_and_albums_have_limits_too(vk: Vk, method: str, params: dict[str, Any]) -> None:
    assert vk.code(method, **params) == 100


def test_the_owner_and_the_communities_of_a_token_are_shown(vk: Vk) -> None:
    assert vk.ok("users.get")[0]["first_name"] == "Анна"
    groups = vk.ok("groups.get", filter="editor", extended=1, fields="market", count=1000)["items"]
    assert [(group["id"], group["market"]["enabled"]) for group in groups] == [
        (777000111, 1),
        (777000222, 1),
        (777000444, 0),
        (777000666, 1),
    ]
    assert vk.ok("groups.getById", group_id=777000222, fields="market")["groups"][0]["market"]["type"] == "advanced"


def test_the_mask_of_rights_tells_whether_the_market_is_allowed(vk: Vk) -> None:
    assert vk.ok("account.getAppPermissions") & 1 << 27
    assert not vk.ok("account.getAppPermissions", token="demo-noscope") & 1 << 27
