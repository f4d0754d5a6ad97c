"""What every bench of speed is told."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path


def add_common(parser: argparse.ArgumentParser, *, sizes: Sequence[int]) -> None:
    parser.add_argument("--sizes", type=numbers, default=list(sizes), metavar="N,N", help="goods of the shop")
    parser.add_argument("--goods", type=Path, metavar="FILE", help="tab-separated, with a column `name`; else invented")
    parser.add_argument("--database", metavar="URL", help="of a PostgreSQL, for a database of its own; else SQLite")
    parser.add_argument("--json", action="store_true", help="everything once more, as the last line")


def end_on_sigterm() -> None:
    """In order: servers are stopped and what was made is taken away."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def names(text: str) -> list[str]:
    return text.split(",")
