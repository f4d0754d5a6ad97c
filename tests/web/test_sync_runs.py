"""The history of runs, a run's progress, and its changes."""

from datetime import datetime, timedelta

import pytest

from app.clock import utcnow
from app.db import db
from app.domain.planning.changes import LinkState
from app.models import EntryOutcome, Listing, RunStage, RunStatus, RunTrigger, SyncRun, SyncRunEntry, User
from app.services.owner.config import config_of
from app.services.vendors.clients import vk_window
from tests.factories import add_product, add_store, make_user
from tests.support import story
from tests.support.page import HTMX, Browser, Page, words
from tests.support.sandbox import SECOND_STORE, Sandbox

DONE = {"add": {"done": 12}, "edit": {"done": 3, "failed": 2}, "hide": {"done": 1}}


def a_run(owner: User, **fields: object) -> SyncRun:
    """By hand: histories of dozens of runs at any hour, and every stage at any count."""
    usual = {"trigger": RunTrigger.SCHEDULE, "status": RunStatus.SUCCEEDED, "counts": {}}
    run = SyncRun(user_id=owner.id, **(usual | fields))
    db.session.add(run)
    db.session.commit()
    return run


def at_work(owner: User, **fields: object) -> SyncRun:
    usual = {"status": RunStatus.RUNNING, "started_at": utcnow(), "lease_until": utcnow() + timedelta(minutes=5)}
    config_of(owner).is_enabled = True
    return a_run(owner, **(usual | fields))


def add_entry(run: SyncRun, name: str, action: str = "add", outcome: str = "done", **fields: object) -> None:
    """By hand: one of each outcome in one run."""
    db.session.add(SyncRunEntry(run_id=run.id, action=action, outcome=outcome, name=name, **fields))
    db.session.commit()


def listed(page: Page) -> list[list[str]]:
    """The rows of the list, without those of the days."""
    return [[words(cell) for cell in row.select("td")] for row in page.all("section > table tbody tr")]


def progress(browser: Browser, run: SyncRun) -> str:
    return words(browser.get(f"/sync/runs/{run.id}").one("#run-progress"))


# Progress


def test_a_run_says_what_it_does_and_how_long_it_will_be(browser: Browser, owner: User) -> None:
    ends, now = utcnow() + timedelta(minutes=4), utcnow()
    run = at_work(owner, stage=RunStage.ADD, ends_at=ends, heartbeat_at=now, done=140, total=620)
    assert progress(browser, run) == "Добавляем товары: сделано 140 из 620 изменений, осталось около 4 минут"


def test_a_run_that_cannot_tell_yet_says_nothing_of_its_end(browser: Browser, owner: User) -> None:
    run = at_work(owner, stage=RunStage.ADD, heartbeat_at=utcnow(), done=22, total=620)
    assert progress(browser, run) == "Добавляем товары: сделано 22 из 620 изменений"


@pytest.mark.parametrize("stage", list(RunStage))
def test_every_stage_has_words(browser: Browser, owner: User, stage: RunStage) -> None:
    assert progress(browser, at_work(owner, stage=stage, total=5))


def test_the_store_that_is_read_is_named(browser: Browser, owner: User) -> None:
    run = at_work(owner, stage=RunStage.CATALOG, stage_note="Лавка")
    assert progress(browser, run) == "Читаем каталог Эвотора, магазин «Лавка»…"


def test_a_queued_run_says_what_it_waits_for(browser: Browser, owner: User) -> None:
    assert "в течение минуты" in progress(browser, a_run(owner, status=RunStatus.QUEUED))


def test_a_run_that_nobody_takes_says_what_to_do(browser: Browser, owner: User) -> None:
    run = a_run(owner, status=RunStatus.QUEUED, created_at=utcnow() - timedelta(minutes=7))
    text = progress(browser, run)
    assert "уже 7 минут" in text and "планировщик не работает" in text and "bin/sync" in text


def test_a_run_that_waits_for_others_does_not_blame_the_scheduler(browser: Browser, owner: User) -> None:
    at_work(make_user("other@example.ru"))
    run = a_run(owner, status=RunStatus.QUEUED, created_at=utcnow() - timedelta(minutes=7))
    assert "другие магазины" in progress(browser, run)


