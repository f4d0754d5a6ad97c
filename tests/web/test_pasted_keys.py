"""Keys as people paste them, and those that are kept for another try."""

from datetime import timedelta

import pytest

from app.db import db
from app.models import EvotorConnection, RunTrigger, User
from app.services.engine import run
from app.services.vendors import turns
from tests.factories import connect_both, make_active
from tests.support.clock import NOON, stop_at
from tests.support.connections import stored_vk
from tests.support.page import Browser, words
from tests.support.sandbox import (
    CLUB,
    EVOTOR_TOKEN,
    VK_TOKEN,
    Sandbox,
)

VK_KEY = "vk1.a.0aB-cD_9"
EVOTOR_KEY = EVOTOR_TOKEN
IP_WORDS = "access_token was given to another ip address."


@pytest.mark.parametrize(
    "pasted",
    [
        "https://oauth.vk.com/blank.html#access_token={}&expires_in=0&user_id=50001234",
        "Bearer {}",
        "«{}».",
        "\ufeff\u200b{}",
    ],
)
def test_a_key_may_be_pasted_with_what_stood_round_it(browser: Browser, pasted: str) -> None:
    browser.get("/vk")
    page = browser.submit("/vk", group_id=str(CLUB), access_token=pasted.format(VK_TOKEN))
    assert "Сообщество ВК подключено" in page.notices[0]
    connection = stored_vk()
    assert connection is not None and connection.token == VK_TOKEN


def test_an_evotor_key_may_be_pasted_as_the_address_of_its_page(browser: Browser) -> None:
    browser.get("/evotor")
    browser.submit("/evotor", access_token=f"https://a.ru/evotor?token={EVOTOR_TOKEN}&uid=01-000000000012345")
    assert db.session.query(EvotorConnection).one().token == EVOTOR_TOKEN


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/evotor", {"access_token": VK_KEY}, "Это ключ ВК"),
        ("/evotor", {"access_token": "01-000000000012345"}, "номер пользователя Эвотора"),
        ("/evotor", {"access_token": "https://market.evotor.ru/store/apps/1"}, "В этом адресе нет ключа"),
        ("/vk", {"access_token": EVOTOR_KEY, "group_id": "lavka_demo"}, "Это ключ Эвотора"),
        ("/vk", {"access_token": "https://oauth.vk.com/blank.html#error=x", "group_id": "lavka_demo"}, "нет ключа"),
    ],
)
def test_what_is_no_key_of_this_service_is_named_and_sent_to_nobody(
    browser: Browser, sandbox: Sandbox, path: str, fields: dict[str, str], said: str
) -> None:
    browser.get(path)
    page = browser.submit(path, 422, **fields)
    assert said in page.errors[0] and fields["access_token"] not in page.html
    assert not sandbox.calls()


def test_a_key_in_the_field_of_the_community_is_not_shown_again(browser: Browser) -> None:
    browser.get("/vk")
    page = browser.submit("/vk", 422, group_id=f"https://vk.com/#access_token={VK_KEY}", access_token="lavka demo")
    assert "Это ключ доступа" in page.errors[0] and VK_KEY not in page.html


def test_a_wrong_community_does_not_lose_the_key(browser: Browser) -> None:
    browser.get("/vk")
    page = browser.submit("/vk", 422, group_id="123456", access_token=VK_TOKEN)
    assert "Такого сообщества нет" in words(page.one("#group_id-error")) and not page.all("#access_token-error")
    assert "вставлять его снова не нужно" in words(page.one("#access_token-hint"))
    assert VK_TOKEN not in page.html and VK_TOKEN not in str(browser.client.get_cookie("evosync"))

    page = browser.submit("/vk", group_id=str(CLUB), access_token="")

    assert "Сообщество ВК подключено" in page.notices[0]
    connection = stored_vk()
    assert connection is not None and connection.token == VK_TOKEN
    assert "снова не нужно" not in browser.get("/vk").text


