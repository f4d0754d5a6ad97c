"""The history at the edges of days and years: an injected clock stands where «сегодня» turns into «вчера»."""

from datetime import datetime

import pytest

from app.db import db
from app.models import RunStatus, RunTrigger, SyncRun, User
from app.services.runs import queue
from app.web.formatting import moment
from tests.factories import PASSWORD
from tests.support.clock import stop_at
from tests.support.page import Browser, words

MIDNIGHT = datetime(2026, 12, 31, 21)
"""Of Moscow, in naive UTC: a year ends."""


def a_quiet_run(owner: User, at: datetime) -> None:
    """By hand: noted by our own clock, as a run that a worker began; only its hour matters."""
    db.session.add(SyncRun(user_id=owner.id, trigger=RunTrigger.SCHEDULE, status=RunStatus.SUCCEEDED, created_at=at))
    db.session.commit()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2026, 11, 26, 20, 59, 59), "сегодня, 12:00"),
        (datetime(2026, 11, 26, 21), "вчера, 12:00"),
        (datetime(2026, 11, 26, 21, 30), "вчера, 12:00"),
        (datetime(2026, 11, 27, 0, 10), "вчера, 12:00"),
        (datetime(2026, 11, 27, 20, 59, 59), "вчера, 12:00"),
        (datetime(2026, 11, 27, 21), "26 ноября, 12:00"),
        (datetime(2026, 12, 31, 20, 59), "26 ноября, 12:00"),
        (datetime(2026, 12, 31, 21), "26 ноября 2026 г., 12:00"),
    ],
    ids=str,
)
def test_quiet_runs_are_folded_under_the_owners_day(
    browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch, now: datetime, said: str
) -> None:
    a_quiet_run(owner, datetime(2026, 11, 26, 9))
    stop_at(monkeypatch, now)
    browser.sign_in(owner.email, PASSWORD)
    page = browser.get("/sync/runs")
    assert [words(row.select("td")[0]) for row in page.all("section > table tbody tr")] == [said]


def test_runs_on_either_side_of_midnight_are_two_lines(
    browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in (MIDNIGHT.replace(hour=20, minute=59), MIDNIGHT):
        a_quiet_run(owner, at)
    stop_at(monkeypatch, MIDNIGHT.replace(minute=10))
    browser.sign_in(owner.email, PASSWORD)
    page = browser.get("/sync/runs")
    rows = [words(row.select("td")[0]) for row in page.all("section > table tbody tr")]
    assert rows == ["сегодня, 00:00", "вчера, 23:59"]


def test_a_run_requested_as_the_day_begins_is_found_under_that_day(
    browser: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted by the clock that the page goes by, not by the database's."""
    stop_at(monkeypatch, MIDNIGHT)
    queue.request(owner.id, RunTrigger.MANUAL)
    db.session.commit()
    browser.sign_in(owner.email, PASSWORD)
    assert len(browser.get("/sync/runs?day=2027-01-01").cells()) == 1
    assert not browser.get("/sync/runs?day=2026-12-31").cells()


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 12, 30, 21), "вчера в 00:00"),
        (datetime(2026, 12, 30, 20, 59), "30 декабря 2026 г. в 23:59"),
        (datetime(2027, 1, 1, 20, 59), "сегодня в 23:59"),
        (datetime(2027, 1, 1, 21), "завтра в 00:00"),
    ],
    ids=str,
)
def test_moments_are_told_by_the_same_clock(
    app: object, monkeypatch: pytest.MonkeyPatch, at: datetime, said: str
) -> None:
    stop_at(monkeypatch, MIDNIGHT)
    assert moment(at).replace("\u00a0", " ") == said
