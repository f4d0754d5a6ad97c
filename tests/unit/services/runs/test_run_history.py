"""Runs put into the days of their owner, and times in words."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.services.runs.history import bounds_of, by_day
from app.web.formatting import span, time_left
from app.web.sync.chart import chart_of

MOSCOW = ZoneInfo("Europe/Moscow")
TODAY = date(2026, 11, 24)


def test_there_are_thirty_days_and_the_last_is_today() -> None:
    days = by_day([], MOSCOW, TODAY)
    assert [days[0].day, days[-1].day, len(days)] == [date(2026, 10, 26), TODAY, 30]


def test_a_run_belongs_to_the_owners_day() -> None:
    days = by_day(
        [(datetime(2026, 11, 23, 20, 59), "succeeded", 1), (datetime(2026, 11, 23, 21), "failed", 2)], MOSCOW, TODAY
    )
    assert [(day.changes, day.failed) for day in days[-2:]] == [(1, 0), (2, 1)]


def test_a_run_of_an_earlier_day_is_left_out() -> None:
    assert not any(day.runs for day in by_day([(datetime(2026, 1, 1), "succeeded", 1)], MOSCOW, TODAY))


def test_a_day_may_be_longer_than_usual() -> None:
    begin, end = bounds_of(date(2026, 10, 25), ZoneInfo("Europe/Berlin"))
    assert end - begin == timedelta(hours=25)


def test_a_bar_is_higher_the_more_changed_and_never_lost() -> None:
    noon = datetime(2026, 11, 24, 9)
    chart = chart_of(by_day([(noon, "succeeded", 5000), (noon - timedelta(days=1), "succeeded", 1)], MOSCOW, TODAY))
    assert [bar.height for bar in chart.bars[-3:]] == [0, 3.0, 72.0]


def test_the_worst_of_a_day_is_marked() -> None:
    noon = datetime(2026, 11, 24, 9)
    chart = chart_of(by_day([(noon, "stopped", 0), (noon, "failed", 0), (noon, "needs_approval", 0)], MOSCOW, TODAY))
    assert chart.bars[-1].mark == "failed"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "меньше минуты"),
        (50, "около минуты"),
        (90, "около 2 минут"),
        (300, "около 5 минут"),
        (13 * 60, "около 15 минут"),
        (57 * 60, "около часа"),
        (80 * 60, "около полутора часов"),
        (2 * 3600, "около 2 часов"),
        (21 * 3600, "около 21 часа"),
    ],
)
def test_an_estimate_is_no_more_exact_than_it_is(seconds: float, words: str) -> None:
    assert time_left(seconds).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "меньше секунды"), (41, "41 секунду"), (185, "3 минуты"), (3600, "1 час"), (7500, "2 часа 5 минут")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)).replace("\u00a0", " ") == words