@pytest.mark.parametrize("fault", ["http_502", "captcha"])
def test_a_key_is_kept_while_vk_does_not_take_it_for_wrong(browser: Browser, sandbox: Sandbox, fault: str) -> None:
    browser.get("/vk")
    sandbox.fault("vk", fault)
    page = browser.submit("/vk", 422, group_id=str(CLUB), access_token=VK_TOKEN)
    assert bool([link for link in page.all("main a") if words(link) == "Открыть ВК"]) is (fault == "captcha")
    sandbox.clear_faults()
    assert "подключено" in browser.submit("/vk", group_id=str(CLUB), access_token="").notices[0]


def test_an_evotor_key_is_kept_while_evotor_does_not_answer(browser: Browser, sandbox: Sandbox) -> None:
    browser.get("/evotor")
    sandbox.fault("evotor", "500", times=20)
    browser.submit("/evotor", 422, access_token=EVOTOR_TOKEN)
    sandbox.clear_faults()
    assert "Эвотор подключён" in browser.submit("/evotor", access_token="").notices[0]


def test_who_has_to_wait_their_turn_types_nothing_twice(browser: Browser, owner: User) -> None:
    browser.get("/vk")
    with turns.turn(owner.id):
        page = browser.submit("/vk", 429, group_id="lavka_demo", access_token=VK_TOKEN)
    assert page.one("#group_id")["value"] == "lavka_demo" and VK_TOKEN not in page.html
    assert len(page.notices) == 1 and "снова не нужно" in page.text
    assert "подключено" in browser.submit("/vk", group_id="lavka_demo", access_token="").notices[0]


def test_a_key_in_the_field_of_the_community_is_not_shown_to_who_has_to_wait(browser: Browser, owner: User) -> None:
    browser.get("/vk")
    with turns.turn(owner.id):
        page = browser.submit("/vk", 429, group_id=f"club1 vk1.a.{'Zx' * 40}", access_token=VK_TOKEN)
    assert "ZxZx" not in page.html


def test_a_longer_key_leaves_no_older_one_behind(browser: Browser) -> None:
    browser.get("/vk")
    browser.submit("/vk", 422, group_id="", access_token=VK_TOKEN)
    browser.submit("/vk", 422, group_id="", access_token="x" * 1500)
    assert "Вставьте ключ доступа" in browser.submit("/vk", 422, group_id=str(CLUB), access_token="").errors[0]


def test_disconnecting_leaves_no_kept_key_behind(browser: Browser, owner: User) -> None:
    connect_both(owner)
    browser.get("/vk")
    browser.submit("/vk", 422, group_id="", access_token=VK_TOKEN)
    browser.get("/vk")
    browser.submit("/vk/disconnect")
    assert "Вставьте ключ доступа" in browser.submit("/vk", 422, group_id=str(CLUB), access_token="").errors[0]


def test_a_key_that_was_refused_is_forgotten(browser: Browser) -> None:
    browser.get("/vk")
    browser.submit("/vk", 422, group_id="123456", access_token=VK_TOKEN)
    browser.submit("/vk", 422, group_id=str(CLUB), access_token="demo-expired")
    page = browser.submit("/vk", 422, group_id=str(CLUB), access_token="")
    assert "Вставьте ключ доступа" in page.errors[0]


def test_a_kept_key_ends_after_a_while(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.get("/vk")
    browser.submit("/vk", 422, group_id="123456", access_token=VK_TOKEN)
    stop_at(monkeypatch, NOON + timedelta(minutes=16))
    assert "снова не нужно" not in browser.get("/vk").text
    assert browser.submit("/vk", 422, group_id=str(CLUB), access_token="").errors


def test_a_key_that_is_bound_to_another_address_has_its_own_way_out(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    sandbox.fault("vk", "auth", suffix=IP_WORDS)
    browser.get("/vk")
    page = browser.submit("/vk", 422, group_id=str(CLUB), access_token=VK_TOKEN)
    assert "для другого адреса в интернете (IP)" in page.errors[0]

    sandbox.clear_faults()
    make_active(connect_both(owner))
    sandbox.fault("vk", "auth", suffix=IP_WORDS)
    assert run.run_user(owner, RunTrigger.SCHEDULE).error == "vk_5_ip"
    for path in ("/sync", "/connections", "/vk", "/sync/runs/1"):
        assert browser.get(path).text.count("для другого адреса в интернете (IP)") == 1, path
