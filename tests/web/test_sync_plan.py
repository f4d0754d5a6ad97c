"""A plan that waits for the owner, and the approval."""

import pytest

from app.db import db
from app.domain.changes import Action, Change
from app.domain.plan import Plan
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, RunStatus, RunTrigger, SyncApproval, SyncRun, User
from app.services import engine, overview, planning, runs
from tests.factories import connect_both, make_active, set_rule
from tests.support.page import Browser, words
from tests.support.sandbox import SECOND_STORE, STORE

WAITS = "План ждёт вашего решения"
APPROVE = "/sync/approve"


@pytest.fixture
def waiting(owner: User) -> User:
    """Everything was listed; then the rules chose the other store."""
    make_active(connect_both(owner), SECOND_STORE)
    engine.run_user(owner, RunTrigger.SCHEDULE)
    set_rule(owner, EntityType.STORE, None, SECOND_STORE)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    assert engine.run_user(owner, RunTrigger.SCHEDULE).status == RunStatus.NEEDS_APPROVAL
    return owner


def last_run(user: User) -> SyncRun:
    run = runs.latest(user.id)
    assert run is not None
    return run


def approvals() -> int:
    return db.session.query(SyncApproval).count()


def test_the_plan_says_why_it_waits_and_shows_what_it_would_hide(browser: Browser, waiting: User) -> None:
    page = browser.get("/sync/plan")
    card = words(page.one(".card-warning"))
    assert WAITS in card and "План скроет или удалит 9 товаров из 9, которые сейчас видны в ВК." in card
    assert "24 часа" in card and "/catalog" in page.links()
    assert words(page.one(".tabs a[aria-current]")).startswith("Скрыть") and len(page.cells()) == 9
    assert "Добавить" in words(browser.get("/sync/plan?show=add").one(".tabs a[aria-current]"))


def test_additions_and_prices_that_wait_are_said_in_their_own_words(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    engine.run_user(owner, RunTrigger.SCHEDULE)
    db.session.execute(db.text("update catalog_products set price = price * 3"))
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    page = browser.get("/sync/plan")
    card = words(page.one(".card-warning"))
    assert "После изменения фильтров план добавит 26 новых товаров." in card
    assert "У 9 товаров из 9, которые сейчас видны в ВК, цена изменится больше чем наполовину." in card


def test_the_main_page_and_the_run_lead_to_the_plan(browser: Browser, waiting: User) -> None:
    for path in ("/sync", f"/sync/runs/{last_run(waiting).id}"):
        page = browser.get(path)
        assert "/sync/plan" in {str(link["href"]) for link in page.all(".notice-warning a")}


def test_a_paused_sync_is_not_told_to_decide(browser: Browser, waiting: User) -> None:
    browser.get("/sync")
    assert WAITS not in browser.submit("/sync/toggle").text
    page = browser.get("/sync/plan")
    assert page.is_disabled("Одобрить") and "Включите её" in words(page.one("#approve-reason"))
    assert "не запущена" in browser.submit(APPROVE).notices[0]
    assert approvals() == 0


def test_an_approved_plan_is_queued_and_carried_out(browser: Browser, waiting: User) -> None:
    browser.get("/sync/plan")
    page = browser.submit(APPROVE)
    assert page.path == "/sync" and page.notices[0].startswith("Одобрено")
    assert last_run(waiting).status == RunStatus.QUEUED
    assert any("Вы одобрили этот план" in notice for notice in browser.get("/sync/plan").notices)
    waited = db.session.query(SyncRun).filter_by(status=RunStatus.NEEDS_APPROVAL).one()
    assert engine.run_user(waiting, RunTrigger.SCHEDULE).succeeded
    page = browser.get(f"/sync/runs/{waited.id}")
    assert "решать больше нечего" in page.notices[0] and "Ждал решения" in page.text
    assert "Ждёт вашего решения" not in browser.get("/sync/runs").text


@pytest.mark.parametrize("fields", [{}, {"fingerprint": ""}, {"fingerprint": "f" * 5000}, {"fingerprint": "\x00ё"}])
def test_another_fingerprint_approves_nothing(browser: Browser, waiting: User, fields: dict[str, str]) -> None:
    browser.get("/sync/plan")
    page = browser.post(APPROVE, fields)
    assert page.path == "/sync/plan" and "план изменился" in page.notices[0]
    assert approvals() == 0 and last_run(waiting).status == RunStatus.NEEDS_APPROVAL


def test_a_plan_that_changed_since_it_was_seen_is_shown_anew(browser: Browser, waiting: User) -> None:
    browser.get("/sync/plan")
    db.session.delete(db.session.query(Listing).limit(1).one())
    page = browser.submit(APPROVE)
    assert "план изменился" in page.notices[0] and approvals() == 0
    assert "8 товаров из 8" in words(page.one(".card-warning"))


def test_a_plan_that_waits_no_more_says_so(browser: Browser, waiting: User) -> None:
    set_rule(waiting, EntityType.STORE, FilterMode.INCLUDE, SECOND_STORE)
    set_rule(waiting, EntityType.STORE, None, STORE)
    page = browser.get("/sync/plan")
    assert any("больше не ждёт вашего решения" in notice for notice in page.notices) and not page.all(".card-warning")
    assert "Одобрять уже нечего" in browser.post(APPROVE, {"fingerprint": "x"}).notices[0]


def test_a_stranger_approves_only_a_plan_of_their_own(browser: Browser, stranger: Browser, waiting: User) -> None:
    token = browser.get("/sync/plan").one("input[name=fingerprint]")["value"]
    stranger.get("/sync/plan")
    stranger.post(APPROVE, {"fingerprint": token})
    assert approvals() == 0 and last_run(waiting).status == RunStatus.NEEDS_APPROVAL


def test_a_renamed_album_has_its_place_in_the_plan(
    browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Change(Action.ALBUM_RENAME, "Чай", album="Чай", before={"album": "Напитки"})
    monkeypatch.setattr(planning, "plan_for", lambda _user: Plan((rename,), {}, frozenset()))
    assert overview.plan_overview(owner).counts["albums"] == 1
    assert "Переименовать подборку" in browser.get("/sync/plan?show=albums").text