def test_a_run_whose_worker_died_says_so(browser: Browser, owner: User) -> None:
    run = at_work(owner, lease_until=utcnow() - timedelta(minutes=1), stage=RunStage.ADD, done=1, total=5)
    assert "прервалось" in progress(browser, run)


def test_the_screen_reader_hears_only_what_is_new(browser: Browser, owner: User) -> None:
    run = at_work(owner, stage=RunStage.ADD, done=20, total=100)
    poll = str(browser.get(f"/sync/runs/{run.id}").one("#run-progress")["hx-get"])
    run.done = 39
    db.session.commit()
    assert not browser.get(poll, headers=HTMX).all("#run-news")
    run.done = 40
    db.session.commit()
    part = browser.get(poll, headers=HTMX)
    assert words(part.one("#run-news")) == "Добавляем товары: сделано 40%"
    assert not browser.get(str(part.one("#run-progress")["hx-get"]), headers=HTMX).all("#run-news")


def test_the_end_renews_the_page_on_which_the_reader_is(browser: Browser, owner: User) -> None:
    run = a_run(owner)
    part = browser.get(f"/sync/runs/{run.id}", headers={**HTMX, "HX-Current-URL": "http://localhost/sync?a=1"})
    assert part.one("#run-progress")["hx-get"] == "/sync?a=1"
    whole = browser.get(f"/sync/runs/{run.id}", headers={**HTMX, "HX-Target": "main"})
    assert whole.one("#main")


@pytest.mark.parametrize("address", ["", "http://localhost//evil.example/x", "http://[", "javascript:alert(1)"])
def test_the_end_leads_nowhere_else(browser: Browser, owner: User, address: str) -> None:
    run = a_run(owner)
    part = browser.get(f"/sync/runs/{run.id}", headers={**HTMX, "HX-Current-URL": address})
    assert part.one("#run-progress")["hx-get"] == f"/sync/runs/{run.id}"


# The history


def test_a_new_owner_reads_what_will_be_here(browser: Browser, owner: User) -> None:
    page = browser.get("/sync/runs")
    assert "После первого обновления" in page.text and not page.all(".chart")


def test_runs_without_changes_are_folded(browser: Browser, owner: User) -> None:
    noon = utcnow().replace(hour=9, minute=0) - timedelta(days=1)
    for minutes in (0, 15, 30):
        a_run(owner, created_at=noon + timedelta(minutes=minutes))
    a_run(owner, created_at=noon + timedelta(minutes=45), done=1, counts={"add": {"done": 1}})
    a_run(owner, created_at=noon + timedelta(minutes=60))
    rows = listed(browser.get("/sync/runs"))
    assert [row[1] for row in rows] == ["1 обновление без изменений", "Завершено", "3 обновления без изменений"]
    assert rows[2][0] == "вчера, 12:00–12:30"
    assert len(listed(browser.get("/sync/runs?show=all"))) == 5


def test_a_page_of_history_shows_the_quiet_runs_of_that_page_alone(browser: Browser, owner: User) -> None:
    for _ in range(26):
        a_run(owner, done=1, counts={"add": {"done": 1}})
        a_run(owner)
    first, second = (listed(browser.get(f"/sync/runs?page={number}")) for number in (1, 2))
    assert sum("без изменений" in row[1] for row in first + second) == 26 + 1  # once on either side of the border
    assert "без изменений" in first[0][1] and len(second) == 2


def test_the_history_can_be_narrowed_to_a_day_in_the_owners_time(browser: Browser, owner: User) -> None:
    owner.time_zone = "Asia/Vladivostok"
    a_run(owner, created_at=datetime(2026, 3, 5, 13, 59), done=16, counts=DONE)
    a_run(owner, created_at=datetime(2026, 3, 5, 14, 0), done=1, counts={"add": {"done": 1}})
    page = browser.get("/sync/runs?day=2026-03-05")
    assert len(page.cells()) == 1
    assert "Добавлено 12, изменено 3, скрыто 1. Не получилось 2." in words(page.one(".day-summary"))


