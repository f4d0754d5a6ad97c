from typing import Any

import pytest

from app.clients.answers import MalformedAnswer
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.failures import read_failure

ADDRESSES = VkAddresses("https://api.vk.ru/method")


FOREIGN_PAGES: list[Any] = [
    "https://vk.com@evil.example/",
    "https://vk.com.evil.example/",
    "https://evil.example/vk.com",
    "https://evilvk.com/",
    "https://evil.example\\@vk.com/",
    "https://vk.com\\@evil.example/",
    "https:\\\\vk.com/",
    "https:/vk.com/",
    "https:///vk.com/",
    "//vk.com/",
    "javascript:alert(1)//https://vk.com/",
    "http://vk.com/",
    "ftp://vk.com/",
    "https://vk.com/\0",
    "https://vk.com/\ud800",
    "https://vk.com/\n",
    "https://vk.com /",
    "https://vk.com:80@evil.example/",
    "https://[::1]/",
    "https://vk.com/" + "x" * 2_000_000,
    "",
    None,
    5,
    [],
]


@pytest.mark.parametrize("address", FOREIGN_PAGES, ids=lambda address: repr(address)[:40])
def test_a_page_that_is_not_vks_is_not_shown(address: Any) -> None:
    assert read_failure({"error_code": 14, "redirect_uri": address}, "m", 200, ADDRESSES).redirect_uri is None
    assert ADDRESSES.picture(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://sun9-1.userapi.com/s/v1/a.jpg?size=100x100&ava=1",
        "https://sun1-2.vkuserphoto.ru/a",
        "https://vk.com/images/community_100.png",
    ],
)
def test_a_picture_of_vks_is_shown(address: str) -> None:
    assert ADDRESSES.picture(address) == address


@pytest.mark.parametrize(
    "address",
    ["http://sun9-1.userapi.com/a", "https://userapi.com.evil.example/a", "https://sun9-1.userapi.com/; script-src *"],
)
def test_a_picture_that_is_not_vks_is_not_shown(address: str) -> None:
    assert ADDRESSES.picture(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://vk.com/",
        "https://vk.ru",
        "https://id.vk.com/not_robot_captcha?session_token=a.b-c_d&variant=popup#x",
        "https://id.vk.ru/a",
        "https://m.vk.com/a",
        "HTTPS://VK.COM/a",
        "https://api.vk.ru:443/a",
    ],
)
def test_a_page_of_vks_is_shown(address: str) -> None:
    assert ADDRESSES.page(address) == address


@pytest.mark.parametrize(
    ("api", "address", "shown"),
    [
        ("http://127.0.0.1:9000/method", "http://127.0.0.1:9000/captcha", True),
        ("http://sandbox.local:9000/method", "http://sandbox.local:9000/captcha", True),
        ("http://sandbox.local:9000/method", "http://id.example/captcha", True),
        ("http://sandbox.local:9000/method", "http://evil.example/captcha", False),
        ("https://localhost:9000/method", "http://localhost:9000/captcha", True),
        ("https://vk.example/method", "https://vk.example/captcha", True),
        ("https://vk.example/method", "https://id.example/captcha", True),
        ("https://vk.example/method", "http://vk.example/captcha", False),
        ("https://vk.example/method", "https://sub.vk.example/captcha", False),
    ],
)
def test_the_hosts_of_the_settings_are_vks(api: str, address: str, shown: bool) -> None:
    assert (VkAddresses(api, "https://id.example").page(address) is not None) is shown


@pytest.mark.parametrize(
    "address", [*FOREIGN_PAGES[4:9], "http://pu.vk.com/", "https://u:p@pu.vk.com/", "https://pu.vk.com/\0", None, 5]
)
def test_an_upload_address_that_is_no_plain_https_is_malformed(address: Any) -> None:
    with pytest.raises(MalformedAnswer):
        ADDRESSES.upload({"upload_url": address})


def test_an_upload_address_of_an_emulator_may_be_plain_http() -> None:
    address = "http://127.0.0.1:9000/upload"
    assert VkAddresses("http://127.0.0.1:9000/method").upload({"upload_url": address}) == address


@pytest.mark.parametrize(
    ("api", "window"),
    [
        ("https://api.vk.ru/method", "https://vk.com/market-77"),
        ("https://api.vk.com/method", "https://vk.com/market-77"),
        ("http://127.0.0.1:9000/method", "http://127.0.0.1:9000/ui/club77"),
        ("http://emulator:9000/method", "http://emulator:9000/ui/club77"),
    ],
)
def test_the_window_stands_where_the_market_is(api: str, window: str) -> None:
    assert VkAddresses(api).window(77) == window
