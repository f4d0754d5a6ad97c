"""Hiding everything, taking a run's hides back, stopping a run."""

from datetime import timedelta

import pytest

from app.db import db
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, OwnerOrder, RunStatus, RunTrigger, SyncConfig, SyncRun, User
from app.services.engine import run as engine_run
from app.services.owner import config, orders, shop_window
from app.services.runs import queue, records, schedule
from tests.factories import connect_both, make_active, set_rule
from tests.support import story
from tests.support.clock import NOON
from tests.support.page import HTMX, Browser, words
from tests.support.sandbox import SECOND_STORE, Sandbox

HIDE_ALL = "/sync/hide-all"
PLACES = ("/sync", "/vk", "/evotor", "/account")


@pytest.fixture
def listed(owner: User) -> User:
    """Nine products stand in the market."""
    make_active(connect_both(owner), SECOND_STORE)
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    return owner


def is_enabled() -> bool:
    return db.session.query(SyncConfig).filter_by(is_enabled=True).count() > 0


# Hide everything


@pytest.mark.parametrize("path", PLACES)
def test_it_is_offered_beside_everything_that_leaves_the_items(browser: Browser, listed: User, path: str) -> None:
    page = browser.get(path)
    offer = words(page.one(f'form[action="{HIDE_ALL}"]'))
    assert "9 товаров" in offer and "Синхронизация будет выключена" in offer and "включите её позже" in offer
    assert ("без подключения мы до ВК не дотянемся" in offer) == (path != "/sync")
    assert "останутся как есть" in page.text


@pytest.mark.parametrize("path", PLACES)
def test_it_is_not_offered_where_nothing_stands_in_vk(browser: Browser, owner: User, path: str) -> None:
    connect_both(owner)
    assert "Скрыть всё" not in browser.get(path).text


def test_everything_is_hidden_and_the_page_tells_how_far_it_is(
    browser: Browser, listed: User, sandbox: Sandbox
) -> None:
    browser.get("/sync")
    page = browser.submit(HIDE_ALL)
    assert "Скоро скроем в ВК 9 товаров" in page.notices[0] and not is_enabled()
    assert "Скрываем товары в ВК" in page.text and page.one("#run-progress")
    assert all("Скрываем товары в ВК" in browser.get(path).text for path in PLACES)
    engine_run.run_user(listed, RunTrigger.SCHEDULE)
    assert not sandbox.visible()
    assert "Скрываем товары в ВК" not in browser.get("/sync").text


def test_it_can_be_ordered_without_evotor(browser: Browser, listed: User) -> None:
    browser.get("/evotor")
    browser.submit("/evotor/disconnect")
    browser.get("/sync")
    browser.submit("/sync/toggle")
    browser.get("/sync")
    assert "Скрываем товары в ВК" in browser.submit(HIDE_ALL).text


def test_an_order_that_waits_for_its_next_run_says_so(browser: Browser, listed: User) -> None:
    orders.hide_all(listed)
    queue.drop_queued(listed.id)
    schedule.set_next_run(listed.id, NOON + timedelta(minutes=15))
    db.session.commit()
    page = browser.get("/sync")
    assert "Продолжим сами: сегодня в 12:15" in page.text and not page.all("#run-progress")