@pytest.mark.parametrize("day", ["", "x", "0001-01-01", "9999-12-31", "2026-02-30", "\x00", "2026-13-01"])
@pytest.mark.parametrize("show", ["", "problems", "\x00", "x"])
def test_any_day_and_filter_is_answered(browser: Browser, owner: User, day: str, show: str) -> None:
    a_run(owner)
    browser.get("/sync/runs", query_string={"day": day, "show": show})


def test_problems_are_found_at_once(browser: Browser, owner: User) -> None:
    a_run(owner, done=1, counts={"add": {"done": 1}})
    a_run(owner, status=RunStatus.CONTINUED, error_code="time_slice", done=1)
    failed = a_run(owner, status=RunStatus.FAILED, error_code="internal")
    refused = a_run(owner, done=1)
    add_entry(refused, "Чай", outcome="failed")
    links = browser.get("/sync/runs?show=problems").links()
    assert {link for link in links if link.startswith("/sync/runs/")} == {
        f"/sync/runs/{failed.id}",
        f"/sync/runs/{refused.id}",
    }


def test_thirty_days_are_drawn_and_told(browser: Browser, owner: User) -> None:
    a_run(owner, done=18, counts=DONE)
    a_run(owner, status=RunStatus.FAILED, error_code="internal", created_at=utcnow() - timedelta(days=3))
    page = browser.get("/sync/runs")
    assert page.one(".chart > svg")["role"] == "img"
    assert len(page.all(".chart > svg > g")) == 30 and len(page.all(".chart-bar")) == 1
    assert "За 30 дней: 2 обновления, 16 изменений, 1 неудачное." in words(page.one(".chart figcaption"))
    assert page.all(".chart > svg .mark-failed") and "было неудачное обновление" in words(page.one(".chart-legend"))


def test_the_history_of_others_is_not_counted(browser: Browser, owner: User) -> None:
    a_run(make_user("other@example.ru"), done=18, counts=DONE)
    a_run(owner)
    assert "1 обновление, 0 изменений" in browser.get("/sync/runs").text


# One run


def test_a_run_tells_in_words_what_it_did(browser: Browser, owner: User) -> None:
    began = utcnow() - timedelta(minutes=10)
    run = a_run(owner, counts=DONE, done=18, total=18, started_at=began, finished_at=began + timedelta(minutes=3))
    text = browser.get(f"/sync/runs/{run.id}").text
    assert "Добавлено 12, изменено 3, скрыто 1. Не получилось 2." in text and "заняло 3 минуты" in text


def test_a_run_says_why_there_are_more_changes_than_goods(browser: Browser, owner: User) -> None:
    counts = {"add": {"done": 240}, "album_add": {"done": 59}, "album_put": {"done": 240}}
    run = a_run(owner, counts=counts, done=539, total=539)
    assert "Всего 539 изменений: новый товар, его подборка" in browser.get(f"/sync/runs/{run.id}").text
    assert "Всего" not in browser.get(f"/sync/runs/{a_run(owner, counts=DONE).id}").text


@pytest.fixture
def varied(owner: User) -> SyncRun:
    run = a_run(owner, done=3, counts={"add": {"done": 1, "failed": 1}, "edit": {"done": 1}})
    add_entry(run, "Чай Луговой")
    add_entry(run, "Чай чёрный", action="edit")
    add_entry(run, "Мёд", outcome="failed", error_code="vk_100")
    return run


def test_what_went_wrong_stands_first(browser: Browser, varied: SyncRun) -> None:
    assert browser.get(f"/sync/runs/{varied.id}").cells()[0][0] == "Мёд"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("outcome=failed", ["Мёд"]),
        ("action=edit", ["Чай чёрный"]),
        ("q=ЧАЙ", ["Чай Луговой", "Чай чёрный"]),
        ("q=луговой чай", ["Чай Луговой"]),
        ("q=мед", ["Мёд"]),
        ("q=%C2%ABЧaй%C2%BB лугoвoй", ["Чай Луговой"]),
        ("outcome=done&action=add&q=чай", ["Чай Луговой"]),
        ("outcome=kept", []),
        ("outcome=odd&action=odd", ["Мёд", "Чай Луговой", "Чай чёрный"]),
        ("q=%00&page=7", ["Мёд", "Чай Луговой", "Чай чёрный"]),
    ],
)
def test_changes_are_found(browser: Browser, varied: SyncRun, query: str, names: list[str]) -> None:
    rows = browser.get(f"/sync/runs/{varied.id}?{query}").cells()
    assert [row[0] for row in rows] == names


