"""Connecting, checking and disconnecting both services, against the sandbox."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import CatalogProduct, ConnectionState, EvotorConnection, RunTrigger, User, VkConnection
from app.services.engine import run
from app.services.vendors import turns
from tests.factories import connect_both, make_active
from tests.support.clock import NOON, stop_at
from tests.support.page import Browser, words
from tests.support.sandbox import (
    CLOSED_CLUB,
    CLUB,
    EVOTOR_FORBIDDEN_TOKEN,
    EVOTOR_OTHER_TOKEN,
    EVOTOR_TOKEN,
    EXTENDED_CLUB,
    SECOND_STORE,
    VK_TOKEN,
    Sandbox,
)


def stored_vk() -> VkConnection | None:
    return db.session.query(VkConnection).one_or_none()


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
    assert "другой аккаунт Эвотора" in page.notices[0]
    page = browser.get("/sync")
    assert "другой аккаунт Эвотора" in " ".join(page.notices)
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


# What people paste

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


def test_a_sync_that_never_ran_leads_to_the_first_steps(browser: Browser, owner: User) -> None:
    connect_both(owner)
    assert "К первым шагам" in browser.get("/connections").text
    make_active(owner)
    assert "К первым шагам" not in browser.get("/connections").text


def test_a_community_belongs_to_one_account(browser: Browser, stranger: Browser, owner: User) -> None:
    connect_both(owner)
    stranger.get("/vk")
    page = stranger.submit("/vk", 422, group_id=str(CLUB), access_token=VK_TOKEN)
    assert "уже подключено к другому аккаунту" in page.errors[0]


def test_another_community_takes_the_confirmation_back(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    browser.get("/vk")
    page = browser.submit("/vk", group_id=str(EXTENDED_CLUB), access_token=VK_TOKEN)
    assert "другое сообщество" in page.notices[0]
    assert "другое сообщество" in " ".join(browser.get("/sync").notices)


@pytest.mark.parametrize("vendor", ["evotor", "vk"])
def test_a_check_tells_that_all_is_well(browser: Browser, owner: User, vendor: str) -> None:
    connect_both(owner)
    browser.get(f"/{vendor}")
    page = browser.submit(f"/{vendor}/check")
    assert page.notices == ["Проверили: всё работает."] and page.path == f"/{vendor}"


def test_a_check_shows_a_token_that_died(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    connect_both(owner)
    sandbox.fault("evotor", "401", times=20)
    browser.get("/evotor")
    page = browser.submit("/evotor/check")
    assert "Эвотор не принял ключ" in page.notices[0] and "Ключ не принят" in page.text
    assert "Эвотор не принял ключ" in " ".join(browser.get("/sync").notices)
    assert "Ключ не принят" in browser.get("/connections").text


@pytest.mark.parametrize("vendor", ["evotor", "vk"])
def test_disconnecting_keeps_everything_else(browser: Browser, owner: User, vendor: str) -> None:
    make_active(connect_both(owner))
    page = browser.get(f"/{vendor}")
    assert "Наших товаров в ВК нет" in page.text, "nothing was listed yet that could stay"
    page = browser.submit(f"/{vendor}/disconnect")
    assert "Наших товаров в ВК нет" in page.notices[0]
    assert not page.all(f'form[action="/{vendor}/disconnect"]')
    assert db.session.query(CatalogProduct).count() == 47


@pytest.mark.parametrize("path", ["/evotor/check", "/vk/check", "/evotor/disconnect", "/vk/disconnect"])
def test_nothing_breaks_where_nothing_is_connected(browser: Browser, path: str) -> None:
    browser.get("/connections")
    assert browser.post(path).status == 200


# Ways out of what stops a run


@pytest.mark.parametrize(
    ("vendor", "fault", "said", "state"),
    [
        ("vk", "auth", "Ключ доступа ВК больше не действует", ConnectionState.TOKEN_REJECTED),
        ("vk", "no_right", "ВК закрыл доступ", ConnectionState.FORBIDDEN),
        ("vk", "access", "Нет прав на товары сообщества", ConnectionState.FORBIDDEN),
        ("vk", "market_off", "В сообществе выключены товары", ConnectionState.SHOP_CLOSED),
        ("evotor", "401", "Эвотор не принял ключ", ConnectionState.TOKEN_REJECTED),
    ],
)
def test_what_stopped_a_run_is_said_once_with_the_way_out(
    browser: Browser, owner: User, sandbox: Sandbox, vendor: str, fault: str, said: str, state: ConnectionState
) -> None:
    make_active(connect_both(owner))
    sandbox.fault(vendor, fault)
    assert run.run_user(owner, RunTrigger.SCHEDULE).status == "stopped"
    for path in ("/sync", "/connections"):
        page = browser.get(path)
        assert page.text.count(said) == 1 and f"/{vendor}" in page.links()
        assert "Продолжить" not in page.text
    connection = owner.vk if vendor == "vk" else owner.evotor
    assert connection is not None and connection.state == state


def test_a_question_of_vk_can_be_answered_from_every_page_that_tells_of_it(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    make_active(connect_both(owner))
    sandbox.fault("vk", "captcha")
    assert run.run_user(owner, RunTrigger.SCHEDULE).error == "vk_14"
    for path in ("/sync", "/connections", "/vk"):
        page = browser.get(path)
        assert page.text.count("не робот") == 1
        link = next(link for link in page.all(".notice a") if words(link) == "Открыть ВК")
        assert str(link["href"]).startswith("http") and link["target"] == "_blank"
        assert set(link.get_attribute_list("rel")) == {"noopener", "noreferrer"}
        assert page.button("Продолжить")
    sandbox.clear_faults()
    assert browser.post("/vk/check").notices == ["Проверили: всё работает."]
    assert "Открыть ВК" not in browser.get("/vk").text + browser.get("/sync").text


def test_where_vk_names_no_page_there_is_only_the_check(browser: Browser, owner: User) -> None:
    vk = connect_both(owner).vk
    assert vk is not None
    vk.state, vk.error_code = ConnectionState.NEEDS_OWNER, "vk_17"
    for path in ("/sync", "/connections", "/vk"):
        page = browser.get(path)
        assert page.button("Продолжить") and not [link for link in page.all("a") if words(link) == "Открыть ВК"]


def test_a_connection_that_does_not_work_is_not_called_working(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    run.run_user(owner, RunTrigger.SCHEDULE)
    assert "Всё в порядке" in browser.get("/connections").text
    db.session.execute(sa.update(VkConnection).values(state="token_rejected", error_code="vk_5"))
    db.session.commit()

    page = browser.get("/connections")

    assert "не получаются" in page.text and "Всё в порядке" not in page.text
