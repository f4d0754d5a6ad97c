"""A page that asks the vendors for its reader: once, within seconds, one at a time."""

import threading
from contextlib import ExitStack
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import CatalogProduct, CatalogStore, User
from app.services.catalog import refresh
from app.services.catalog.reads import side_by_side
from app.services.vendors import turns
from app.services.vendors.turns import TurnTaken
from tests.factories import PASSWORD, connect_both, make_user
from tests.support.bad_vendor import BadVendor, Handler
from tests.support.page import Browser, Page
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, SECOND_STORE, STORE, VK_TOKEN, Sandbox

BUSY = "Уже проверяем: ждём ответа на прошлый запрос. Подождите минуту и, если нужное не сделано, повторите."
FULL = "Сейчас ждут ответа слишком многие. Попробуйте через минуту."
PAGES = {
    "/evotor/check": "/evotor",
    "/vk/check": "/vk",
    "/catalog/refresh": "/catalog",
    "/sync/settings/categories/refresh": "/sync/settings/categories",
}
FORMS = {
    "/evotor": {"access_token": EVOTOR_TOKEN},
    "/vk": {"access_token": VK_TOKEN, "group_id": str(CLUB)},
    "/catalog/stores/x/accept": {},
    **{action: {} for action in PAGES},
}


def browser_of(app: Flask, *, connected: bool = True) -> Browser:
    user = make_user()
    if connected:
        connect_both(user)
    browser = Browser(app.test_client())
    browser.sign_in(user.email, PASSWORD)
    return browser


def owner() -> User:
    db.session.remove()
    return db.session.query(User).one()


def pressed(browser: Browser, action: str) -> Page:
    browser.get(PAGES[action])
    return browser.submit(action)