def test_outcomes_are_counted_while_the_run_goes_on(browser: Browser, owner: User) -> None:
    run = at_work(owner, total=5, done=1)
    add_entry(run, "Чай", outcome=EntryOutcome.FAILED)
    chips = browser.get(f"/sync/runs/{run.id}").all(".tabs a")
    assert [words(chip) for chip in chips] == ["Все 1", "Не получилось 1"]


def test_a_change_leads_to_the_item_in_vk(browser: Browser, owner: User) -> None:
    listing = {"user_id": owner.id, "vk_group_id": 77, "store_id": "S1", "product_id": "P1", "sku": "ev:P1"}
    db.session.add(Listing(**listing, vk_item_id=5, name="Чай", state=LinkState.LIVE))
    run = a_run(owner, done=1, counts={"add": {"done": 1}})
    add_entry(run, "Чай", store_id="S1", product_id="P1", vk_item_id=5)
    page = browser.get(f"/sync/runs/{run.id}")
    assert vk_window(77) + "?w=product-77_5" in page.links()


def test_a_change_leads_to_the_page_of_the_product_while_there_is_one(browser: Browser, owner: User) -> None:
    add_store(owner)
    add_product(owner, "P1")
    run = a_run(owner, done=2, counts={"hide": {"done": 2}})
    add_entry(run, "Чай", action="hide", store_id="S1", product_id="P1")
    add_entry(run, "Мёд", action="hide", store_id="S1", product_id="P2")
    links = [link for link in browser.get(f"/sync/runs/{run.id}").links() if link.startswith("/catalog/stores/")]
    assert links == ["/catalog/stores/S1/products/P1"]


def test_a_run_that_did_everything_says_it_once(browser: Browser, owner: User) -> None:
    counts = {"add": {"done": 5}}
    assert not browser.get(f"/sync/runs/{a_run(owner, done=5, total=5, counts=counts).id}").all("#run-progress")
    partly = a_run(owner, status=RunStatus.CONTINUED, error_code="time_slice", done=5, total=9, counts=counts)
    assert progress(browser, partly) == "Сделано 5 из 9 изменений."


def test_the_reason_of_what_was_left_out_leads_on(browser: Browser, owner: User) -> None:
    run = a_run(owner, skipped={"no_price": 4, "review": 1})
    page = browser.get(f"/sync/runs/{run.id}")
    assert {"/sync/plan?show=skipped", "/sync/settings"} <= page.links() and "Укажите в Эвоторе цену" in page.text


# What was not read


