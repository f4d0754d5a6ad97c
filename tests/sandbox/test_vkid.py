"""VK ID: PKCE, one-time codes and refresh tokens, refusal (docs/contracts/vk.md §2.4)."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.sandbox.vk.login import CLIENT_ID

from .conftest import Control, Vk

VERIFIER = "a" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASK = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": "http://localhost:8000/vk/callback",
    "state": "s" * 32,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "s256",
    "scope": "market groups photos",
}


def decide(vk: Vk, decision: str = "allow") -> dict[str, str]:
    answer = vk.http.post("/authorize", data={**ASK, "user_id": "50001234", "decision": decision})
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


def exchange(vk: Vk, returned: dict[str, str], **changes: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code_verifier": VERIFIER,
        "redirect_uri": ASK["redirect_uri"],
        "code": returned["code"],
        "device_id": returned["device_id"],
        "state": "s" * 32,
    }
    return dict(vk.http.post("/oauth2/auth", data={**form, **changes}).get_json())


def refresh(vk: Vk, refresh_token: str, device_id: str) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "refresh_token": refresh_token,
        "device_id": device_id,
    }
    return dict(vk.http.post("/oauth2/auth", data=form).get_json())


def test_the_page_offers_the_demo_users(vk: Vk) -> None:
    page = vk.http.get("/authorize", query_string=ASK).text
    assert "Разрешить доступ" in page
    assert "Анна Демо" in page


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "1"},
        {"redirect_uri": "https://example.ru/"},
        {"state": ""},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"scope": "everything"},
    ],
)
def test_a_wrong_request_for_rights_gets_no_page(vk: Vk, change: dict[str, str]) -> None:
    assert "error" in vk.http.get("/authorize", query_string={**ASK, **change}).get_json()


def test_a_refusal_comes_back_with_the_state(vk: Vk) -> None:
    returned = decide(vk, "refuse")
    assert (returned["error"], returned["state"]) == ("access_denied", ASK["state"])


def test_a_code_is_exchanged_for_a_token_that_works_for_an_hour(vk: Vk, control: Control) -> None:
    tokens = exchange(vk, decide(vk))
    assert (tokens["expires_in"], tokens["user_id"], tokens["scope"]) == (3600, 50001234, "market groups photos")
    vk.ok("market.get", owner_id=-777000111, token=tokens["access_token"])
    control.post("clock", advance=3600)
    assert vk.code("users.get", token=tokens["access_token"]) == 5


def test_a_code_works_once(vk: Vk) -> None:
    returned = decide(vk)
    exchange(vk, returned)
    assert exchange(vk, returned)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change", [{"code_verifier": "b" * 43}, {"device_id": "x"}, {"redirect_uri": "http://localhost/"}]
)
def test_an_exchange_must_match_the_request(vk: Vk, change: dict[str, str]) -> None:
    assert "error" in exchange(vk, decide(vk), **change)


def test_a_refresh_gives_a_new_pair_and_spends_the_old_token(vk: Vk) -> None:
    returned = decide(vk)
    first = exchange(vk, returned)
    second = refresh(vk, first["refresh_token"], returned["device_id"])
    vk.ok("users.get", token=second["access_token"])
    assert second["refresh_token"] != first["refresh_token"]
    again = refresh(vk, first["refresh_token"], returned["device_id"])
    assert again["error_description"] == "refresh_token is missing or invalid"


def test_a_refresh_needs_the_same_device(vk: Vk) -> None:
    tokens = exchange(vk, decide(vk))
    assert refresh(vk, tokens["refresh_token"], "other")["error"] == "invalid_request"


def test_rights_that_the_application_does_not_have_are_dropped(vk: Vk, control: Control) -> None:
    control.post("vk/settings", app_rights="groups photos")
    tokens = exchange(vk, decide(vk))
    assert tokens["scope"] == "groups photos"
    assert vk.code("market.get", owner_id=-777000111, token=tokens["access_token"]) == 15


def test_user_info_and_logout(vk: Vk) -> None:
    token = exchange(vk, decide(vk))["access_token"]
    form = {"client_id": CLIENT_ID, "access_token": token}
    assert vk.http.post("/oauth2/user_info", data=form).get_json()["user"]["first_name"] == "Анна"
    assert vk.http.post("/oauth2/logout", data=form).get_json() == {"response": 1}
    assert vk.code("users.get", token=token) == 5


def test_the_page_says_that_it_is_a_demonstration(vk: Vk) -> None:
    page = vk.http.get("/authorize", query_string=ASK).text
    assert "Это демонстрация" in page and "управлять товарами" in page and "width=device-width" in page


@pytest.mark.parametrize("kind", ["server_error", "slow_down", "temporarily_unavailable"])
def test_while_it_is_not_well_nothing_is_spent(vk: Vk, control: Control, kind: str) -> None:
    returned = decide(vk)
    first = exchange(vk, returned)
    control.post("faults", service="vkid", kind=kind, target="auth", times=1)
    assert refresh(vk, first["refresh_token"], returned["device_id"])["error"] == kind
    assert "access_token" in refresh(vk, first["refresh_token"], returned["device_id"])


def test_a_refresh_may_bring_no_new_refresh_token(vk: Vk, control: Control) -> None:
    returned = decide(vk)
    first = exchange(vk, returned)
    control.post("faults", service="vkid", kind="no_refresh_token", target="auth", times=1)
    assert "refresh_token" not in refresh(vk, first["refresh_token"], returned["device_id"])
    assert "refresh_token" in refresh(vk, first["refresh_token"], returned["device_id"])


def test_an_answer_may_be_bare(vk: Vk, control: Control) -> None:
    control.post("faults", service="vkid", kind="bare", target="auth", times=1)
    told = exchange(vk, decide(vk))
    assert told.keys() == {"access_token", "refresh_token", "expires_in", "user_id"} and told["expires_in"] == "3600"
