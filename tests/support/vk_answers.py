"""Answers as VK words them, and a client that gets them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests_mock

from app.clients.vk.client import VkClient
from app.clients.vk.errors import VkError

URL = "https://vk.test/method"
UPLOAD = "https://upload.test/here"
TOKEN = "vk2.a.very-secret"
GROUP = 777000111
Answer = dict[str, Any]


def made(*, url: str = URL, token: str = TOKEN, per_second: float = 1e9) -> VkClient:
    return VkClient(url, token, per_second=per_second)


def pauses(slept: list[float]) -> list[float]:
    """The sleeps between tries, without those of the pace."""
    return [round(seconds, 2) for seconds in slept if seconds > 0.01]


def response(value: Any) -> Answer:
    return {"json": {"response": value}}


def refusal(code: int, message: str = "", **more: Any) -> Answer:
    return {"json": {"error": {"error_code": code, "error_msg": message, **more}}}


def wrong(suffix: str) -> Answer:
    return refusal(100, f"One of the parameters specified was missing or invalid: {suffix}")


def answers(vendor: requests_mock.Mocker, method: str, *given: Answer) -> None:
    vendor.post(f"{URL}/{method}", list(given))


def forms(vendor: requests_mock.Mocker) -> list[dict[str, str]]:
    return [
        {key: values[0] for key, values in parse_qs(request.text, keep_blank_values=True).items()}
        for request in vendor.request_history
    ]


def failure(call: Callable[[], object]) -> VkError:
    with pytest.raises(VkError) as caught:
        call()
    return caught.value


def items_page(count: int, *ids: int) -> Answer:
    return response({"count": count, "items": [{"id": number} for number in ids]})
