"""Pages that meet a vendor who means no good: a calm sentence, nothing stored, never a fault of ours."""

import gzip
import json
from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.models import CatalogProduct, EvotorConnection, VkConnection
from tests.factories import PASSWORD, connect_both, make_user
from tests.support.bad_vendor import BadVendor
from tests.support.page import Browser
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, VK_TOKEN

DEEP = b'{"response":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HUGE = gzip.compress(b" " * 50_000_000, 1)
COMMUNITY: dict[str, Any] = {"id": CLUB, "name": "Л", "market": {"enabled": 1, "currency": {"id": 643}}}
USER: dict[str, Any] = {"id": 5, "first_name": "А", "last_name": "Б"}
BAD_IDS = [True, 2**63, 10**100]


def refusal(code: object, **more: object) -> dict[str, Any]:
    return {"error": {"error_code": code, "error_msg": "x" * 2_000_000, **more}}


def response(value: object) -> dict[str, Any]:
    return {"response": value}


BAD_ANSWERS: list[tuple[str, object]] = [
    *[("/groups.getById", response({"groups": [{**COMMUNITY, "id": bad}]})) for bad in BAD_IDS],
    *[("/users.get", response([{**USER, "id": bad}])) for bad in BAD_IDS],
    *[("/market.get", response({"count": bad, "items": []})) for bad in (-1, 2**63)],
    *[("/groups.getById", refusal(code)) for code in (10**100, True)],
    *[("/groups.getById", body) for body in (DEEP, b"[]", b'{"response": 1e9999999}')],
]


@pytest.fixture
def browser(app_of_bad_vendor: Flask) -> Browser:
    browser = Browser(app_of_bad_vendor.test_client())
    browser.sign_in(make_user().email, PASSWORD)
    return browser


@pytest.fixture
def connected(app_of_bad_vendor: Flask) -> Browser:
    browser = Browser(app_of_bad_vendor.test_client())
    browser.sign_in(connect_both(make_user()).email, PASSWORD)
    return browser


@pytest.mark.parametrize(("path", "answer"), BAD_ANSWERS)
def test_vk_is_not_connected_by_an_answer_out_of_bounds(
    browser: Browser, bad_vendor: BadVendor, path: str, answer: object
) -> None:
    bad_vendor.spoil(path, answer)
    browser.get("/vk")
    page = browser.submit("/vk", 422, access_token=VK_TOKEN, group_id=str(CLUB))
    assert page.errors == ["ВК не отвечает. Делать ничего не нужно: продолжим позже сами."]
    assert db.session.query(VkConnection).count() == 0


@pytest.mark.parametrize("bad", BAD_IDS, ids=repr)
def test_one_item_out_of_bounds_keeps_no_community_out(browser: Browser, bad_vendor: BadVendor, bad: object) -> None:
    bad_vendor.spoil("/market.get", response({"count": 1, "items": [{"id": bad}]}))
    browser.get("/vk")
    browser.submit("/vk", access_token=VK_TOKEN, group_id=str(CLUB))
    assert db.session.query(VkConnection).one().group_id == CLUB


def test_rights_out_of_bounds_are_no_rights_told(browser: Browser, bad_vendor: BadVendor) -> None:
    bad_vendor.spoil_response("account.getAppPermissions", 10**30)
    browser.get("/vk")
    assert "подключено" in browser.submit("/vk", access_token=VK_TOKEN, group_id=str(CLUB)).notices[0]
    assert db.session.query(VkConnection).one().rights is None


def test_texts_that_no_column_takes_are_made_to_fit(browser: Browser, bad_vendor: BadVendor) -> None:
    odd = "\0\ud800" + "ж" * 900_000
    bad_vendor.spoil_response("groups.getById", {"groups": [{**COMMUNITY, "name": odd}]})
    bad_vendor.spoil_response("users.get", [{**USER, "first_name": odd}])
    browser.get("/vk")
    browser.submit("/vk", access_token=VK_TOKEN, group_id=str(CLUB))
    connection = db.session.query(VkConnection).one()
    assert max(len(connection.group_name), len(connection.vk_user_name)) <= 2001


@pytest.mark.parametrize(
    "address",
    [
        "https://vk.com@evil.example/",
        "javascript:alert(1)",
        "https://vk.com/\0",
        "https://vk.com/\ud800",
        "https://vk.com\\.evil.example/",
        "https://vk.com/" + "x" * 2_000_000,
        5,
    ],
    ids=lambda address: repr(address)[:40],
)
def test_nobody_is_led_to_a_page_that_is_not_vks(connected: Browser, bad_vendor: BadVendor, address: object) -> None:
    bad_vendor.spoil("/groups.getById", refusal(14, redirect_uri=address))
    connected.get("/vk")
    page = connected.submit("/vk/check")
    assert "не робот" in page.notices[0]
    assert "evil" not in page.html
    assert db.session.query(VkConnection).one().way_out is None


