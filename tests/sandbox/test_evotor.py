"""Evotor's side: tokens, envelopes, cursors, rights and per-store switches (docs/contracts/evotor.md §10)."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.sandbox.seed import EVOTOR_DEMO, EVOTOR_NO_RIGHTS, EVOTOR_NO_STOCK, EVOTOR_OTHER_ACCOUNT
from app.sandbox.spoilt_answers import ConnectionDropped

from .conftest import Control, Evotor

FIRST, SECOND = "20240305-1A2B-4C3D-80EF-0123456789AB", "20250710-77AA-40BB-80CC-00112233DDEE"
PRODUCTS = f"/stores/{FIRST}/products"


def read_all(evotor: Evotor, path: str) -> list[dict[str, Any]]:
    items, cursor = [], None
    for _ in range(100):
        body = evotor(path, **({"cursor": cursor} if cursor else {})).get_json()
        items += body["items"]
        cursor = body["paging"].get("next_cursor")
        if not cursor:
            return items
    raise AssertionError("the list has no end")


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {EVOTOR_DEMO}"}, {"X-Authorization": EVOTOR_DEMO}, {"Authorization": EVOTOR_DEMO}],
)
def test_three_forms_of_the_token_are_taken(evotor: Evotor, headers: dict[str, str]) -> None:
    assert evotor("/stores", headers=headers).status_code == 200


def test_an_unknown_token_is_refused_with_or_without_a_body(evotor: Evotor, control: Control) -> None:
    assert evotor("/stores", token="x").get_json()["code"] == "unauthorized"
    control.post("evotor/settings", empty_error_bodies=True)
    answer = evotor("/stores", token="x")
    assert (answer.status_code, answer.text) == (401, "")


def test_a_token_without_rights_is_forbidden(evotor: Evotor) -> None:
    assert evotor("/stores", token=EVOTOR_NO_RIGHTS).status_code == 403


def test_another_account_has_other_stores(evotor: Evotor) -> None:
    assert [store["name"] for store in evotor("/stores").get_json()["items"]] == ["Лавка на Садовой", "Ярмарка"]
    theirs = evotor("/stores", token=EVOTOR_OTHER_ACCOUNT).get_json()["items"]
    assert [store["name"] for store in theirs] == ["Канцтовары у школы"]
    assert evotor(PRODUCTS, token=EVOTOR_OTHER_ACCOUNT).status_code == 404


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), ("*/*", 200), ("text/html", 406)])
def test_accept_must_be_servable(evotor: Evotor, accept: str, status: int) -> None:
    assert evotor("/stores", headers={"X-Authorization": EVOTOR_DEMO, "Accept": accept}).status_code == status


def test_a_short_list_ends_with_empty_paging(evotor: Evotor) -> None:
    assert evotor(f"/stores/{SECOND}/product-groups/").get_json()["paging"] == {}


def test_cursors_lead_through_the_whole_list_once(evotor: Evotor, control: Control) -> None:
    whole = evotor(PRODUCTS).get_json()["items"]
    control.post("evotor/settings", page_size=3)
    assert len(evotor(PRODUCTS).get_json()["items"]) == 3
    assert read_all(evotor, PRODUCTS) == whole


def test_a_cursor_belongs_to_its_list(evotor: Evotor, control: Control) -> None:
    control.post("evotor/settings", page_size=3)
    cursor = evotor(PRODUCTS).get_json()["paging"]["next_cursor"]
    assert evotor(f"/stores/{FIRST}/product-groups", cursor=cursor).status_code == 400
    assert evotor(PRODUCTS, cursor="broken").status_code == 400


def test_since_is_a_number_and_is_kept_by_the_cursor(evotor: Evotor, control: Control) -> None:
    ids = [item["id"] for item in evotor(PRODUCTS).get_json()["items"]]
    control.post("evotor/products", store=FIRST, patch=[{"id": ids[1], "price": 1}, {"id": ids[5], "price": 1}])
    control.post("evotor/settings", page_size=1)
    first = evotor(PRODUCTS, since=1_750_000_000_000).get_json()
    second = evotor(PRODUCTS, cursor=first["paging"]["next_cursor"]).get_json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [ids[1], ids[5]]
    assert second["paging"] == {}
    assert evotor(PRODUCTS, since="yesterday").status_code == 400


def test_quantity_needs_the_stock_right(evotor: Evotor, control: Control) -> None:
    assert "quantity" in evotor(PRODUCTS).get_json()["items"][0]
    assert not any("quantity" in item for item in evotor(PRODUCTS, token=EVOTOR_NO_STOCK).get_json()["items"])
    control.post("evotor/settings", tokens={EVOTOR_NO_STOCK: {"stock": True}})
    assert "quantity" in evotor(PRODUCTS, token=EVOTOR_NO_STOCK).get_json()["items"][0]


def test_a_deleted_product_leaves_the_list_and_its_address(evotor: Evotor, control: Control) -> None:
    product_id = evotor(PRODUCTS).get_json()["items"][0]["id"]
    assert evotor(f"{PRODUCTS}/{product_id}").get_json()["id"] == product_id
    control.post("evotor/products", store=FIRST, delete=[product_id])
    assert evotor(f"{PRODUCTS}/{product_id}").status_code == 404
    assert product_id not in [item["id"] for item in evotor(PRODUCTS).get_json()["items"]]


def test_the_demo_shop_has_the_awkward_goods(evotor: Evotor) -> None:
    goods = {item["name"]: item for item in evotor(PRODUCTS).get_json()["items"]}
    groups = {group["id"]: group for group in evotor(f"/stores/{FIRST}/product-groups").get_json()["items"]}
    types = {item["type"] for item in goods.values()}
    assert {"ALCOHOL_MARKED", "TOBACCO_MARKED", "DAIRY_MARKED", "MEDICAL_DEVICES_MARKED", "SOMETHING_MARKED"} <= types
    assert "quantity" not in goods["Доставка по городу"]
    assert goods["Сыр домашний (вес)"]["quantity"] < 0
    assert "price" not in goods["Варенье сосновое 200 г"]
    assert goods["Корзина плетёная"]["parent_id"] not in groups
    assert goods["Футболка «Тула» M"]["attributes_choices"]
    assert max(map(len, goods)) == 128
    depth_three = [group for group in groups.values() if "parent_id" in groups.get(group.get("parent_id", ""), {})]
    assert depth_three


def test_one_good_stands_in_both_stores_under_different_ids(evotor: Evotor) -> None:
    found = [
        item["id"]
        for store in (FIRST, SECOND)
        for item in evotor(f"/stores/{store}/products").get_json()["items"]
        if "2000000000176" in item.get("barcodes", [])
    ]
    assert len(set(found)) == 2


@pytest.mark.parametrize("status", [402, 403, 404, 500, 503])
def test_one_store_can_be_refused_while_the_other_works(evotor: Evotor, control: Control, status: int) -> None:
    control.fault("evotor", str(status), target="products", store=FIRST)
    assert evotor(PRODUCTS).status_code == status
    assert evotor(f"/stores/{SECOND}/products").status_code == 200
    assert evotor("/stores").status_code == 200


def test_a_used_up_quota_tells_how_long_to_wait_if_asked(evotor: Evotor, control: Control) -> None:
    control.fault("evotor", "429", times=1)
    control.fault("evotor", "429", times=1, retry_after="7")
    bare, timed = evotor("/stores"), evotor("/stores")
    assert (bare.status_code, bare.headers.get("Retry-After")) == (429, None)
    assert bare.headers["X-RateLimit-Remaining"] == "0"
    assert timed.headers["Retry-After"] == "7"


def test_the_quota_is_counted_per_address(evotor: Evotor, control: Control) -> None:
    control.post("evotor/settings", calls_per_minute=1)
    assert evotor("/stores").headers["X-RateLimit-Remaining"] == "0"
    assert evotor("/stores").status_code == 429
    assert evotor(PRODUCTS).status_code == 200


def test_broken_answers(evotor: Evotor, control: Control) -> None:
    control.fault("evotor", "truncated", target="products", times=1)
    assert evotor(PRODUCTS).get_json(silent=True) is None
    control.fault("evotor", "html", target="products", times=1)
    assert evotor(PRODUCTS).mimetype == "text/html"
    control.fault("evotor", "drop", target="products", times=1)
    with pytest.raises(ConnectionDropped):
        evotor(PRODUCTS)


def test_an_empty_page_may_lead_on(evotor: Evotor, control: Control) -> None:
    whole = evotor(PRODUCTS).get_json()["items"]
    control.fault("evotor", "empty_page", target="products")
    assert evotor(PRODUCTS).get_json()["items"] == []
    assert read_all(evotor, PRODUCTS) == whole


def test_a_cursor_may_repeat(evotor: Evotor, control: Control) -> None:
    control.fault("evotor", "repeat_cursor", target="products")
    first = evotor(PRODUCTS).get_json()["paging"]["next_cursor"]
    assert evotor(PRODUCTS, cursor=first).get_json()["paging"]["next_cursor"] == first


def test_the_last_cursor_may_be_null(evotor: Evotor, control: Control) -> None:
    control.fault("evotor", "null_cursor", target="products")
    assert evotor(PRODUCTS).get_json()["paging"] == {"next_cursor": None}


def test_a_cut_list_breaks_on_its_second_page(evotor: Evotor, control: Control) -> None:
    control.fault("evotor", "cut", target="products", times=1)
    first = evotor(PRODUCTS).get_json()
    assert first["items"]
    assert evotor(PRODUCTS, cursor=first["paging"]["next_cursor"]).status_code == 500


def test_lists_may_be_empty_or_half_and_look_whole(evotor: Evotor, control: Control) -> None:
    whole = evotor(PRODUCTS).get_json()["items"]
    control.fault("evotor", "empty_list", target="products", times=1)
    assert evotor(PRODUCTS).get_json() == {"items": [], "paging": {}}
    control.fault("evotor", "partial", target="products", times=1)
    half = evotor(PRODUCTS).get_json()
    assert (len(half["items"]), half["paging"]) == (len(whole) // 2, {})


def test_a_fault_may_strike_after_some_calls(evotor: Evotor, control: Control) -> None:
    control.fault("evotor", "500", target="products", after=1, times=1)
    assert [evotor(PRODUCTS).status_code for _ in range(3)] == [200, 500, 200]


def test_writing_is_not_offered(http: FlaskClient) -> None:
    assert http.post("/evotor/stores", headers={"X-Authorization": EVOTOR_DEMO}).status_code == 405
