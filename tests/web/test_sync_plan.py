"""A plan that waits for the owner, and the approval."""

import pytest

from app.db import db
from app.domain.planning.changes import Action, Change
from app.domain.planning.plan import Plan
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, RunStatus, RunTrigger, SyncApproval, SyncRun, User
from app.services.engine import run as engine_run
from app.services.pages.sync import plan
from app.services.planning import plans
from app.services.runs import records
from tests.factories import add_product, add_store, connect_both, make_active, set_rule
from tests.support import story
from tests.support.page import Browser, Page, words
from tests.support.sandbox import SECOND_STORE, STORE, Sandbox

WAITS = "Изменения ждут вашего решения"
APPROVE = "/sync/approve"


@pytest.fixture
def waiting(owner: User) -> User:
    """Everything was listed; then the rules chose the other store."""
    make_active(connect_both(owner), SECOND_STORE)
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    set_rule(owner, EntityType.STORE, None, SECOND_STORE)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    assert engine_run.run_user(owner, RunTrigger.SCHEDULE).status == RunStatus.NEEDS_APPROVAL
    return owner


def last_run(user: User) -> SyncRun:
    run = records.latest(user.id)
    assert run is not None
    return run


def approvals() -> int:
    return db.session.query(SyncApproval).count()


def test_the_plan_says_why_it_waits_and_shows_what_it_would_hide(browser: Browser, waiting: User) -> None:
    page = browser.get("/sync/plan")
    card = words(page.one(".card-warning"))
    assert WAITS in card and "В ВК скроется 9 товаров из 9, которые сейчас видны в ВК." in card
    assert "24 часа" in card and "/catalog" in page.links()
    assert words(page.one(".tabs a[aria-current]")).startswith("Скрыть") and len(page.cells()) == 9
    assert "Добавить" in words(browser.get("/sync/plan?show=add").one(".tabs a[aria-current]"))


def test_additions_and_prices_that_wait_are_said_in_their_own_words(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner), SECOND_STORE)
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    db.session.execute(db.text("update catalog_products set price = price * 3"))
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    page = browser.get("/sync/plan")
    card = words(page.one(".card-warning"))
    assert "После изменения фильтров в ВК добавится 26 новых товаров." in card
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
    assert "ещё не подтверждали" in browser.submit(APPROVE).notices[0]
    assert approvals() == 0


def test_an_approved_plan_is_queued_and_carried_out(browser: Browser, waiting: User) -> None:
    browser.get("/sync/plan")
    page = browser.submit(APPROVE)
    assert page.path == "/sync" and page.notices[0].startswith("Одобрено")
    assert last_run(waiting).status == RunStatus.QUEUED
    assert any("Вы одобрили эти изменения" in notice for notice in browser.get("/sync/plan").notices)
    waited = db.session.query(SyncRun).filter_by(status=RunStatus.NEEDS_APPROVAL).one()
    assert engine_run.run_user(waiting, RunTrigger.SCHEDULE).succeeded
    page = browser.get(f"/sync/runs/{waited.id}")
    assert "решать больше нечего" in page.notices[0] and "Ждало решения" in page.text
    assert "Ждёт вашего решения" not in browser.get("/sync/runs").text


@pytest.mark.parametrize("fields", [{}, {"fingerprint": ""}, {"fingerprint": "f" * 5000}, {"fingerprint": "\x00ё"}])
def test_another_fingerprint_approves_nothing(browser: Browser, waiting: User, fields: dict[str, str]) -> None:
    browser.get("/sync/plan")
    page = browser.post(APPROVE, fields)
    assert page.path == "/sync/plan" and "изменения стали другими" in page.notices[0]
    assert approvals() == 0 and last_run(waiting).status == RunStatus.NEEDS_APPROVAL


def test_a_plan_that_changed_since_it_was_seen_is_shown_anew(browser: Browser, waiting: User) -> None:
    browser.get("/sync/plan")
    db.session.delete(db.session.query(Listing).limit(1).one())
    page = browser.submit(APPROVE)
    assert "изменения стали другими" in page.notices[0] and approvals() == 0
    assert "8 товаров из 8" in words(page.one(".card-warning"))


def test_a_plan_that_waits_no_more_says_so(browser: Browser, waiting: User) -> None:
    set_rule(waiting, EntityType.STORE, FilterMode.INCLUDE, SECOND_STORE)
    set_rule(waiting, EntityType.STORE, None, STORE)
    page = browser.get("/sync/plan")
    assert any("больше не ждут вашего решения" in notice for notice in page.notices) and not page.all(".card-warning")
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
    monkeypatch.setattr(plans, "plan_for", lambda *_asked: Plan((rename,), {}, frozenset()))
    assert plan.plan_overview(owner).counts["albums"] == 1
    assert "Переименовать подборку" in browser.get("/sync/plan?show=albums").text


# Searching, and confirming from here


@pytest.fixture
def planned(owner: User) -> User:
    """Connected, one store chosen, nothing confirmed."""
    connect_both(owner)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, STORE)
    return owner


def names(page: Page) -> list[str]:
    return [row[0] for row in page.cells()]