def hang(handler: Handler) -> None:
    """For as long as the test takes."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    handler.server.vendor.stopped.wait(60)
    handler.wfile.write(b'"not it"\n')


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "READER_SECONDS", 0.5)


@pytest.mark.parametrize("action", FORMS)
def test_a_second_one_asks_nobody_and_changes_nothing(app: Flask, sandbox: Sandbox, action: str) -> None:
    browser = browser_of(app)
    browser.get("/connections")
    sandbox.control("calls/reset")
    with turns.turn(owner().id):
        is_page = action in ("/evotor", "/vk")
        assert browser.post(action, FORMS[action], 429 if is_page else 200).notices[0] == BUSY
    assert sandbox.dump()["calls"] == {}


def test_turns_are_held_by_the_database(app_on_each_database: Flask) -> None:
    first, second = make_user().id, make_user("other@example.ru").id
    with turns.turn(first), turns.turn(second), pytest.raises(TurnTaken), turns.turn(first):
        raise AssertionError
    with turns.turn(first):
        pass


def test_of_many_at_once_one_gets_the_turn(app_on_each_database: Flask) -> None:
    user_id = make_user().id
    db.session.remove()
    together, ended, outcomes = threading.Barrier(6), threading.Barrier(6), []

    def press() -> None:
        with app_on_each_database.app_context():
            together.wait(10)
            try:
                with turns.turn(user_id):
                    outcomes.append("asked")
                    ended.wait(10)
            except TurnTaken:
                outcomes.append("taken")
                ended.wait(10)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["asked", *["taken"] * 5]


def test_a_turn_ends_however_its_work_ends(app_on_each_database: Flask) -> None:
    user_id = make_user().id
    with pytest.raises(ZeroDivisionError), turns.turn(user_id):
        raise ZeroDivisionError
    with turns.turn(user_id):
        pass


@pytest.mark.parametrize("ahead", [timedelta(seconds=-1), timedelta(hours=2)])
def test_a_turn_of_a_dead_process_or_a_wrong_clock_holds_nobody(app_on_each_database: Flask, ahead: timedelta) -> None:
    user_id = make_user().id
    db.session.execute(sa.update(User).values(asking_until=utcnow() + ahead))
    db.session.commit()
    with turns.turn(user_id):
        pass


def test_a_late_end_leaves_the_turn_of_the_next_alone(app_on_each_database: Flask) -> None:
    user_id = make_user().id
    later = utcnow() + timedelta(seconds=50)
    with turns.turn(user_id):
        db.session.execute(sa.update(User).values(asking_until=later))
        db.session.commit()
    assert owner().asking_until == later


def test_an_account_deleted_meanwhile_ends_the_turn_in_peace(app_on_each_database: Flask) -> None:
    user_id = make_user().id
    with turns.turn(user_id):
        db.session.execute(sa.delete(User))
        db.session.commit()
    assert db.session.query(User).count() == 0


def test_when_all_seats_are_taken_the_others_are_asked_to_wait(
    app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_seats", threading.BoundedSemaphore(3))
    browser = browser_of(app)
    others = [make_user(f"o{number}@example.ru").id for number in range(3)]
    with ExitStack() as stack:
        for other in others:
            stack.enter_context(turns.turn(other))
        assert pressed(browser, "/evotor/check").notices[0] == FULL
    assert pressed(browser, "/evotor/check").notices[0] == "Проверили: всё работает."


@pytest.mark.parametrize(
    ("action", "service", "kind"),
    [
        ("/evotor/check", "evotor", "500"),
        ("/evotor/check", "evotor", "429"),
        ("/catalog/refresh", "evotor", "drop"),
        ("/vk/check", "vk", "http_500"),
        ("/vk/check", "vk", "too_many"),
        ("/sync/settings/categories/refresh", "vk", "internal"),
    ],
)
def test_a_failed_call_is_not_repeated_for_a_reader(
    app: Flask, sandbox: Sandbox, action: str, service: str, kind: str
) -> None:
    browser = browser_of(app)
    sandbox.control("calls/reset")
    sandbox.fault(service, kind)
    page = pressed(browser, action)
    assert page.notices and "всё работает" not in page.notices[0]
    assert sum(sandbox.dump()["calls"].values()) == 1


@pytest.mark.parametrize("action", PAGES)
def test_a_hanging_vendor_is_left_when_the_time_is_over(
    app_of_bad_vendor: Flask, bad_vendor: BadVendor, short: None, action: str
) -> None:
    browser = browser_of(app_of_bad_vendor)
    for path in ("/stores", "/groups.getById", "/market.getCategories"):
        bad_vendor.spoil(path, hang)
    assert "не отвечает" in pressed(browser, action).notices[0]
    assert pressed(browser, action).notices != [BUSY]


def test_connecting_to_a_hanging_vendor_ends_with_a_sentence_on_the_field(
    app_of_bad_vendor: Flask, bad_vendor: BadVendor, short: None
) -> None:
    browser = browser_of(app_of_bad_vendor, connected=False)
    bad_vendor.spoil("/stores", hang)
    browser.get("/evotor")
    assert "не отвечает" in browser.submit("/evotor", 422, access_token=EVOTOR_TOKEN).errors[0]


def test_a_refresh_cut_short_keeps_what_it_read_and_says_what_is_to_come(
    app_of_bad_vendor: Flask, bad_vendor: BadVendor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(app_of_bad_vendor)
    names = dict(db.session.query(CatalogStore.store_id, CatalogStore.name).all())
    stamp(STORE, hours=2)
    stamp(SECOND_STORE, hours=1)
    sandbox.patch_product(
        db.session.scalars(sa.select(CatalogProduct.product_id).filter_by(store_id=STORE)).first() or "", price=77
    )
    bad_vendor.spoil(f"/{SECOND_STORE}/product-groups", hang)
    monkeypatch.setattr(turns, "READER_SECONDS", 2.0)

    said = pressed(browser, "/catalog/refresh").notices[0]

    assert "Загружено: 1 магазин" in said
    assert f"Не успели прочитать: «{names[SECOND_STORE]}»" in said
    assert db.session.query(CatalogProduct).filter_by(store_id=STORE, price=77).count() == 1
    left = db.session.query(CatalogStore).filter_by(store_id=SECOND_STORE).one()
    assert (left.state, left.error_code) == ("ok", None)


def test_what_was_read_longest_ago_is_read_first(
    app_of_bad_vendor: Flask, bad_vendor: BadVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "MOST_AT_ONCE", 1)
    user = connect_both(make_user())
    stamp(STORE, hours=1)
    stamp(SECOND_STORE, hours=2)
    bad_vendor.seen.clear()

    refresh.refresh(user)

    assert SECOND_STORE in bad_vendor.seen[1]
    assert STORE in bad_vendor.seen[-1]


def stamp(store_id: str, *, hours: int) -> None:
    """The copy of the store is so old."""
    at = utcnow() - timedelta(hours=hours)
    db.session.execute(sa.update(CatalogStore).filter_by(store_id=store_id).values(fetched_at=at))
    db.session.commit()
