"""What the main page tells a newcomer, and later at a glance."""

import pytest

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunTrigger, User
from app.services.connections import evotor, vk
from app.services.engine import run
from tests.factories import add_product, connect_both, make_active, set_rule
from tests.support import story
from tests.support.page import HTMX, Browser, Page, words
from tests.support.sandbox import ACCOUNT, EVOTOR_TOKEN, EXTENDED_CLUB, SECOND_STORE, STORE, VK_TOKEN, Sandbox

CONFIRM = "Подтвердить и запустить"


def steps(page: Page) -> list[str]:
    return [words(step).split(" ")[-1] for step in page.all(".step h3")]


def primary(page: Page) -> list[str]:
    """What the step to take now offers to press."""
    return [words(button) for button in page.one(".step.is-now").select(".btn-primary")]


def test_a_newcomer_reads_what_this_is_and_what_to_press(browser: Browser) -> None:
    page = browser.get("/sync")
    assert "EvoSync переносит товары из Эвотора в сообщество ВКонтакте" in page.text
    assert steps(page) == ["Сейчас", "Потом", "Потом", "Потом"]
    assert primary(page) == ["Подключить Эвотор"] and page.one("[aria-current=step]")


def test_every_step_has_one_button(browser: Browser, owner: User) -> None:
    evotor.connect_evotor(owner, EVOTOR_TOKEN)
    page = browser.get("/sync")
    assert steps(page) == ["Готово", "Сейчас", "Потом", "Потом"] and primary(page) == ["Подключить ВК"]

    connect_both(owner)
    page = browser.get("/sync")
    assert primary(page) == ["Настроить фильтры"]
    assert page.text.count("Настроить фильтры") == 1, "not offered twice"

    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    page = browser.get("/sync")
    assert steps(page)[2:] == ["Готово", "Сейчас"] and primary(page) == [CONFIRM]
    assert page.text.count("Посмотреть, что изменится") == 1


def test_before_the_first_run_the_page_tells_what_will_be_listed_and_what_not(browser: Browser, owner: User) -> None:
    connect_both(owner)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    step = words(browser.get("/sync").one(".step.is-now"))
    plan = browser.get("/sync/plan")
    listed = len(plan.cells())
    assert f"Покупатели увидят в ВК {listed} товар" in step and "Нет цены — 2" in step
    assert f"Покупатели увидят в ВК {listed} товар" in plan.text and "Укажите в Эвоторе цену" in plan.text
    assert "/sync/plan?show=skipped&reason=no_price" in plan.links(), "with several stores the plan lists them"


def test_with_one_store_the_catalog_lists_what_is_skipped(browser: Browser, owner: User) -> None:
    connect_both(owner)
    db.session.execute(db.text("delete from catalog_stores where store_id != :id"), {"id": STORE})
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    assert f"/catalog/stores/{STORE}?state=problem&problem=no_price" in browser.get("/sync").links()


def test_the_first_run_is_shown_in_its_step(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    page = browser.get("/sync")
    assert "Обновление в очереди" in words(page.one(".step.is-now"))
    run.run_user(owner, RunTrigger.SCHEDULE)
    assert not browser.get("/sync").all(".steps")


def test_another_community_brings_the_steps_back(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    run.run_user(owner, RunTrigger.SCHEDULE)
    vk.connect_vk(owner, VK_TOKEN, EXTENDED_CLUB)
    db.session.commit()
    page = browser.get("/sync")
    assert steps(page) == ["Готово", "Готово", "Готово", "Сейчас"]
    assert "другое сообщество ВК" in page.notices[0]


def test_at_a_glance_all_is_well(browser: Browser, owner: User) -> None:
    story.ran(owner)
    page = browser.get("/sync")
    assert page.notices == ["Всё в порядке: 9 товаров в ВК, обновлено только что."]
    assert any("/ui/club" in link for link in page.links())
    assert not page.all(".steps")


def test_minor_matters_do_not_spoil_the_glance(browser: Browser, owner: User) -> None:
    story.ran(owner)
    add_product(owner, "P2", SECOND_STORE, price=None)
    page = browser.get("/sync")
    assert page.notices[0].startswith("Всё в порядке") and "Что можно улучшить: 1" in page.text
    assert "/sync/problems" in page.links()


def test_the_heaviest_problem_stands_first_and_the_others_are_counted(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    sandbox.put_product("P2", SECOND_STORE, price=0)
    story.ran_into(owner, sandbox, "vk", "auth")
    page = browser.get("/sync")
    assert "Ключ доступа ВК больше не действует" in page.notices[0] and "Всё в порядке" not in page.text
    assert page.text.count("Ключ доступа ВК больше не действует") == 1, "not said twice"
    assert "Ещё требует внимания: 1" in page.text


def test_a_paused_sync_is_not_called_well(browser: Browser, owner: User) -> None:
    story.ran(owner)
    browser.get("/sync")
    assert "Всё в порядке" not in browser.submit("/sync/toggle").text


def test_the_switch_keeps_the_focus_by_its_id(browser: Browser, owner: User) -> None:
    story.ran(owner)
    browser.get("/sync")
    page = browser.post("/sync/toggle", {"enabled": "0"}, headers=HTMX)
    assert page.one(".switch")["id"] == "switch-enabled"


# The page of problems


def test_without_problems_the_page_says_so(browser: Browser) -> None:
    assert "Сейчас от вас ничего не нужно" in browser.get("/sync/problems").text


def test_every_problem_has_its_sentence_and_one_way(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": "S9", "name": "Ларёк"}])
    story.ran(owner)
    sandbox.put_product("P2", SECOND_STORE, price=0)
    sandbox.put_product("P3", SECOND_STORE, type="DIETARY_SUPPLEMENTS_MARKED")
    sandbox.control("evotor/stores", account=ACCOUNT, delete=["S9"])
    story.ran_into(owner, sandbox, "vk", "auth")
    page = browser.get("/sync/problems")
    assert [words(title) for title in page.all(".problem-card h2")] == [
        "ВК не принимает ключ доступа",
        "Не прочитано в последний раз: Ларёк",
        "1 товар ждёт проверки",
        "Нет цены: 1 товар",
    ]
    assert [len(card.select("a.btn")) for card in page.all(".problem-card")] == [1, 1, 1, 1]


def test_a_captcha_has_its_way_out(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    story.ran_into(owner, sandbox, "vk", "captcha")
    assert owner.vk is not None and owner.vk.way_out
    page = browser.get("/sync/problems")
    assert owner.vk.way_out in page.links() and page.one('form[action="/vk/check"]')


def test_somebody_elses_problems_are_not_shown(browser: Browser, stranger: Browser, owner: User) -> None:
    story.ran(owner)
    add_product(owner, "P2", SECOND_STORE, price=None)
    assert "Нет цены" in browser.get("/sync/problems").text
    assert "ничего не нужно" in stranger.get("/sync/problems").text


@pytest.mark.parametrize("path", ["/sync", "/sync/plan", "/sync/problems"])
def test_without_vk_every_page_answers(browser: Browser, owner: User, path: str) -> None:
    evotor.connect_evotor(owner, EVOTOR_TOKEN)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    assert browser.get(path).status == 200
