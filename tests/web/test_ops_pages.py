"""What operators see and do, and that these pages are there for nobody else."""

from datetime import timedelta

import pytest
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import RunTrigger, User
from app.services.engine import run as engine_run
from app.services.errors import NotReady
from app.services.health import newest_migration
from app.services.ops import figures, operators
from app.services.owner import orders, run_requests
from app.tasks.sync import run_one
from app.web.auth.history import BY_OPERATORS
from tests.factories import PASSWORD, make_user
from tests.support import story
from tests.support.clock import stop_at
from tests.support.page import Browser, words
from tests.support.sandbox import EVOTOR_TOKEN, VK_TOKEN, Sandbox
from tests.support.settings import with_settings
from tests.support.webhooks import Webhooks

REASON = 'Много ошибок ВК: напишите "нам"'


@pytest.fixture
def operator(app: Flask) -> Browser:
    user = make_user("operator@example.ru")
    operators.grant(user)
    browser = Browser(app.test_client())
    browser.sign_in(user.email, PASSWORD)
    return browser


def halt(operator: Browser, owner: User) -> None:
    operator.get(f"/ops/users/{owner.id}")
    operator.submit(f"/ops/users/{owner.id}/halt", reason=REASON)


@pytest.mark.parametrize("path", ["/ops", "/ops/users", "/ops/users/1"])
def test_the_pages_are_there_for_operators_alone(
    visitor: Browser, browser: Browser, operator: Browser, path: str
) -> None:
    operator.get(path)
    browser.get(path, 404)
    assert visitor.client.get(path).location == f"/login?next={path}"


def test_whoever_is_no_operator_halts_nobody(browser: Browser, owner: User) -> None:
    browser.get("/account")
    browser.post(f"/ops/users/{owner.id}/halt", {"reason": REASON}, 404)
    browser.post(f"/ops/users/{owner.id}/resume", status=404)
    assert owner.halted_at is None


def test_an_operator_comes_to_the_overview_from_the_account(operator: Browser, browser: Browser) -> None:
    assert "/ops" in operator.get("/account").links()
    assert "/ops" not in browser.get("/account").links()


def test_an_operator_who_is_none_any_more_sees_nothing(operator: Browser) -> None:
    operator.get("/ops")
    for user in db.session.query(User):
        operators.revoke(user)
    operator.get("/ops", 404)


