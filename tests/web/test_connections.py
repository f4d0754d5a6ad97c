"""The pages of both connections: connecting, and what is refused."""

import pytest

from app.db import db
from app.models import CatalogProduct, EvotorConnection, User
from tests.factories import connect_both, make_active
from tests.support import story
from tests.support.connections import stored_vk
from tests.support.page import Browser
from tests.support.sandbox import (
    CLOSED_CLUB,
    CLUB,
    EVOTOR_FORBIDDEN_TOKEN,
    EVOTOR_OTHER_TOKEN,
    EVOTOR_TOKEN,
    EXTENDED_CLUB,
    VK_TOKEN,
    Sandbox,
)


def test_the_overview_shows_what_is_missing_and_where_to_connect_it(browser: Browser) -> None:
    page = browser.get("/connections")
    assert page.text.count("Не подключено") == 2 and "Не настроено" in page.text
    assert {"/evotor", "/vk", "/sync", "/catalog"} <= page.links()


def test_evotor_is_connected_and_read_at_once(browser: Browser) -> None:
    browser.get("/evotor")
    page = browser.submit("/evotor", access_token=f"  {EVOTOR_TOKEN}\n")
    assert page.notices == ["Эвотор подключён. Теперь подключите сообщество ВК."] and "Магазинов 2" in page.text
    assert db.session.query(CatalogProduct).count() == 47
    assert EVOTOR_TOKEN not in page.html


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("not-a-token", "Эвотор не принял ключ"),
        (EVOTOR_FORBIDDEN_TOKEN, "нет прав"),
        ("", "Вставьте ключ"),
        ("два слова", "без пробелов"),
        ("tok en", "без пробелов"),
        ("tok\x00en", "недопустимые символы"),
        ("x" * 4097, "слишком длинно"),
    ],
)
def test_a_token_that_does_not_work_is_not_stored(browser: Browser, token: str, said: str) -> None:
    browser.get("/evotor")
    page = browser.submit("/evotor", 422, access_token=token)
    assert said in " ".join(page.errors)
    assert db.session.query(EvotorConnection).count() == 0
    assert not page.one("input[name=access_token]").get("value")


def test_evotor_out_of_reach_is_told_kindly(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "500", times=20)
    browser.get("/evotor")
    assert "Эвотор" in browser.submit("/evotor", 422, access_token=EVOTOR_TOKEN).errors[0]


def test_another_evotor_account_takes_the_confirmation_back(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    browser.get("/evotor")
    page = browser.submit("/evotor", access_token=EVOTOR_OTHER_TOKEN)
    assert "другую учётную запись Эвотора" in page.notices[0]
    page = browser.get("/sync")
    assert "другую учётную запись Эвотора" in " ".join(page.notices)
    assert page.one(".switch")["aria-checked"] == "false"


@pytest.mark.parametrize(
    "written",
    [
        "777000111",
        "-777000111",
        "club777000111",
        "public777000111",
        "https://vk.com/club777000111",
        "vk.ru/public777000111",
        " m.vk.com/club777000111?from=search ",
        "https://vk.com/lavka_demo",
        "m.vk.ru/lavka_demo?from=search",
        "@lavka_demo",
        "LAVKA_demo",
        "https://vk.com/lavka_demo/",
        "vk.com/market-777000111",
        "777 000 111",
    ],
)
def test_a_community_may_be_written_in_many_ways(browser: Browser, written: str) -> None:
    browser.get("/vk")
    page = browser.submit("/vk", group_id=written, access_token=VK_TOKEN)
    said = "Сообщество ВК подключено. Теперь выберите товары в каталоге."
    assert page.notices == [said] and "Лавка на Садовой" in page.text
    connection = stored_vk()
    assert connection is not None and connection.group_id == CLUB
    assert VK_TOKEN not in page.html


@pytest.mark.parametrize(
    "written", ["лавка", "https://ok.ru/lavka", "0", "-", "99999999999999", "vk.com/id50001234", "٧٧٧", ""]
)
def test_other_ways_are_refused_with_an_example(browser: Browser, written: str) -> None:
    browser.get("/vk")
    page = browser.submit("/vk", 422, group_id=written, access_token=VK_TOKEN)
    assert page.errors and stored_vk() is None
    assert page.one("input[name=group_id]").get("value", "") == written
    assert page.one("[autofocus]")["name"] == "group_id", "on a phone it would be out of sight"
    assert not page.one("input[name=access_token]").get("value")


@pytest.mark.parametrize(
    ("group_id", "token", "said"),
    [
        (CLUB, "demo-expired", "ВК не принял этот ключ доступа"),
        (CLUB, "demo-noscope", "нет права на товары"),
        (CLUB, "demo-group", "ключ доступа сообщества"),
        (CLUB, "demo-service", "сервисный ключ доступа"),
        (CLOSED_CLUB, VK_TOKEN, "выключены товары"),
        (123456, VK_TOKEN, "Такого сообщества нет"),
    ],
)
def test_what_vk_refuses_is_explained(browser: Browser, group_id: int, token: str, said: str) -> None:
    browser.get("/vk")
    page = browser.submit("/vk", 422, group_id=str(group_id), access_token=token)
    assert said in page.errors[0] and stored_vk() is None


def test_the_goods_of_a_former_community_are_told_wherever_they_are_missed(browser: Browser, owner: User) -> None:
    story.ran(owner)
    browser.get("/vk")
    fields = {"group_id": str(EXTENDED_CLUB), "access_token": VK_TOKEN}
    left = "осталось 9 наших товаров: чтобы скрыть их, подключите это сообщество снова"
    told = f"В прежнем сообществе ВК {left}"

    assert f"В прежнем сообществе ВК «Лавка на Садовой» {left}" in browser.submit("/vk", **fields).notices[0]
    assert "Нужно подтвердить заново: подключено другое сообщество ВК." in browser.get("/connections").text
    page = browser.get("/sync")
    assert "в подключённом сообществе наших товаров нет" in page.text and page.text.count(told) == 1
    for path in ("/account", "/vk", "/evotor"):
        assert f"В подключённом сообществе наших товаров нет. {told}" in browser.get(path).text
    assert browser.post("/sync/toggle").text.count(told) == 1
    assert told in browser.post("/vk/disconnect").notices[0]


def test_after_the_way_back_no_update_is_called_the_first(browser: Browser, owner: User) -> None:
    story.ran(owner)
    for club in (EXTENDED_CLUB, CLUB):
        browser.get("/vk")
        browser.submit("/vk", group_id=str(club), access_token=VK_TOKEN)

    for path in ("/sync", "/sync/plan", "/sync/market"):
        text = browser.get(path).text
        assert "первым обновлением" not in text and "первом обновлении" not in text and "не читали" not in text


def test_whoever_goes_back_to_a_former_community_has_its_goods_again(browser: Browser, owner: User) -> None:
    story.ran(owner)
    for club in (EXTENDED_CLUB, CLUB):
        browser.get("/vk")
        page = browser.submit("/vk", group_id=str(club), access_token=VK_TOKEN)
    assert "прежнем сообществе" not in page.text and "9 товаров видно" in browser.get("/sync").text