def test_a_run_says_which_store_could_not_be_read(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    sandbox.fault("evotor", "402", target="products", store=SECOND_STORE)
    story.queued(owner)
    run = story.run_again(owner)

    page = browser.get(f"/sync/runs/{run.id}")

    assert run.status == RunStatus.SUCCEEDED and run.unread_stores == ["Ярмарка"]
    assert "Не прочитано в этот раз: Ярмарка" in page.notices[0] and "/catalog" in page.links()
    assert "По прежним товарам изменений не потребовалось." in page.text
    assert "Не прочитано: Ярмарка" in browser.get("/sync/runs?show=all").text


# What the owner switched off


def test_a_run_that_was_switched_off_says_that_it_stops(browser: Browser, owner: User) -> None:
    story.ran(owner)
    run = at_work(owner, stage=RunStage.ADD, total=42)
    browser.get("/sync")

    page = browser.submit("/sync/toggle")

    assert "Останавливаем…" in words(page.one("#run-progress")), "its worker notices before its next change"
    assert "Добавляем товары" not in page.text
    assert progress(browser, run).startswith("Останавливаем…")


def test_what_vk_has_not_answered_yet_is_no_missing_answer(browser: Browser, owner: User) -> None:
    story.ran(owner)
    at_work(owner, stage=RunStage.ADD, total=42)
    db.session.execute(
        db.update(Listing).values(state=LinkState.ADDING, vk_item_id=None, attempted_at=utcnow()),
    )
    db.session.commit()

    page = browser.get("/vk")

    assert "Сейчас идёт обновление" in page.text and "он не ответил" not in page.text


def test_an_open_main_page_counts_what_stands_in_vk_as_the_run_goes_on(browser: Browser, owner: User) -> None:
    story.ran(owner)
    run = at_work(owner, stage=RunStage.ADD, total=42)
    ids = ["in-vk", "room-in-vk", "switch-meaning"]
    page = browser.get("/sync")
    assert [page.one(f"#{name}").get("hx-swap-oob") for name in ids] == [None] * 3
    headers = {**HTMX, "HX-Current-URL": "http://localhost/sync"}

    polled = browser.get(f"/sync/runs/{run.id}?drawn=running", headers=headers)

    assert [words(polled.one(f"#{name}[hx-swap-oob]")) for name in ids] == [words(page.one(f"#{name}")) for name in ids]
    assert words(polled.one("#in-vk")) == "9 товаров видно"
    elsewhere = browser.get(f"/sync/runs/{run.id}?drawn=running", headers=HTMX)
    assert not elsewhere.all("#in-vk")


# Runs that left no row


def test_whoever_watched_a_quiet_run_is_led_to_its_end(browser: Browser, owner: User) -> None:
    story.ran(owner)
    watched = story.at_work(owner)
    poll = str(browser.get(f"/sync/runs/{watched.id}").one("#run-progress")["hx-get"])
    watched.lease_until = utcnow() - timedelta(minutes=1)
    db.session.commit()
    went = story.run_again(owner)
    story.run_again(owner)

    part = browser.get(f"/sync/runs/{went.id}", headers={**HTMX, "HX-Current-URL": "http://localhost/sync"})

    assert part.one("#run-progress")["hx-get"] == "/sync"
    assert poll.startswith(f"/sync/runs/{watched.id}")


def test_the_last_quiet_run_has_its_page(browser: Browser, owner: User) -> None:
    story.ran(owner)
    run = story.run_again(owner)
    assert "Изменений не потребовалось." in browser.get(f"/sync/runs/{run.id}").text


def test_an_earlier_quiet_run_leads_to_the_history(browser: Browser, owner: User) -> None:
    story.ran(owner)
    earlier = story.run_again(owner)
    story.run_again(owner)

    page = browser.get(f"/sync/runs/{earlier.id}", follow_redirects=True)

    assert "оно прошло без изменений" in page.text
    assert [row[1] for row in listed(page)][:1] == ["2 обновления без изменений"]


def test_what_is_somebody_elses_stays_unknown(browser: Browser, owner: User) -> None:
    foreign = a_run(make_user("other@example.ru"))
    story.ran(owner)
    story.run_again(owner)
    for number in (foreign.id, 1_000):
        browser.get(f"/sync/runs/{number}", status=404)


def test_a_quiet_run_counts_as_the_last_one_on_the_main_page(browser: Browser, owner: User) -> None:
    story.ran(owner)
    story.run_again(owner)
    assert "Всё в порядке" in browser.get("/sync").text


def test_a_press_brings_back_what_has_become_seldom(browser: Browser, owner: User) -> None:
    story.ran(owner)
    state = owner.sync_state
    assert state is not None
    for _ in range(8):
        state.next_run_at = None  # its time has come
        db.session.commit()
        story.run_again(owner)
    assert state.next_run_at == utcnow() + timedelta(hours=1)

    browser.post("/catalog/filters", {"entity_type": "store", "entity_id": SECOND_STORE, "filter_mode": "include"})

    db.session.expire_all()
    assert state.next_run_at == utcnow() + timedelta(minutes=15)