def test_a_page_of_the_emulator_is_led_to(connected: Browser, bad_vendor: BadVendor) -> None:
    bad_vendor.spoil("/groups.getById", refusal(14, redirect_uri=f"{bad_vendor.url}/captcha"))
    connected.get("/vk")
    assert f"{bad_vendor.url}/captcha" in connected.submit("/vk/check").links()


@pytest.mark.parametrize(
    "answer",
    [
        *[response({"count": 1, "items": [{"id": bad, "name": "x"}]}) for bad in BAD_IDS],
        response({"items": [{"id": number} for number in range(1, 20_000)]}),
        DEEP,
        refusal(10**100),
    ],
    ids=lambda answer: repr(answer)[:30],
)
def test_categories_out_of_bounds_leave_the_old_list(connected: Browser, bad_vendor: BadVendor, answer: object) -> None:
    bad_vendor.spoil("/market.getCategories", answer)
    connected.get("/sync/settings/categories")
    assert "ВК не отвечает" in connected.submit("/sync/settings/categories/refresh").notices[0]


# Evotor

STORES: list[object] = [
    {"items": [{"id": None}]},
    {"items": [{"id": "S" * 256}]},
    {"items": [{"id": "S\0"}]},
    {"items": [{"id": {}}]},
    b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"\xff",
]


@pytest.mark.parametrize("answer", STORES, ids=lambda answer: repr(answer)[:40])
def test_evotor_is_not_connected_by_an_answer_out_of_bounds(
    browser: Browser, bad_vendor: BadVendor, answer: object
) -> None:
    bad_vendor.spoil("/stores", answer)
    browser.get("/evotor")
    page = browser.submit("/evotor", 422, access_token=EVOTOR_TOKEN)
    assert page.errors == ["Эвотор ответил непонятно. Попробуйте через несколько минут."]
    assert db.session.query(EvotorConnection).count() == 0


@pytest.mark.parametrize("action", ["/evotor/check", "/catalog/refresh"])
@pytest.mark.parametrize("answer", STORES[::3], ids=lambda answer: repr(answer)[:40])
def test_asking_evotor_again_keeps_what_there_was(
    connected: Browser, bad_vendor: BadVendor, action: str, answer: object
) -> None:
    before = db.session.query(CatalogProduct).count()
    bad_vendor.spoil("/stores", answer)
    connected.get(action.replace("/check", "").replace("/refresh", ""))
    assert "Эвотор ответил непонятно" in connected.submit(action).notices[0]
    assert db.session.query(CatalogProduct).count() == before


@pytest.mark.parametrize(
    "item",
    [
        b'{"id": "P", "price": 1e9999999}',
        b'{"id": "P", "quantity": -1e9999999}',
        b'{"id": "P", "price": %s}' % (b"9" * 100_000),
        b'{"id": "P", "parent_id": "%s"}' % (b"g" * 256),
        json.dumps({"id": "P", "name": "ж" * 100_000, "barcodes": ["1" * 10_000] * 20}).encode(),
        json.dumps({"id": "P", "type": "\0\ud800", "code": "\ud800"}).encode(),
    ],
    ids=lambda item: repr(item)[:40],
)
def test_an_odd_product_costs_its_neighbours_nothing(connected: Browser, bad_vendor: BadVendor, item: bytes) -> None:
    bad_vendor.spoil("/products", b'{"items": [%s, {"id": "GOOD", "name": "", "price": 5, "quantity": 1}]}' % item)
    connected.get("/catalog")
    assert "Загружено: 2 магазина" in connected.submit("/catalog/refresh").notices[0]
    assert db.session.query(CatalogProduct).filter_by(product_id="GOOD").count() == 2


def test_an_unreadable_product_is_shown_with_what_came(connected: Browser, bad_vendor: BadVendor) -> None:
    product = db.session.query(CatalogProduct).first()
    assert product is not None
    item = b'{"id": "%s", "name": "<script>", "price": "<b>?"}' % product.product_id.encode()
    good = b'{"id": "GOOD", "name": "", "price": 5, "quantity": 1}'
    bad_vendor.spoil("/products", b'{"items": [%s, %s]}' % (item, good))
    connected.get("/catalog")
    assert "Прочитать не удалось: 2 товара." in connected.submit("/catalog/refresh").notices[0]

    for path in ("/catalog/unreadable", "/sync/problems"):
        page = connected.get(path)
        assert "<script>" in page.text
        assert 'цена: "<b>?"' in page.text
        assert "<script>»" not in page.html
    page = connected.get(f"/catalog/stores/{product.store_id}/products/{product.product_id}")
    assert 'цена: "<b>?"' in page.text
    assert "всё как в Эвоторе" not in page.text


def test_an_answer_without_end_is_left(connected: Browser, bad_vendor: BadVendor) -> None:
    bad_vendor.spoil("/stores", lambda handler: handler.say(HUGE, Content_Encoding="gzip"))
    connected.get("/evotor")
    assert "Эвотор не отвечает" in connected.submit("/evotor/check").notices[0]
