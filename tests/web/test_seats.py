"""How many pages are made at once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread

import pytest
from flask import Flask

from app.models import User
from app.web.doors import seats
from app.web.doors.seats import AT_ONCE, MOST_WAITING, OF_ONE_VISITOR, Seats, TooManyPages
from tests.factories import PASSWORD
from tests.support.page import Browser


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "PATIENCE", 0)


@contextmanager
def taken(room: Seats, who: str, times: int = 1) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(times):
            room.take(who)
            stack.callback(room.leave, who)
        yield


def test_one_visitor_has_so_many_and_others_still_get_theirs() -> None:
    room = Seats()
    with taken(room, "a", OF_ONE_VISITOR):
        with pytest.raises(TooManyPages):
            room.take("a")
        room.take("b")


def test_all_visitors_together_have_so_many() -> None:
    room = Seats()
    with ExitStack() as stack:
        for number in range(AT_ONCE):
            stack.enter_context(taken(room, str(number)))
        with pytest.raises(TooManyPages):
            room.take("another")
    room.take("another")


def test_whoever_waits_gets_the_seat_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "PATIENCE", 30)
    room = Seats()
    sat: list[str] = []

    def wait() -> None:
        room.take("a")
        sat.append("a")

    with taken(room, "a", OF_ONE_VISITOR):
        waiting = Thread(target=wait)
        waiting.start()
    waiting.join(30)
    assert sat == ["a"]


def test_only_so_many_of_one_visitor_wait() -> None:
    room = Seats()
    room._waiting["a"] = MOST_WAITING
    with pytest.raises(TooManyPages):
        room.take("a")
    room.take("b")


def test_nobody_is_remembered_who_has_left() -> None:
    room = Seats()
    with taken(room, "a"):
        pass
    assert not room._taken and not room._waiting


def test_an_owner_who_asks_for_too_much_is_told_and_nobody_else_is_hindered(
    app: Flask, browser: Browser, stranger: Browser, owner: User
) -> None:
    with taken(seats.seats, owner.session_key, OF_ONE_VISITOR):
        page = browser.get("/sync", status=429)
        assert "слишком много страниц" in page.text and page.answer.headers["Retry-After"] == "60"
        stranger.get("/sync")
        Browser(app.test_client()).get("/login")
        assert app.test_client().get("/health").status_code == 200
    browser.get("/sync")


def test_another_device_of_the_same_owner_counts_too(app: Flask, browser: Browser, owner: User) -> None:
    other = Browser(app.test_client())
    other.sign_in(owner.email, PASSWORD)
    with taken(seats.seats, owner.session_key, OF_ONE_VISITOR):
        other.get("/sync", status=429)


def test_a_page_that_fails_leaves_its_seat(browser: Browser, owner: User) -> None:
    for _ in range(OF_ONE_VISITOR + 1):
        browser.get("/catalog/stores/nowhere", status=404)
    browser.get("/sync")
