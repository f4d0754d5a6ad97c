"""The last days as a picture: a bar for what changed, a mark where something went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from app.services.runs.history import Day
from app.web.formatting import counted
from app.web.sync import run_summary

STEP, BAR = 12, 8
HEIGHT, MARKS = 72, 14
"""Of the tallest bar, and of the strip above it in which the marks stand; in units of the picture."""
SMALLEST = 3.0
"""Of the bar of a day on which little changed."""


@dataclass(frozen=True, slots=True)
class Bar:
    day: Day
    name: str
    """The day and what happened on it."""
    x: int
    y: float
    height: float
    mark: str | None
    """failed, waited or stopped: the worst of the day."""

    @property
    def middle(self) -> float:
        return self.x + BAR / 2


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    summary: str
    tallest: int
    is_empty: bool
    width: int
    height: int = MARKS + HEIGHT

    @property
    def marks(self) -> set[str]:
        return {bar.mark for bar in self.bars if bar.mark}

    @property
    def busy(self) -> list[Bar]:
        """The days on which something happened, newest first."""
        return [bar for bar in reversed(self.bars) if bar.day.changes or bar.mark]


def chart_of(days: Sequence[Day]) -> Chart:
    tallest = max((day.changes for day in days), default=0)
    return Chart(
        [_bar(day, number * STEP, tallest) for number, day in enumerate(days)],
        _summary(days),
        tallest,
        is_empty=not any(day.runs for day in days),
        width=len(days) * STEP,
    )


def _bar(day: Day, x: int, tallest: int) -> Bar:
    # By the root: the first filling of a shop window would flatten all days after it to nothing.
    height = max(SMALLEST, round(HEIGHT * sqrt(day.changes / tallest), 1)) if day.changes else 0
    mark = next((name for name in ("failed", "waited", "stopped") if getattr(day, name)), None)
    return Bar(day, f"{run_summary.day(day.day)}: {_told(day)}", x, MARKS + HEIGHT - height, height, mark)


def _told(day: Day) -> str:
    if not day.runs:
        return "обновлений не было"
    parts = [
        counted(day.runs, "обновление", "обновления", "обновлений"),
        counted(day.changes, "изменение", "изменения", "изменений") if day.changes else "без изменений",
        *_troubles(day.failed, day.waited, day.stopped),
    ]
    return ", ".join(parts)


def _troubles(failed: int, waited: int, stopped: int) -> list[str]:
    told = (
        (failed, ("неудачное", "неудачных", "неудачных")),
        (waited, ("ждало решения", "ждали решения", "ждали решения")),
        (stopped, ("остановлено", "остановлены", "остановлены")),
    )
    return [counted(count, *words) for count, words in told if count]


def _summary(days: Sequence[Day]) -> str:
    """«За 30 дней: 214 обновлений, 1 530 изменений, 3 неудачных.»"""
    parts = [
        counted(sum(day.runs for day in days), "обновление", "обновления", "обновлений"),
        counted(sum(day.changes for day in days), "изменение", "изменения", "изменений"),
        *_troubles(sum(day.failed for day in days), sum(day.waited for day in days), sum(day.stopped for day in days)),
    ]
    return f"За {counted(len(days), 'день', 'дня', 'дней')}: {', '.join(parts)}."
