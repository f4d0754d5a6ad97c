"""Signing in at the sandbox's VK ID, as a person does in a browser."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from app.services.connections.vk import VkKeys
from app.services.vendors.vk_renewal import expiry
from tests.support.page import Browser, Page
from tests.support.sandbox import Sandbox

CLIENT_ID = "51000777"
ANNA, BORIS = 50001234, 50005678


def settings_of(sandbox: Sandbox) -> dict[str, Any]:
    return {"vk_id_url": sandbox.url, "vk_client_id": CLIENT_ID}


def asked(browser: Browser) -> dict[str, str]:
    """What the product sends this person to VK with."""
    address = browser.get("/vk/authorize", 302).location
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def decided(sandbox: Sandbox, request: dict[str, str], *, person: int = ANNA, decision: str = "allow") -> str:
    """The path to which VK sends the person back."""
    form = {**request, "user_id": str(person), "decision": decision}
    answer = requests.post(f"{sandbox.url}/authorize", data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def followed(browser: Browser, address: str) -> Page:
    """Through all redirects, of which there are two at most."""
    page = browser.get(address, 302)
    return browser.get(page.location)


def signed_in(browser: Browser, sandbox: Sandbox, *, person: int = ANNA) -> Page:
    """From «Войти через ВК» to the page on which one ends."""
    return followed(browser, decided(sandbox, asked(browser), person=person))


VERIFIER = "v" * 64


def keys_of(sandbox: Sandbox, person: int = ANNA) -> VkKeys:
    """What the sandbox gives to somebody who signs in, without a browser."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    back = "http://localhost:8000/vk/callback"
    state, scope = "s" * 43, "market groups photos"
    request = {"client_id": CLIENT_ID, "redirect_uri": back, "state": state, "scope": scope}
    path = decided(sandbox, {**request, "code_challenge": challenge}, person=person)
    given = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    form = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "redirect_uri": back, "code_verifier": VERIFIER}
    told = requests.post(f"{sandbox.url}/oauth2/auth", data={**form, **given}, timeout=10).json()
    sandbox.control("calls/reset")
    return VkKeys(told["access_token"], told["refresh_token"], expiry(told["expires_in"]), given["device_id"], True)


def renewals(sandbox: Sandbox) -> list[Any]:
    """What VK ID said to each try to renew a token, as far as it was reached."""
    return [entry for entry in sandbox.log("vkid")["entries"] if entry["target"] == "auth"]
