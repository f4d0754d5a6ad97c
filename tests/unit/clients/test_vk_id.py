"""VK ID as others may speak it: what is accepted, what is refused, and what an error keeps to itself."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import requests_mock

from app.clients.vk_id.client import LARGEST_ANSWER, Grant, VkIdClient
from app.clients.vk_id.errors import VkIdError

URL = "https://id.vk.test"
AUTH = f"{URL}/oauth2/auth"
STATE, VERIFIER = "s" * 43, "v" * 64
FULL = {
    "access_token": "vk2.a.access",
    "refresh_token": "vk2.r.refresh",
    "id_token": "eyJ.id",
    "token_type": "Bearer",
    "expires_in": 3600,
    "user_id": 50001234,
    "state": STATE,
    "scope": "market groups photos",
}


@pytest.fixture
def client() -> Iterator[VkIdClient]:
    with VkIdClient(f"{URL}/", "51000777", redirect_uri="https://shop.test/vk/callback") as client:
        yield client


def exchange(client: VkIdClient) -> Grant:
    return client.exchange("the-code", verifier=VERIFIER, device_id="device /=ё", state=STATE)


def failure(client: VkIdClient) -> VkIdError:
    with pytest.raises(VkIdError) as caught:
        exchange(client)
    return caught.value


def sent(vendor: requests_mock.Mocker) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(vendor.request_history[-1].text).items()}


def test_the_address_holds_the_challenge_and_never_the_verifier(client: VkIdClient) -> None:
    address = client.authorize_url(STATE, "a" * 43)
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{URL}/authorize?") and "a" * 43 not in address
    assert asked["code_challenge"] == ["ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA"]


def test_a_code_is_sent_with_all_that_vk_wants(client: VkIdClient, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(AUTH, json=FULL)

    grant = exchange(client)

    assert sent(requests_mock) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "code_verifier": VERIFIER,
        "client_id": "51000777",
        "device_id": "device /=ё",
        "redirect_uri": "https://shop.test/vk/callback",
        "state": STATE,
    }
    assert grant == Grant("vk2.a.access", "vk2.r.refresh", 3600, 50001234, frozenset({"market", "groups", "photos"}))


def test_a_refresh_is_sent_with_its_device(client: VkIdClient, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(AUTH, json=FULL)

    client.refresh("old", device_id="d", state=STATE)

    assert sent(requests_mock) == {
        "grant_type": "refresh_token",
        "refresh_token": "old",
        "client_id": "51000777",
        "device_id": "d",
        "state": STATE,
    }


@pytest.mark.parametrize(
    ("change", "attribute", "expected"),
    [
        ({"expires_in": "3600"}, "expires_in", 3600),
        ({"expires_in": None}, "expires_in", None),
        ({"expires_in": "soon"}, "expires_in", None),
        ({"expires_in": 0}, "expires_in", None),
        ({"expires_at": "never"}, "expires_in", 3600),
        ({"user_id": "50001234"}, "user_id", 50001234),
        ({"user_id": []}, "user_id", None),
        ({"scope": None}, "scope", None),
        ({"scope": " "}, "scope", None),
        ({"scope": "market,groups"}, "scope", frozenset({"market", "groups"})),
        ({"state": None}, "access_token", "vk2.a.access"),
        ({"id_token": None}, "access_token", "vk2.a.access"),
        ({"token_type": None}, "access_token", "vk2.a.access"),
        ({"refresh_token": None}, "refresh_token", None),
    ],
)
def test_answers_may_be_looser_than_they_are_told(
    client: VkIdClient, requests_mock: requests_mock.Mocker, change: dict[str, Any], attribute: str, expected: object
) -> None:
    body = {name: value for name, value in {**FULL, **change}.items() if value is not None}
    requests_mock.post(AUTH, json=body)
    assert getattr(exchange(client), attribute) == expected


def test_a_refresh_without_a_new_token_keeps_the_old_one(
    client: VkIdClient, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.post(AUTH, json={"access_token": "new"})
    assert client.refresh("old", device_id="d", state=STATE).refresh_token == "old"


@pytest.mark.parametrize(
    "body",
    [
        {**FULL, "access_token": ""},
        {**FULL, "access_token": 5},
        {**FULL, "access_token": "two words\n"},
        {**FULL, "access_token": "x" * 5000},
        {**FULL, "state": "of somebody else"},
        {},
        [],
    ],
)
def test_an_answer_that_cannot_be_used_is_none(
    client: VkIdClient, requests_mock: requests_mock.Mocker, body: object
) -> None:
    requests_mock.post(AUTH, json=body)
    error = failure(client)
    assert not error.is_refusal and error.outcome_unknown


@pytest.mark.parametrize(
    "word", ["invalid_request", "invalid_grant", "invalid_token", "invalid_scope", "access_denied"]
)
@pytest.mark.parametrize("status", [200, 400, 401])
def test_what_vk_refuses_is_a_refusal(
    client: VkIdClient, requests_mock: requests_mock.Mocker, word: str, status: int
) -> None:
    described = {"error": word, "error_description": "Неверный код «the-code» \u0001", "state": STATE}
    requests_mock.post(AUTH, json=described, status_code=status)
    error = failure(client)
    assert error.is_refusal and error.error == word and "the-code" not in repr(error)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("slow_down", 400),
        ("server_error", 200),
        ("temporarily_unavailable", 503),
        ("invalid_client", 401),
        ("invalid_request", 502),
        ("invalid_request", 429),
        ("unauthorized_client", 400),
        ("forbidden", 403),
        ("a_new_word", 400),
        ("a_new_word", 200),
    ],
)
def test_what_passes_or_is_nobodys_refusal_of_a_token_is_none(
    client: VkIdClient, requests_mock: requests_mock.Mocker, word: str, status: int
) -> None:
    requests_mock.post(AUTH, json={"error": word}, status_code=status)
    assert not failure(client).is_refusal


@pytest.mark.parametrize(
    ("trouble", "was_sent"),
    [(requests.ConnectTimeout, False), (requests.ReadTimeout, True), (requests.ConnectionError, True)],
)
def test_whether_vk_saw_it_is_told(
    client: VkIdClient, requests_mock: requests_mock.Mocker, trouble: type[Exception], was_sent: bool
) -> None:
    requests_mock.post(AUTH, exc=trouble)
    error = failure(client)
    assert (error.sent, error.outcome_unknown, error.is_refusal) == (was_sent, was_sent, False)


@pytest.mark.parametrize("status", [302, 404, 500, 502])
def test_pages_and_redirects_are_no_answer(
    client: VkIdClient, requests_mock: requests_mock.Mocker, status: int
) -> None:
    requests_mock.post(AUTH, text="<html>", status_code=status, headers={"Location": "https://elsewhere.test/"})
    assert failure(client).status == status
    assert requests_mock.call_count == 1


def test_no_more_is_read_than_such_an_answer_can_have(client: VkIdClient, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(AUTH, content=b"x" * (LARGEST_ANSWER + 1))
    assert not failure(client).is_refusal


def test_a_token_is_revoked_by_name(client: VkIdClient, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(f"{URL}/oauth2/revoke", json={"response": 1})
    client.revoke("vk2.a.access")
    assert sent(requests_mock) == {"client_id": "51000777", "access_token": "vk2.a.access"}


def test_nothing_that_is_shown_holds_a_token(client: VkIdClient, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(AUTH, json=FULL)
    assert "vk2" not in repr(exchange(client))
