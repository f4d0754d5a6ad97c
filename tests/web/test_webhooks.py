"""Evotor's calls at the door: who is heard, what is understood, what is refused and how."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db
from app.models import EvotorConnection, EvotorKeptToken, User
from app.web.doors.hosts_and_bodies import GOODS_BYTES, STRANGERS_BYTES
from tests.conftest import WEBHOOK_SECRET, running_app, settings_for
from tests.support.page import Browser
from tests.support.sandbox import ACCOUNT, EVOTOR_TOKEN
from tests.support.webhooks import GOODS, INSTALLATION, SUBSCRIPTION, TOKEN, VERIFY, Webhooks, basic, bearer
from tests.web.test_doors import Endless, Unread

PATHS = (VERIFY, TOKEN, INSTALLATION, SUBSCRIPTION, GOODS)
GOOD_TOKEN = {"userId": ACCOUNT, "token": EVOTOR_TOKEN}


@pytest.fixture
def evotor(client: FlaskClient) -> Webhooks:
    return Webhooks(client)


@pytest.fixture
def stranger_calls(client: FlaskClient) -> Webhooks:
    return Webhooks(client, secret=None)


@pytest.fixture
def without_secret(sqlite_url: str) -> Iterator[FlaskClient]:
    for app in running_app(settings_for(sqlite_url, evotor_webhook_secret="")):
        yield app.test_client()


# Who calls

WRONG = [{}, bearer(""), bearer("wrong"), bearer(WEBHOOK_SECRET[:-1]), basic("wrong"), {"Authorization": "Basic é"}]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [{}, bearer(""), bearer("wrong"), bearer(WEBHOOK_SECRET[:-1]), basic("wrong"), {"Authorization": "Basic é"}],
)
def test_nobody_is_heard_without_the_secret(stranger_calls: Webhooks, path: str, headers: dict[str, str]) -> None:
    assert stranger_calls.code(path, GOOD_TOKEN, 401, headers=headers) == 1001


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, bearer(""), bearer(WEBHOOK_SECRET), basic("")])
def test_where_none_is_set_nobody_is_heard_at_all(
    without_secret: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    assert Webhooks(without_secret, secret=None).code(path, GOOD_TOKEN, 401, headers=headers) == 1001


@pytest.mark.parametrize("headers", [bearer(WEBHOOK_SECRET), {"Authorization": f"bearer  {WEBHOOK_SECRET}"}])
def test_the_secret_opens(stranger_calls: Webhooks, headers: dict[str, str]) -> None:
    stranger_calls.send(TOKEN, GOOD_TOKEN, headers=headers)


def test_login_and_password_open_where_the_secret_is_both(sqlite_url: str) -> None:
    secret = f"evosync:{WEBHOOK_SECRET}"
    for app in running_app(settings_for(sqlite_url, evotor_webhook_secret=secret)):
        Webhooks(app.test_client(), secret=None).send(TOKEN, GOOD_TOKEN, headers=basic(secret))


def test_cookies_of_an_owner_open_nothing(browser: Browser) -> None:
    Webhooks(browser.client, secret=None).send(TOKEN, GOOD_TOKEN, 401)


# What is understood

ODD = {
    "nothing": b"",
    "no json": b"userId=1",
    "cut": b'{"userId": ',
    "array": b'[{"userId": "01-000000000012345"}]',
    "number": b"1e999",
    "deep": b"[" * 50_000,
    "deep inside": b'{"a":' * 10_000,
    "utf-16": '{"userId": "x"}'.encode("utf-16"),
    "no text": b'{"userId": "\xff\xfe"}',
    "half a sign": b'{"userId": "\\ud800"}',
    "null": b"null",
}


@pytest.mark.parametrize("path", PATHS[:-1])
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_what_is_no_object_is_no_syntax(evotor: Webhooks, path: str, body: bytes) -> None:
    assert evotor.code(path, body, 400) == 2001


@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 100_000, b"[1,", b'"x"'])
def test_goods_are_a_list(evotor: Webhooks, body: bytes) -> None:
    assert evotor.code(GOODS, body, 400) == 2001


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json;charset=UTF-8"]
)
def test_json_is_json_whatever_the_header_says(evotor: Webhooks, kind: str) -> None:
    evotor.send(TOKEN, GOOD_TOKEN, kind=kind)


def test_the_last_of_two_fields_of_one_name_counts_and_unknown_ones_do_no_harm(evotor: Webhooks) -> None:
    evotor.send(TOKEN, f'{{"token": 5, "token": "{EVOTOR_TOKEN}", "userUuid": "{ACCOUNT}", "x": [1]}}'.encode())
    assert db.session.scalars(sa.select(EvotorKeptToken.token)).all() == [EVOTOR_TOKEN]


EVENT = {"id": "e1", "timestamp": 1, "type": "ApplicationInstalled", "data": {"userId": ACCOUNT}}
PAID = {"subscriptionId": "s", "userId": ACCOUNT, "timestamp": 1, "sequenceNumber": 1, "type": "SubscriptionCreated"}
MISSING = [
    (VERIFY, {"username": "a@example.ru", "password": "x"}, "userId"),
    (VERIFY, {"userId": ACCOUNT, "password": "x"}, "username"),
    (VERIFY, {"userId": ACCOUNT, "username": "a@example.ru", "password": None}, "password"),
    (TOKEN, {"token": "x"}, "userId"),
    (TOKEN, {"userId": ACCOUNT}, "token"),
    (INSTALLATION, EVENT | {"data": {}}, "userId"),
    (INSTALLATION, {"timestamp": 1, "type": "ApplicationInstalled"}, "data"),
    (SUBSCRIPTION, {**PAID, "sequenceNumber": None}, "sequenceNumber"),
]


@pytest.mark.parametrize(("path", "body", "subject"), MISSING)
def test_a_missing_field_is_named(evotor: Webhooks, path: str, body: dict[str, Any], subject: str) -> None:
    (error,) = evotor.send(path, body, 400)["errors"]
    assert (error["code"], error["subject"]) == (2002, subject)


BAD = [
    (TOKEN, {"userId": "abc", "token": "x"}, "userId", "abc"),
    (TOKEN, {"userId": 1, "token": "x"}, "userId", "1"),
    (TOKEN, {"userId": f"{ACCOUNT}\0", "token": "x"}, "userId", f"{ACCOUNT}\0"),
    (TOKEN, {"userId": [ACCOUNT], "token": "x"}, "userId", None),
    (TOKEN, {"userId": ACCOUNT, "token": "two words"}, "token", None),
    (TOKEN, {"userId": ACCOUNT, "token": ["secret"]}, "token", None),
    (TOKEN, {"userId": ACCOUNT, "token": "x" * 5000}, "token", None),
    (VERIFY, {"userId": ACCOUNT, "username": "a\0@example.ru", "password": "x"}, "username", None),
    (VERIFY, {"userId": ACCOUNT, "username": "a@example.ru", "password": 12345678}, "password", None),
    (VERIFY, {"userId": ACCOUNT, "username": "a@example.ru", "password": "x" * 129}, "password", None),
    (INSTALLATION, EVENT | {"timestamp": "yesterday"}, "timestamp", "yesterday"),
    (INSTALLATION, EVENT | {"timestamp": 10**30}, "timestamp", str(10**30)),
    (INSTALLATION, EVENT | {"timestamp": -1}, "timestamp", "-1"),
    (INSTALLATION, EVENT | {"timestamp": True}, "timestamp", "True"),
    (INSTALLATION, EVENT | {"data": ["x"]}, "data", None),
    (INSTALLATION, EVENT | {"type": {"a": 1}}, "type", None),
    (SUBSCRIPTION, PAID | {"sequenceNumber": 1.5}, "sequenceNumber", "1.5"),
    (SUBSCRIPTION, PAID | {"subscriptionId": "s" * 500}, "subscriptionId", "s" * 64),
]


@pytest.mark.parametrize(("path", "body", "subject", "value"), BAD)
def test_a_bad_value_is_told_back_where_it_is_no_secret(
    evotor: Webhooks, path: str, body: dict[str, Any], subject: str, value: str | None
) -> None:
    (error,) = evotor.send(path, body, 400)["errors"]
    assert (error["code"], error["subject"], error.get("value")) == (2003, subject, value)


@pytest.mark.parametrize("timestamp", [1767225600000, "1767225600000", 1767225600000.0, "2026-01-01T00:00:00.000Z"])
def test_a_moment_may_be_written_in_several_ways(evotor: Webhooks, owner: User, timestamp: object) -> None:
    evotor.verify()
    evotor.send(INSTALLATION, EVENT | {"timestamp": timestamp})
    assert db.session.scalar(sa.select(EvotorConnection.installation_order)) == 2 * 1767225600000


# At the door


@pytest.mark.parametrize("path", PATHS)
def test_a_huge_body_is_refused_unread_before_anybody_looks_whose_it_is(app: Flask, path: str) -> None:
    unread = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(20 * 2**20)}
    answer = app.test_client().post(f"/api/v1/{path}", environ_overrides=unread)
    assert (answer.status_code, answer.get_json()) == (413, {})


@pytest.mark.parametrize(("path", "most"), [(TOKEN, STRANGERS_BYTES), (GOODS, GOODS_BYTES)])
def test_of_a_body_without_an_end_no_more_is_read_than_that(app: Flask, path: str, most: int) -> None:
    body = Endless()
    answer = app.test_client().post(
        f"/api/v1/{path}",
        headers=bearer(WEBHOOK_SECRET) | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": io.BufferedReader(body), "wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.get_json()) == (413, {})
    assert body.taken <= most + 2**17


def test_a_stranger_s_goods_are_not_read(app: Flask) -> None:
    unread = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(GOODS_BYTES)}
    answer = app.test_client().post(f"/api/v1/{GOODS}", environ_overrides=unread)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_asking_instead_of_sending_is_refused_in_json(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.get_json()) == (405, {}) and "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["user/create", "", "inventories/stores/a%00b/products", "inventories/devices"])
def test_what_is_not_there_is_told_in_json(evotor: Webhooks, path: str) -> None:
    assert evotor.send(path, GOOD_TOKEN, 404) == {}


@pytest.mark.parametrize("path", PATHS)
def test_a_slash_at_the_end_does_no_harm(evotor: Webhooks, path: str) -> None:
    evotor.send(f"{path}/", b"", 400)


@pytest.mark.parametrize(
    "address", ["/api/v1", "/api/v1/", "/api/v1//user/verify", "/api/v1/user//token/", "/api/v1/x/"]
)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_nobody_is_led_elsewhere_from_what_is_not_there(browser: Browser, address: str, method: str) -> None:
    in_json(browser.client.open(address, method=method), 404, 405)


@pytest.mark.parametrize(
    "address",
    [
        *("//api/v1/user/none", "///api//v1/user/verify", "/api//v1/user/token", "//api/v1", "/api", "/api/"),
        *("/API/v1/user/verify", "/Api/V1/user/token", "/api/v2/user/verify", "/api/v1./user/verify", "/api./v1"),
        *("/api%2Fv1%2Fuser/verify", "/%2Fapi/v1/user/verify", "/api/v1/user/verify.", "/./api/v1/user/verify"),
        *("/api\\v1\\user\\verify", "/api;x/v1/user/verify", "/ api/v1/user/verify", "/api/../api/v1/user/verify"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_however_the_address_is_misspelled_a_machine_is_answered_in_json(app: Flask, address: str, method: str) -> None:
    answer = app.test_client().open("/", method=method, environ_overrides={"PATH_INFO": address})
    in_json(answer, 404, 405)
    assert "Location" not in answer.headers


def test_a_slash_too_many_in_front_does_no_harm(app: Flask) -> None:
    answer = app.test_client().post("/", environ_overrides={"PATH_INFO": "//api/v1/user/verify"})
    assert answer.status_code == 401 and answer.get_json()["errors"][0]["code"] == 1001


@pytest.mark.parametrize("address", ["/apiary", "/catalog/api", "//login/api"])
def test_other_addresses_are_pages(app: Flask, address: str) -> None:
    answer = app.test_client().open("/", environ_overrides={"PATH_INFO": address})
    assert answer.mimetype == "text/html"


@pytest.mark.parametrize("path", [*PATHS, f"{TOKEN}/"])
@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "DELETE", "TRACE"])
def test_other_methods_are_refused_in_json(client: FlaskClient, path: str, method: str) -> None:
    answer = client.open(f"/api/v1/{path}", method=method)
    in_json(answer, 405)
    assert answer.headers["Allow"] == "POST"


def in_json(answer: TestResponse, *statuses: int) -> None:
    assert answer.status_code in statuses and answer.mimetype == "application/json"
    assert answer.get_data() in (b"{}", b"") and "Set-Cookie" not in answer.headers


def test_nobody_s_secret_reaches_the_log(evotor: Webhooks, owner: User, capsys: pytest.CaptureFixture[str]) -> None:
    evotor.verify()
    evotor.token(EVOTOR_TOKEN)
    evotor.send(VERIFY, {"userId": ACCOUNT, "username": owner.email, "password": "hunter2hunter2"}, 401)
    evotor.send(TOKEN, GOOD_TOKEN, 401, headers=bearer("wrong-secret-of-somebody"))

    said = capsys.readouterr().err
    for secret in (EVOTOR_TOKEN, WEBHOOK_SECRET, "hunter2hunter2", "wrong-secret", owner.email):
        assert secret not in said
