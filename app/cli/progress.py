"""How far a command is, on the terminal of whoever waits: on stderr alone, and nowhere but on a terminal."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from app.logs import before_lines
from app.services.engine.context.held_lease import RunNews
from app.services.pages.sync.run_progress import CHANGING_STAGES
from app.services.runs.stage_words import STAGE


def has_watcher() -> bool:
    """Somebody reads stderr as it comes."""
    return sys.stderr.isatty()


@contextmanager
def run_bar() -> Iterator["RunBar"]:
    """It ends where something is logged, and begins anew after that."""
    bar = RunBar()
    try:
        with before_lines(bar.end):
            yield bar
    finally:
        bar.end()


class RunBar:
    """Hears of a run. What comes before the changes is named alone; they are counted, of all that the plan holds."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._shows: tuple[bool, int] | None = None
        self._drawing = threading.RLock()

    def __call__(self, news: RunNews) -> None:
        if has_watcher():
            with self._drawing:
                self._draw(news)

    def _draw(self, news: RunNews) -> None:
        is_counted = news.stage in CHANGING_STAGES
        shows = is_counted, news.total if is_counted else 1
        if shows != self._shows:
            self.end()
            self._shows, self._bar = shows, _bar(*shows)
        self._bar.label = STAGE[news.stage] + (f", магазин «{news.note}»" if news.note else "")
        self._bar.update((news.done if is_counted else 0) - self._bar.pos)
        self._bar.render_progress()

    def end(self) -> None:
        """What was told last stays; the next line begins anew."""
        with self._drawing:
            if self._bar is not None:
                self._bar.render_finish()
                self._bar = self._shows = None


def _bar(is_counted: bool, length: int) -> Any:
    """Click has no public name for what it makes."""
    return click.progressbar(
        length=length, show_pos=is_counted, show_eta=is_counted, show_percent=is_counted, file=sys.stderr
    )
