"""Medians, percentiles, ratios, and the table that holds them."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from typing import Any, TypeVar

import click

T = TypeVar("T")


def percentile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def median(seconds: Sequence[float]) -> float:
    return percentile(seconds, 0.5)


def p95(seconds: Sequence[float]) -> float:
    return percentile(seconds, 0.95)


def tell(text: str) -> None:
    """What is being done, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def going(label: str, items: Iterable[T], length: int | None = None) -> Iterator[T]:
    """These, with a bar on stderr where that is a terminal. `length`: how many, where they do not say so."""
    is_watched = sys.stderr.isatty()
    with click.progressbar(items, length, label, hidden=not is_watched, show_pos=True, file=sys.stderr) as bar:
        yield from bar


@contextmanager
def counting(label: str, length: int) -> Iterator[Callable[[int], object]]:
    """The same for what is counted elsewhere: hears of how many there are by now."""
    is_watched = sys.stderr.isatty()
    with click.progressbar(length=length, label=label, hidden=not is_watched, show_pos=True, file=sys.stderr) as bar:
        yield lambda done: bar.update(min(done, length) - bar.pos)


def show_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The first column is words, the others are numbers."""
    cells = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    print(f"\n{title}")
    for row in cells:
        first, *rest = (
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *rest)), flush=True)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.2f}" if value < 100 else f"{value:.0f}"
    return str(value)


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count(),
        "machine": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def show_json(report: object) -> None:
    """As the last line."""
    print(json.dumps(report, ensure_ascii=False))