def test_what_goes_into_an_album_is_told_with_its_name(browser: Browser, planned: User) -> None:
    rows = browser.get("/sync/plan?show=albums").cells()
    put = {name: details for name, action, details in rows if action == "Положить в подборку"}
    assert put["Чай чёрный «Крупный лист» 100 г"] == "подборка: «Чай листовой»"
    assert put["Творог 9 % 300 г"] == "подборка: «Молочное»"


def test_the_plan_is_searched_by_every_word_of_a_name(browser: Browser, planned: User) -> None:
    page = browser.get("/sync/plan", query_string={"show": "add", "q": "соевая СВЕЧА"})
    assert names(page) == ["Свеча соевая «Лаванда» 180 мл"]
    assert "Нашлось: 1 строка в разделе «Добавить»" in words(page.one("#plan-count"))
    assert page.one("#plan-q")["value"] == "соевая СВЕЧА"


def test_what_is_skipped_is_searched_by_its_name_too(browser: Browser, planned: User) -> None:
    every = names(browser.get("/sync/plan?show=skipped"))
    page = browser.get("/sync/plan", query_string={"show": "skipped", "q": every[0]})
    assert every[0] in names(page) and len(page.cells()) < len(every)


def test_what_is_skipped_is_narrowed_to_one_reason(browser: Browser, planned: User) -> None:
    page = browser.get("/sync/plan?show=skipped&reason=no_price")
    assert len(page.cells()) == 2 and all("Нет цены" in row[2] for row in page.cells())
    current = [words(link) for link in page.all(".tabs a[aria-current]")]
    assert current[0].startswith("Не показываем") and current[1].startswith("Нет цены")
    assert page.one("input[name=reason]")["value"] == "no_price", "a search stays within the reason"


def test_nothing_found_leads_back_to_the_section(browser: Browser, planned: User) -> None:
    page = browser.get("/sync/plan", query_string={"show": "add", "q": "бегемот"})
    assert "Ничего не нашлось" in page.text and "/sync/plan?show=add" in page.links()


@pytest.mark.parametrize("q", ["\x00", "%", "'", "ё" * 5000, "<b>", "  ", "\\"])
@pytest.mark.parametrize("show", ["add", "skipped"])
def test_any_question_is_answered(browser: Browser, planned: User, q: str, show: str) -> None:
    browser.get("/sync/plan", query_string={"show": show, "q": q})


def test_an_unknown_reason_counts_as_none(browser: Browser, planned: User) -> None:
    every = browser.get("/sync/plan?show=skipped").cells()
    assert browser.get("/sync/plan?show=skipped&reason=odd").cells() == every


def test_the_pages_of_a_search_keep_it(browser: Browser, owner: User) -> None:
    add_store(owner)
    for number in range(101):
        add_product(owner, f"P{number}", name=f"Чай {number}")
    add_product(owner, "Q", name="Мёд")
    page = browser.get("/sync/plan", query_string={"show": "add", "q": "чай"})
    following = next(str(link["href"]) for link in page.all("a[rel=next]"))
    assert len(browser.get(following).cells()) == 1


def test_the_plan_is_confirmed_where_it_is_read(browser: Browser, planned: User) -> None:
    page = browser.get("/sync/plan")
    assert page.button("Включить и перейти к подтверждению") and not page.all('form[action="/sync/confirm"]')
    browser.get("/sync")
    browser.submit("/sync/toggle")
    browser.get("/sync/plan")
    page = browser.submit("/sync/confirm")
    assert page.path == "/sync" and "Подтверждено" in page.notices[0]
    assert not browser.get("/sync/plan").all('form[action="/sync/confirm"]'), "it is confirmed already"


def test_the_limits_of_vk_are_shown_before_the_first_run(browser: Browser, planned: User) -> None:
    page = browser.get("/sync/plan")
    items, albums = page.all("meter")
    assert (items["max"], albums["max"]) == ("15000", "100") and int(str(items["value"])) > 0
    assert "посчитаем при ближайшем обновлении" in page.text


def test_what_does_not_fit_is_told_with_what_to_do(browser: Browser, planned: User) -> None:
    assert planned.sync_state is None or planned.sync_state.foreign_items == 0
    browser.get("/sync")
    assert planned.sync_state is not None
    # By hand: fifteen thousand items of others are only a number here.
    planned.sync_state.foreign_items, planned.sync_state.foreign_albums = 14_999, 100
    db.session.commit()
    notices = " ".join(browser.get("/sync/plan").notices)
    assert "Не поместится" in notices and "без подборки" in notices


def test_an_empty_section_says_what_belongs_there(browser: Browser, planned: User) -> None:
    for section in ("edit", "hide", "delete"):
        assert "Здесь появятся" in browser.get(f"/sync/plan?show={section}").text or section == "delete"


def test_a_refused_product_is_shown_with_vks_answer(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    sandbox.put_product("P1", SECOND_STORE, name="Чай горный")
    sandbox.fault("vk", "error:1408", "market.add")
    story.run_again(owner)
    (cells,) = browser.get("/sync/plan?show=skipped&reason=refused").cells()
    assert cells[0] == "Чай горный" and "недопустимые ссылки" in cells[3]