def test_the_overview_counts_owners_runs_and_connections(operator: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    page = operator.get("/ops")

    assert "Всего 2" in page.text and "Синхронизация активна 1" in page.text
    assert ["Завершено", "1", "1"] in page.cells()
    assert ["Подключено", "1", "1"] in page.cells()
    assert f"Миграция {newest_migration()}" in page.text


def test_an_owner_whose_runs_find_nothing_to_do_is_seen_to_be_fine(
    operator: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    story.run_again(owner)

    assert "Без изменений: 1 владелец за час, 1 владелец за сутки" in operator.get("/ops").text.replace("\xa0", " ")
    rows = operator.get(f"/ops/users/{owner.id}").cells()
    assert [row[1] for row in rows] == ["Без изменений", "Завершено"]


def test_a_removed_application_stands_apart(app: Flask, operator: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    Webhooks(app.test_client()).uninstalled(1_000)
    rows = operator.get("/ops").cells()

    assert ["Приложение удалено", "1", "—"] in rows and ["Ключ не принят", "0", "0"] in rows
    assert "Приложение удалено" in operator.get("/ops/users").text


def test_whose_runs_fail_stands_there_with_the_reason_and_no_shop(
    operator: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    assert story.ran_into(owner, sandbox, "vk", "captcha").error_code == "vk_14"
    page = operator.get("/ops")

    assert f"/ops/users/{owner.id}" in page.links()
    assert "vk_14" in page.text
    assert owner.email not in page.text


def test_a_page_of_an_account_shows_no_key_and_no_goods(operator: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    page = operator.get(f"/ops/users/{owner.id}")

    assert owner.email in page.text and "Активна" in page.text
    hidden = [EVOTOR_TOKEN, VK_TOKEN, *(item["name"] for item in sandbox.items())]
    assert hidden[2:] and not [text for text in hidden if text in page.html]


@pytest.mark.parametrize(("words", "found"), [("OWNER@", 1), ("1", 1), ("nobody", 0), ("", 2), ("99999999999", 0)])
def test_an_account_is_found_by_address_or_number(operator: Browser, owner: User, words: str, found: int) -> None:
    page = operator.get("/ops/users", query_string={"q": words})
    assert len(page.all("tbody tr")) == found


def test_nothing_asks_the_operator_for_what_the_owner_has_to_do(
    operator: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    story.ran_into(owner, sandbox, "vk", "captcha")
    for path in ("/ops", "/ops/users", f"/ops/users/{owner.id}"):
        page = operator.get(path)
        assert "Нужно участие владельца" in page.text and "Нужно ваше участие" not in page.text


def test_an_account_that_is_not_there_is_none(operator: Browser) -> None:
    operator.get("/ops/users/99", 404)
    operator.get(f"/ops/users/{10**18}", 404)


# Held up by an operator


def test_the_owner_reads_why_and_whom_to_write_to(
    app: Flask, operator: Browser, browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    with_settings(app, support_contact="help@example.ru")
    story.ran(owner)
    halt(operator, owner)

    for path in ("/sync", "/sync/problems"):
        page = browser.get(path)
        assert "Обновления приостановил оператор EvoSync" in page.text
        assert "напишите нам: help@example.ru" in page.text and REASON in page.text
    assert browser.get("/sync").is_disabled("Обновить сейчас")


def test_a_run_starts_neither_by_itself_nor_by_a_press(
    operator: Browser, browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    halt(operator, owner)

    assert run_one(owner).error == "halted"
    with pytest.raises(NotReady, match="halted"):
        run_requests.request_run(owner)
    with pytest.raises(NotReady, match="halted"):
        orders.hide_all(owner)
    page = browser.post("/sync/confirm")
    assert any("обновление пока не начнётся" in notice for notice in page.notices)
    assert run_one(owner).error == "halted"


def test_the_page_of_the_synchronisation_tells_the_reason_and_does_not_lead_to_itself(
    operator: Browser, browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    halt(operator, owner)
    assert f"Причина: {REASON}" in words(browser.get("/sync").one("#run-reason"))

    off = browser.post("/sync/toggle", {"enabled": "0"})
    assert "Включите, чтобы" not in off.text and "когда оператор EvoSync снимет паузу" in off.text
    pages = [off, *(browser.post(f"/sync/{press}") for press in ("toggle", "confirm", "run", "hide-all"))]
    assert not any("на странице «Синхронизация»" in page.text for page in pages)
    assert pages[-1].notices[0].startswith("Ничего не скрыто. Обновления приостановил оператор EvoSync:")


def test_after_the_pause_the_page_says_that_updates_may_go_on(
    operator: Browser, browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    story.queued(owner)
    halt(operator, owner)
    operator.submit(f"/ops/users/{owner.id}/resume")

    page = browser.get("/sync")
    assert "Оператор EvoSync снова разрешил обновления." in page.text and "приостановил" not in page.text


def test_the_record_says_in_plain_words_who_made_an_operator(operator: Browser) -> None:
    assert "по команде администратора сервера" in operator.get("/account").text


def test_switch_and_confirmation_stay(operator: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    assert owner.sync_config is not None
    before = owner.sync_config.is_enabled, owner.sync_config.confirmed_at
    halt(operator, owner)
    db.session.expire_all()
    assert (owner.sync_config.is_enabled, owner.sync_config.confirmed_at) == before


def test_what_is_queued_is_dropped_and_what_is_at_work_ends(operator: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    story.queued(owner)
    halt(operator, owner)
    assert (story.last_run(owner).status, story.last_run(owner).error_code) == ("stopped", "halted")

    operator.submit(f"/ops/users/{owner.id}/resume")
    run = story.at_work(owner)
    halt(operator, owner)
    db.session.refresh(run)
    assert run.cancel_requested and run.error_code == "halted"


def test_runs_go_on_at_once_when_they_may(
    operator: Browser, browser: Browser, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.ran(owner)
    halt(operator, owner)
    stop_at(monkeypatch, utcnow() + timedelta(minutes=1))
    operator.submit(f"/ops/users/{owner.id}/resume")

    assert owner.halted_at is None and owner.halt_reason is None
    assert figures.due(utcnow()).users == 1
    assert engine_run.run_user(owner, RunTrigger.SCHEDULE).succeeded
    assert "приостановил" not in browser.get("/sync").text


def test_a_reason_is_asked_for(operator: Browser, owner: User) -> None:
    operator.get(f"/ops/users/{owner.id}")
    page = operator.submit(f"/ops/users/{owner.id}/halt", 422, reason=" ")
    assert page.errors == ["Напишите причину: её прочитает владелец."]
    assert owner.halted_at is None


def test_the_record_of_the_owner_says_it_without_the_operators_address(
    operator: Browser, browser: Browser, owner: User
) -> None:
    operator.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    halt(operator, owner)
    operator.submit(f"/ops/users/{owner.id}/resume")

    page = browser.get("/account/events")
    told = [[cell for cell in row if cell] for row in page.cells()[: len(BY_OPERATORS)]]
    assert [(row[0], row[-1]) for row in told] == [
        ("Обновления снова разрешены", "оператор EvoSync"),
        ("Обновления приостановлены", "оператор EvoSync"),
    ]
    assert "192.0.2.7" not in page.text
