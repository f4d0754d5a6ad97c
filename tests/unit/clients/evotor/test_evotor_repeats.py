from datetime import UTC
from email.utils import formatdate
from typing import Any

import pytest
import requests
import requests_mock

from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorFault
from tests.support.clock import NOON
from tests.support.evotor_answers import (
    EMPTY,
    STORES,
    failure,
    made,
    page,
    pauses,
)

NOON_EPOCH = NOON.replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("status", "kind", "permanent"),
    [
        (302, EvotorFault.MALFORMED, False),
        (400, EvotorFault.BAD_REQUEST, True),
        (401, EvotorFault.UNAUTHORIZED, True),
        (402, EvotorFault.PAYMENT_REQUIRED, True),
        (403, EvotorFault.FORBIDDEN, True),
        (404, EvotorFault.NOT_FOUND, True),
        (405, EvotorFault.BAD_REQUEST, True),
        (406, EvotorFault.BAD_REQUEST, True),
        (413, EvotorFault.BAD_REQUEST, True),
        (429, EvotorFault.RATE_LIMITED, False),
        (500, EvotorFault.SERVER_ERROR, False),
        (503, EvotorFault.SERVER_ERROR, False),
    ],
)
def test_a_status_has_its_kind(
    vendor: requests_mock.Mocker, client: EvotorClient, status: int, kind: EvotorFault, permanent: bool
) -> None:
    vendor.get(STORES, status_code=status)
    error = failure(client)
    assert (error.kind, error.status, error.permanent) == (kind, status, permanent)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 406])
def test_a_refusal_is_not_repeated(
    vendor: requests_mock.Mocker, client: EvotorClient, slept: list[float], status: int
) -> None:
    vendor.get(STORES, status_code=status)
    failure(client)
    assert (vendor.call_count, pauses(slept)) == (1, [])


@pytest.mark.parametrize(
    "answer", [{"status_code": 502}, {"exc": requests.ReadTimeout}, {"text": "<html>"}, {"text": '{"items": [{"id"'}]
)
def test_a_passing_failure_is_repeated_with_growing_pauses(
    vendor: requests_mock.Mocker, client: EvotorClient, slept: list[float], answer: dict[str, Any]
) -> None:
    vendor.get(STORES, [answer, answer, answer, answer, page("a")])
    assert [store.id for store in client.stores()] == ["a"]
    assert pauses(slept) == [1.25, 2.25, 4.25, 8.25]


def test_after_four_repeats_it_gives_up(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=500)
    assert failure(client).kind is EvotorFault.SERVER_ERROR
    assert vendor.call_count == 5


def test_an_unreachable_server_has_no_status(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, exc=requests.ConnectionError)
    error = failure(client)
    assert (error.kind, error.status) == (EvotorFault.UNREACHABLE, None)


@pytest.mark.parametrize("text", ["{}", '{"items": 5}', '{"items": [{"name": "x"}]}', '"x"'])
def test_json_of_another_shape_is_malformed_at_once(
    vendor: requests_mock.Mocker, client: EvotorClient, text: str
) -> None:
    vendor.get(STORES, text=text)
    assert failure(client).kind is EvotorFault.MALFORMED
    assert vendor.call_count == 1


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": formatdate(NOON_EPOCH + 9, usegmt=True)}, 9),
        ({"X-RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Reset": str(int(NOON_EPOCH) + 11)}, 11),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "3"}, 3),
        ({}, 10),
    ],
)
def test_a_used_up_quota_is_waited_for(
    vendor: requests_mock.Mocker, client: EvotorClient, slept: list[float], headers: dict[str, str], pause: float
) -> None:
    vendor.get(STORES, [{"status_code": 429, "headers": headers}, EMPTY])
    client.stores()
    assert pauses(slept) == [pause]


def test_a_long_wait_is_told_and_not_slept(
    vendor: requests_mock.Mocker, client: EvotorClient, slept: list[float]
) -> None:
    vendor.get(STORES, status_code=429, headers={"Retry-After": "31"})
    assert (failure(client).retry_after, pauses(slept)) == (31, [])


def test_short_waits_are_limited_in_total(
    vendor: requests_mock.Mocker, client: EvotorClient, slept: list[float]
) -> None:
    vendor.get(STORES, status_code=429, headers={"Retry-After": "14"})
    assert (failure(client).retry_after, pauses(slept)) == (14, [14, 14])


def test_an_absurd_wait_is_a_day(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=429, headers={"Retry-After": "9" * 400})
    assert failure(client).retry_after == 86_400


@pytest.mark.parametrize(("remaining", "pace"), [("50", 0.204), ("5", 0.408), ("0", 0.408), ("many", 0.204)])
def test_a_quota_running_low_halves_the_pace(
    vendor: requests_mock.Mocker, slept: list[float], remaining: str, pace: float
) -> None:
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": remaining}
    vendor.get(STORES, headers=headers, **EMPTY)
    client = made(per_second=5)
    for _ in range(3):
        client.stores()
    assert slept[-1] == pytest.approx(pace)