def test_nothing_to_hide_is_said_and_changes_nothing(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    browser.get("/sync")
    assert "скрывать нечего" in browser.post(HIDE_ALL).notices[0]
    assert is_enabled() and shop_window.order_of(owner) is None


def test_without_vk_nothing_can_be_hidden(browser: Browser, listed: User) -> None:
    browser.get("/vk")
    browser.submit("/vk/disconnect")
    assert "ВК не подключён" in browser.post(HIDE_ALL).notices[0]
    assert is_enabled()


def test_a_stranger_hides_nothing_of_the_owners(stranger: Browser, listed: User) -> None:
    stranger.get("/sync")
    stranger.post(HIDE_ALL)
    db.session.refresh(listed)
    assert is_enabled() and shop_window.order_of(listed) is None


# Take back


@pytest.fixture
def hidden(listed: User) -> SyncRun:
    """A run that hid one product."""
    set_rule(listed, EntityType.PRODUCT, FilterMode.EXCLUDE, db.session.query(Listing).limit(1).one().product_id)
    engine_run.run_user(listed, RunTrigger.SCHEDULE)
    run = records.latest(listed.id)
    assert run is not None and orders.undoable(listed, run) == 1
    return run


def test_what_the_last_run_hid_can_be_shown_again(browser: Browser, listed: User, hidden: SyncRun) -> None:
    undo = f"/sync/runs/{hidden.id}/undo"
    assert browser.get("/sync").all(f'form[action="{undo}"]')
    offer = words(browser.get(f"/sync/runs/{hidden.id}").one(f'form[action="{undo}"]'))
    assert "Снова покажем 1 товар" in offer and "проверьте фильтры" in offer
    page = browser.submit(undo)
    assert "Скоро снова покажем 1 товар" in page.notices[0] and "Возвращаем товары в ВК" in page.text
    assert not is_enabled() and shop_window.order_of(listed) is OwnerOrder.UNDO
    assert not browser.get(f"/sync/runs/{hidden.id}").all(f'form[action="{undo}"]')
    engine_run.run_user(listed, RunTrigger.SCHEDULE)
    assert db.session.query(Listing).filter_by(state=LinkState.HIDDEN).count() == 0


def test_a_run_that_hid_nothing_cannot_be_taken_back(browser: Browser, listed: User) -> None:
    run = records.latest(listed.id)
    assert run is not None
    page = browser.get(f"/sync/runs/{run.id}")
    assert "Вернуть" not in page.text
    assert "Возвращать нечего" in browser.post(f"/sync/runs/{run.id}/undo").notices[0]
    assert is_enabled()


@pytest.mark.parametrize("deed", ["undo", "stop"])
def test_a_run_of_somebody_else_does_not_exist(stranger: Browser, listed: User, hidden: SyncRun, deed: str) -> None:
    stranger.get("/sync")
    stranger.post(f"/sync/runs/{hidden.id}/{deed}", status=404)
    stranger.post(f"/sync/runs/999999/{deed}", status=404)
    assert is_enabled()


# Stop


def test_a_run_at_work_is_asked_to_stop_once(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    run = story.at_work(owner)
    stop = f"/sync/runs/{run.id}/stop"
    assert browser.get("/sync").all(f'form[action="{stop}"]')
    browser.get(f"/sync/runs/{run.id}")
    page = browser.submit(stop)
    assert page.path == f"/sync/runs/{run.id}" and "Останавливаем" in page.notices[0]
    assert run.cancel_requested and run.status == RunStatus.RUNNING
    assert "Останавливаем…" in words(page.one("#run-progress")) and not page.all(f'form[action="{stop}"]')
    assert "Останавливаем…" in browser.get(f"/sync/runs/{run.id}", headers=HTMX).text
    assert "Останавливаем…" in browser.get("/sync").text


def test_a_queued_run_leaves_the_queue_at_once(browser: Browser, owner: User) -> None:
    make_active(connect_both(owner))
    run = records.latest(owner.id)
    assert run is not None
    browser.get("/sync")
    page = browser.submit(f"/sync/runs/{run.id}/stop")
    assert "убрано из очереди" in page.notices[0] and run.status == RunStatus.STOPPED
    assert "Вы остановили обновление" in page.text


def test_stopping_an_order_withdraws_it(browser: Browser, listed: User) -> None:
    orders.hide_all(listed)
    db.session.commit()
    run = records.latest(listed.id)
    assert run is not None
    browser.get("/sync")
    assert "Вы остановили обновление" in browser.submit(f"/sync/runs/{run.id}/stop").text
    assert shop_window.order_of(listed) is None and not config.config_of(listed).is_enabled


def test_a_run_that_has_ended_is_not_stopped_again(browser: Browser, listed: User) -> None:
    ended, following = records.latest(listed.id), story.queued(listed)
    assert ended is not None
    browser.get("/sync")
    page = browser.post(f"/sync/runs/{ended.id}/stop")
    assert "уже закончилось" in page.notices[0]
    assert (ended.status, following.status) == (RunStatus.SUCCEEDED, RunStatus.QUEUED)
