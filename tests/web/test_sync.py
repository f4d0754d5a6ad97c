"""The main page, the plan, the runs."""

from datetime import datetime

import pytest
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.domain.planning.plan import Plan
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus, RunTrigger, SyncConfig, SyncRun, SyncRunEntry, User
from app.services.engine import run as engine_run
from app.services.owner import config as owner_config
from app.services.planning import plans
from app.services.runs import records
from tests.factories import add_product, add_store, connect_both, make_active, make_user, set_rule
from tests.support import story
from tests.support.clock import NOON, stop_at
from tests.support.page import HTMX, Browser, Page
from tests.support.sandbox import SECOND_STORE, STORE, Sandbox

TOGGLE = "/sync/toggle"
CONFIRM = "Подтвердить и запустить"


def switch(page: Page) -> str:
    return str(page.one(".switch")["aria-checked"])


def status(page: Page) -> str:
    return page.one("#master-status").get_text().strip()


def test_without_evotor_there_is_only_the_warning_and_what_to_do(browser: Browser) -> None:
    page = browser.get("/sync")
    assert "Эвотор не подключён" in page.notices[0] and "/evotor" in page.links()
    assert not page.all("main form") and CONFIRM not in page.text


def test_without_evotor_enabling_and_confirming_change_nothing(browser: Browser) -> None:
    browser.get("/sync")
    assert "Эвотор не подключён" in browser.post(TOGGLE, {"enabled": "1"}).notices[0]
    assert "Эвотор не подключён" in browser.post("/sync/confirm").notices[0]
    config = db.session.query(SyncConfig).one()
    assert not config.is_enabled and config.confirmed_at is None


def test_without_evotor_a_running_sync_can_be_turned_off(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    browser.get("/evotor")
    browser.submit("/evotor/disconnect")
    page = browser.get("/sync")
    assert switch(page) == "true"
    browser.submit(TOGGLE)
    assert not db.session.query(SyncConfig).one().is_enabled


def test_the_page_makes_the_default_configuration(browser: Browser) -> None:
    db.session.query(SyncConfig).delete()
    browser.get("/sync")
    config = db.session.query(SyncConfig).one()
    assert (config.is_enabled, config.confirmed_at) == (False, None)


def test_the_way_from_connected_to_running(browser: Browser, owner: User) -> None:
    connect_both(owner)
    page = browser.get("/sync")
    assert status(page) == "Не настроено" and page.is_disabled(CONFIRM)
    assert "Выберите в каталоге хотя бы один магазин" in page.one("#confirm-reason").get_text()
    assert "Сначала настройте фильтры" in browser.submit(TOGGLE).notices[0]

    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    page = browser.get("/sync")
    assert status(page) == "Настроено, ожидает подтверждения" and page.is_disabled(CONFIRM)
    assert "включите синхронизацию" in page.one("#confirm-reason").get_text()

    page = browser.submit(TOGGLE)
    assert switch(page) == "true" and not page.is_disabled(CONFIRM)
    page = browser.submit("/sync/confirm")
    assert status(page) == "Активна" and "Подтверждено" in page.notices[0]
    assert db.session.query(SyncRun).one().status == RunStatus.QUEUED
    assert "Подтверждено сегодня в 12:00. Снова подтверждать не нужно" in page.text
    again = page.one("details:has(form[action='/sync/confirm'])")
    assert not again.has_attr("open") and "btn-outline-secondary" in page.button(CONFIRM)["class"]
    assert status(browser.submit("/sync/confirm")) == "Активна", "whoever presses it all the same is let"

    page = browser.submit(TOGGLE)
    assert status(page) == "Приостановлена" and "Наших товаров в ВК нет" in page.notices[0]


def test_the_summary_counts_rules_and_products(browser: Browser, owner: User) -> None:
    connect_both(owner)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    text = browser.get("/sync").text
    assert "1 магазин, 0 групп, 0 товаров" in text
    known = _products_by_store()
    assert f"Фильтры пропускают {known[STORE]} из {sum(known.values())} товаров" in text


def _products_by_store() -> dict[str, int]:
    rows = db.session.execute(db.text("select store_id, count(*) from catalog_products group by store_id"))
    return {row[0]: row[1] for row in rows}


def test_equal_barcodes_in_several_stores_are_noted(browser: Browser, owner: User) -> None:
    connect_both(owner)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE, SECOND_STORE)
    assert "в нескольких магазинах" in browser.get("/sync").text
    assert "в нескольких магазинах" in browser.get("/sync/plan").text
    set_rule(owner, EntityType.STORE, None, SECOND_STORE)
    assert "в нескольких магазинах" not in browser.get("/sync").text


