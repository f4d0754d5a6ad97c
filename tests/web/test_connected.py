"""Pages of what is connected: another one, checks, disconnecting, ways out of what stops a run."""

import pytest

from app.db import db
from app.models import CatalogProduct, ConnectionState, RunTrigger, User
from app.models.event import AccountEvent
from app.services.engine import run
from tests.factories import connect_both, make_active
from tests.support import story
from tests.support.page import Browser, words
from tests.support.sandbox import (
    CLUB,
    EXTENDED_CLUB,
    VK_TOKEN,
    Sandbox,
)


def test_a_sync_that_never_ran_leads_to_the_first_steps(browser: Browser, owner: User) -> None:
    connect_both(owner)
    assert "К первым шагам" in browser.get("/connections").text
    make_active(owner)
    assert "К первым шагам" not in browser.get("/connections").text


def test_a_community_belongs_to_one_account(browser: Browser, stranger: Browser, owner: User) -> None:
    connect_both(owner)
    stranger.get("/vk")
    page = stranger.submit("/vk", 422, group_id=str(CLUB), access_token=VK_TOKEN)
    assert "уже подключено к другой учётной записи" in page.errors[0]


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
    assert page.notices[0] == "Проверили: всё работает." and page.path == f"/{vendor}"


@pytest.mark.parametrize(("vendor", "name"), [("evotor", "Эвотор"), ("vk", "ВК")])
def test_what_is_disconnected_is_not_disconnected_again(browser: Browser, owner: User, vendor: str, name: str) -> None:
    connect_both(owner)
    other_tab = browser.get(f"/{vendor}")
    browser.submit(f"/{vendor}/disconnect")
    events = db.session.query(AccountEvent).count()
    browser.page = other_tab

    page = browser.submit(f"/{vendor}/disconnect")

    assert f"{name} уже был отключён" in page.notices[0]
    assert db.session.query(AccountEvent).count() == events


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
    assert browser.post("/vk/check").notices[0] == "Проверили: всё работает."
    assert "Открыть ВК" not in browser.get("/vk").text + browser.get("/sync").text


def test_where_vk_names_no_page_there_is_only_the_check(browser: Browser, owner: User) -> None:
    vk = connect_both(owner).vk
    assert vk is not None
    vk.state, vk.error_code = ConnectionState.NEEDS_OWNER, "vk_17"
    for path in ("/sync", "/connections", "/vk"):
        page = browser.get(path)
        assert page.button("Продолжить") and not [link for link in page.all("a") if words(link) == "Открыть ВК"]


def test_a_connection_that_does_not_work_is_not_called_working(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    assert "Всё в порядке" in browser.get("/connections").text
    story.ran_into(owner, sandbox, "vk", "auth")

    page = browser.get("/connections")

    assert "не получаются" in page.text and "Всё в порядке" not in page.text