def test_a_missing_vk_is_a_warning_that_does_not_stop_confirming(browser: Browser, owner: User) -> None:
    browser.get("/evotor")
    connect_both(owner)
    browser.get("/vk")
    browser.submit("/vk/disconnect")
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    page = browser.get("/sync")
    assert "ВК не подключён" in page.notices[0] and "/vk" in page.links()
    browser.submit(TOGGLE)
    assert status(browser.submit("/sync/confirm")) == "Активна"
    assert browser.get("/sync").is_disabled("Обновить сейчас")


@pytest.mark.parametrize("value", ["2", "", "yes", "1; drop", "\x00"])
def test_other_values_of_the_switch_are_refused(browser: Browser, value: str) -> None:
    browser.get("/sync")
    browser.post(TOGGLE, {"enabled": value}, status=400)


def test_without_a_value_the_switch_flips(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    browser.get("/sync")
    assert switch(browser.post(TOGGLE)) == "false"
    assert switch(browser.post(TOGGLE)) == "true"


def test_htmx_gets_the_main_part_alone(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    browser.get("/sync")
    page = browser.post(TOGGLE, {"enabled": "0"}, headers=HTMX)
    assert page.html.lstrip().startswith('<div id="sync-main"') and "Приостановлена" in page.text
    assert page.notices and not page.all("h1")


def test_a_run_is_asked_for_once(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    page = browser.get("/sync")
    assert not page.is_disabled("Обновить сейчас") and "Завершено" in page.text
    page = browser.submit("/sync/run")
    assert page.is_disabled("Обновить сейчас") and "поставлено в очередь" in page.notices[0]
    browser.post("/sync/run")
    assert db.session.query(SyncRun).count() == 2


def test_no_run_for_a_sync_that_is_not_active(browser: Browser) -> None:
    browser.get("/sync")
    assert "ещё не подтверждали" in browser.post("/sync/run").notices[0]
    assert db.session.query(SyncRun).count() == 0


def test_an_active_owner_without_a_store_is_told(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    set_rule(owner, EntityType.STORE, FilterMode.EXCLUDE, STORE, SECOND_STORE)
    page = browser.get("/sync")
    assert status(page) == "Активна" and "фильтры не пропускают ни одного магазина" in " ".join(page.notices)


def test_a_store_that_was_not_read_is_named(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    add_store(owner, "S9", "Ларёк").state = "payment_required"
    for path in ("/sync", "/sync/plan", "/evotor"):
        assert "Ларёк" in " ".join(browser.get(path).notices)


# The plan


def test_the_plan_lists_additions_albums_and_what_is_skipped(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    page = browser.get("/sync/plan")
    assert any("цена: 320,00 ₽" in row[2] for row in page.cells())
    assert browser.get("/sync/plan?show=albums").cells()
    skipped = browser.get("/sync/plan?show=skipped").cells()
    assert any("Нет цены" in row[2] and row[3] for row in skipped)


def test_the_plan_shows_old_and_new_values(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    db.session.execute(db.text("update catalog_products set price = 1234.5 where name like 'Чай зелёный%'"))
    db.session.commit()
    page = browser.get("/sync/plan")
    assert len(page.cells()) == 1
    assert "было 390,00 ₽ стало 1 234,50 ₽" in page.cells()[0][2]


def test_what_leaves_the_selection_is_hidden_with_its_reason(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    set_rule(owner, EntityType.STORE, None, SECOND_STORE)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    rows = browser.get("/sync/plan?show=hide").cells()
    assert rows and all("Не показывается по фильтрам" in row[2] for row in rows)


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1000000000", "9" * 5000, "", "1.5", "٣"])
@pytest.mark.parametrize("path", ["/sync/plan", "/sync/runs", "/sync/runs/1"])
def test_any_page_number_is_answered(browser: Browser, owner: User, path: str, page: str) -> None:
    assert story.stopped(owner).id == 1
    browser.get(path, query_string={"page": page, "show": page})


def test_a_long_plan_is_paged(browser: Browser, owner: User) -> None:
    add_store(owner)
    for number in range(101):
        add_product(owner, f"P{number}")
    page = browser.get("/sync/plan")
    assert len(page.cells()) == 100 and "1–100 из 101 строки" in page.text
    assert len(browser.get("/sync/plan?page=2").cells()) == 1


# Runs


def a_run(owner: User, **fields: object) -> SyncRun:
    """By hand: how far a run is between two changes, and codes that VK may send one day, are told as they stand."""
    run = SyncRun(user_id=owner.id, **({"trigger": RunTrigger.MANUAL, "status": RunStatus.RUNNING} | fields))
    db.session.add(run)
    db.session.commit()
    return run


def test_the_history_is_empty_at_first(browser: Browser) -> None:
    assert "Обновлений ещё не было" in browser.get("/sync/runs").text


def test_every_run_of_the_engine_can_be_read(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    sandbox.put_product("priceless", SECOND_STORE, price=0)
    make_active(connect_both(owner), SECOND_STORE)
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    page = browser.get("/sync/runs")
    assert "Завершено" in page.text and "после подтверждения" in page.text
    page = browser.get(next(link for link in page.links() if link.startswith("/sync/runs/")))
    assert "Добавлено" in page.text and "Нет цены" in page.text
    assert any("Сделано" in row[3] for row in page.cells())


def test_a_change_tells_what_was_what_is_and_when(
    browser: Browser, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.put_product("T", SECOND_STORE, name="Чай свежий", price=10)
    story.ran(owner)
    sandbox.patch_product("T", SECOND_STORE, name="Чай луговой", price=12)
    stop_at(monkeypatch, NOON.replace(hour=12, minute=5, second=9))
    run = story.run_again(owner)

    texts, price = sorted(browser.get(f"/sync/runs/{run.id}").cells(), key=lambda row: "цена" in row[2])

    assert "было Чай свежий стало Чай луговой" in texts[2] and "фото: новое" in texts[2]
    assert "было 10,00 ₽ стало 12,00 ₽" in price[2]
    assert texts[3] == price[3] == "Сделано 15:05:09"


def test_progress_is_asked_for_until_the_run_ends(browser: Browser, owner: User) -> None:
    run = a_run(owner, total=10, done=3, started_at=utcnow())
    page = browser.get(f"/sync/runs/{run.id}")
    bar = page.one("progress")
    assert (bar["value"], bar["max"]) == ("3", "10") and page.one("[hx-trigger]")["hx-trigger"] == "every 2s"
    part = browser.get(f"/sync/runs/{run.id}", headers=HTMX)
    assert part.one("#run-progress") and not part.all("h1")
    run.status, run.done, run.finished_at = RunStatus.SUCCEEDED, 10, utcnow()
    db.session.commit()
    part = browser.get(f"/sync/runs/{run.id}", headers=HTMX)
    assert part.one("[hx-trigger]")["hx-trigger"] == "load delay:1s" and part.one("[hx-get]")["hx-target"] == "#main"


@pytest.mark.parametrize("code", ["vk_205", "vk_7777", "worker_lost", "evotor_unreachable", "vk_strange_errors"])
def test_errors_are_told_in_russian(browser: Browser, owner: User, code: str) -> None:
    run = a_run(owner, status=RunStatus.FAILED, error_code=code, error_text="Access denied", finished_at=utcnow())
    entry = SyncRunEntry(
        run_id=run.id,
        action="add",
        outcome=EntryOutcome.FAILED,
        name="Чай",
        error_code="vk_7777",
        error_text="Odd fault",
    )
    db.session.add(entry)
    db.session.commit()
    for path in ("/sync", "/sync/runs", f"/sync/runs/{run.id}"):
        assert code not in browser.get(path).text and "Access denied" not in browser.get(path).text
    assert "ошибка 7777" in browser.get(f"/sync/runs/{run.id}").text


@pytest.mark.parametrize(("vendor", "answer", "path"), [("vk", "captcha", "/vk"), ("evotor", "401", "/evotor")])
def test_a_run_that_needs_the_owner_leads_to_the_connection(
    browser: Browser, owner: User, sandbox: Sandbox, vendor: str, answer: str, path: str
) -> None:
    story.ran(owner)
    run = story.ran_into(owner, sandbox, vendor, answer)
    assert [str(link["href"]) for link in browser.get(f"/sync/runs/{run.id}").all(".notice a")] == [path]


def test_a_run_of_somebody_else_does_not_exist(browser: Browser, stranger: Browser, owner: User) -> None:
    run = story.queued(owner)
    assert browser.get(f"/sync/runs/{run.id}").status == 200
    stranger.get(f"/sync/runs/{run.id}", status=404)
    stranger.get(f"/sync/runs/{run.id}", status=404, headers=HTMX)
    assert "Обновлений ещё не было" in stranger.get("/sync/runs").text


@pytest.mark.parametrize("run_id", ["0", "999999", "9" * 30])
def test_a_run_that_never_was_is_not_found(browser: Browser, run_id: str) -> None:
    browser.get(f"/sync/runs/{run_id}", status=404)


def test_times_are_the_owners_own(browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    owner.time_zone = "Asia/Vladivostok"
    stop_at(monkeypatch, datetime(2024, 3, 5, 20, 15))
    story.at_work(owner)
    stop_at(monkeypatch, NOON)
    assert "6 марта 2024 г. в 06:15" in browser.get("/sync/runs?show=all").text


def test_a_reader_does_not_wait_for_the_writer(app: Flask, browser: Browser) -> None:
    """SQLite has one writer; pages that only look go on beside it."""
    with app.app_context():
        db.session.execute(db.text("update users set failed_sign_ins = 0"))
        answer = browser.ask_beside(lambda: browser.client.get("/sync/runs"))
        db.session.rollback()
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/sync", "/sync/problems", "/connections"])
def test_a_run_may_begin_while_a_page_waits_for_the_plan(
    app: Flask, browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    story.ran(owner)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)  # so that the plan has to be made anew
    story.queued(owner)
    real = plans.plan_for

    def begin() -> None:
        with app.app_context():
            story.at_work(db.session.get_one(User, owner.id))

    def made_meanwhile(*asked: object) -> Plan:
        browser.ask_beside(begin)
        return real(*asked)  # type: ignore[arg-type]  # as it was asked for

    monkeypatch.setattr(plans, "plan_for", made_meanwhile)
    browser.get(path)
    assert story.last_run(owner).status == RunStatus.RUNNING


def test_other_peoples_settings_stay(browser: Browser, stranger: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    stranger.get("/sync")
    stranger.post(TOGGLE, {"enabled": "0"})
    db.session.refresh(owner)
    assert owner_config.config_of(owner).is_enabled
    assert records.latest(make_user("third@example.ru").id) is None
