"""Every page of a large shop beside a bare Flask page: times as ratios, statements, bytes, memory of a worker."""

import argparse
import gc
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event

from app.db import db
from app.domain.rules import EntityType, FilterMode
from bench.speed.figures import machine, median, p95, show_json, show_table, tell
from bench.speed.page_list import RULES, Page, PageList, after_first_run, before_first_run, with_many_rules
from bench.speed.servers import BARE, Server, serving
from bench.speed.shop import OWNER, Shop, shop
from bench.speed.visitors import Crowd, Samples, Visitor, crowd
from tests.factories import PASSWORD

MS = 1000
MEMORY_AFTER = 200


@dataclass
class Figures:
    """Of one page at one size; times in milliseconds."""

    p50: float
    p95: float
    bare_p50: float
    bare_p95: float
    first: float
    requests: int
    statements: int | None = None
    kilobytes: float | None = None

    @property
    def ratio_p50(self) -> float:
        return self.p50 / self.bare_p50

    @property
    def ratio_p95(self) -> float:
        return self.p95 / self.bare_p95


def main() -> int:
    options = _options()
    report: dict[str, Any] = {"bench": "pages", **machine(), "database": options.database or "sqlite", "sizes": {}}
    by_size: dict[int, dict[str, Figures]] = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            by_size[size], memory = _measure_size(Path(folder), size, options)
        _show_size(size, by_size[size], memory)
        pages = {
            name: {**asdict(one), "ratio_p50": one.ratio_p50, "ratio_p95": one.ratio_p95}
            for name, one in by_size[size].items()
        }
        report["sizes"][size] = {"pages": pages, "memory_mb": memory}
    if len(by_size) > 1:
        _show_growth(by_size)
    if options.json:
        show_json(report)
    return 0


def _measure_size(folder: Path, size: int, options: argparse.Namespace) -> tuple[dict[str, Figures], dict[str, float]]:
    found: dict[str, Figures] = {}
    with shop(folder, size, options.goods, options.database) as filled, _servers(filled, options) as (product, bare):
        tell(f"{size} goods: filling")
        filled.open()
        visitors = [Visitor(number, product.port, bare.port) for number in range(options.clients)]
        for visitor in visitors:
            visitor.sign_in(OWNER)
        for wanted, prepare in _stages(filled, options):
            if pages := [page for page in wanted(filled) if _is_chosen(page, options)]:
                prepare()
                found |= dict(_measure_pages(filled, pages, visitors, options))
        memory = _memory(filled, options) if options.memory else {}
    return found, memory


@contextmanager
def _servers(filled: Shop, options: argparse.Namespace) -> Iterator[tuple[Server, Server]]:
    environment = {**filled.environment, "WEB_CONCURRENCY": str(options.workers)}
    log = filled.folder / "server.log"
    with serving(environment, log) as product, serving(environment, log, BARE) as bare:
        yield product, bare


def _stages(filled: Shop, options: argparse.Namespace) -> Iterator[tuple[PageList, Any]]:
    """Pages, and what has to be done before they are as they should be."""

    def run() -> None:
        tell("  a first run, then a tenth of the goods changes")
        filled.run_first(options.adds)
        filled.change_a_tenth()

    def add_rules() -> None:
        filled.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *filled.goods.some(RULES))

    yield before_first_run, lambda: None
    yield after_first_run, run
    yield with_many_rules, add_rules


def _is_chosen(page: Page, options: argparse.Namespace) -> bool:
    return any(fnmatch(page.name, pattern) for pattern in options.only)


def _measure_pages(
    filled: Shop, pages: Sequence[Page], visitors: Sequence[Visitor], options: argparse.Namespace
) -> Iterator[tuple[str, Figures]]:
    weights = _weights(filled, pages)
    for page in pages:
        with crowd(visitors[: page.visitors], options.rounds, options.block) as everybody:
            figures = _figures(everybody.measured(page.deed), *weights.get(page.name, (None, None)))
        tell(f"  {page.name}: {figures.p95:.0f} ms, {figures.ratio_p95:.1f} x bare")
        yield page.name, figures


def _figures(samples: Samples, statements: int | None, size: int | None) -> Figures:
    return Figures(
        p50=median(samples.page) * MS,
        p95=p95(samples.page) * MS,
        bare_p50=median(samples.bare) * MS,
        bare_p95=p95(samples.bare) * MS,
        first=samples.first * MS,
        requests=len(samples.page),
        statements=statements,
        kilobytes=None if size is None else size / 1000,
    )


def _weights(filled: Shop, pages: Sequence[Page]) -> dict[str, tuple[int, int]]:
    """Statements and bytes of those that are looked at, within this process; each is asked for a second time."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    weights = {}
    with filled.app.test_client() as client, filled.app.app_context():
        _sign_in(client)
        engine: sa.Engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            for page in pages:
                if page.path is not None:
                    client.get(page.path)
                    statements.clear()
                    body = client.get(page.path).data
                    weights[page.name] = (sum(not one.startswith("BEGIN") for one in statements), len(body))
        finally:
            event.remove(engine, "before_cursor_execute", note)
    return weights


def _sign_in(client: FlaskClient) -> None:
    page = client.get("/login").get_data(as_text=True)
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    client.post("/login", data={"email": OWNER, "password": PASSWORD, "csrf_token": token})


def _memory(filled: Shop, options: argparse.Namespace) -> dict[str, float]:
    """Of the largest worker of a server that has just begun, after some and after many requests to all pages in turn."""
    paths = [
        page.path for page in (*before_first_run(filled), *after_first_run(filled)) if page.path and page.name != "csv"
    ]
    tell(f"  memory over {options.memory} requests")
    with _servers(filled, options) as (product, bare):
        visitor = Visitor(0, product.port, bare.port)
        visitor.sign_in(OWNER)
        sizes = {}
        for number in range(1, options.memory + 1):
            visitor.get(paths[number % len(paths)])
            if number in (min(MEMORY_AFTER, options.memory), options.memory):
                sizes[f"after {number}"] = product.memory_mb()
    return sizes


def _show_size(size: int, found: dict[str, Figures], memory: dict[str, float]) -> None:
    headings = (
        "page",
        "p50 ms",
        "p95 ms",
        "bare p50",
        "bare p95",
        "p50 ÷",
        "p95 ÷",
        "first ms",
        "requests",
        "SQL",
        "kB",
    )
    rows = [
        (
            name,
            one.p50,
            one.p95,
            one.bare_p50,
            one.bare_p95,
            one.ratio_p50,
            one.ratio_p95,
            one.first,
            one.requests,
            one.statements,
            one.kilobytes,
        )
        for name, one in found.items()
    ]
    show_table(f"{size} goods", headings, rows)
    if memory:
        print("memory of a worker: " + ", ".join(f"{text} requests {size:.0f} MB" for text, size in memory.items()))


def _show_growth(by_size: dict[int, dict[str, Figures]]) -> None:
    sizes = sorted(by_size)
    names = [name for name in by_size[sizes[-1]] if all(name in by_size[size] for size in sizes)]
    steps = list(zip(sizes, sizes[1:]))
    headings = ["p95 ÷ bare p95 at", *map(str, sizes), *(f"{large} ÷ {small}" for small, large in steps)]
    rows = [
        (
            name,
            *(by_size[size][name].ratio_p95 for size in sizes),
            *(by_size[large][name].ratio_p95 / by_size[small][name].ratio_p95 for small, large in steps),
        )
        for name in names
    ]
    show_table("growth", headings, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/pages", description=__doc__)
    parser.add_argument(
        "--sizes", type=_numbers, default=[1_000, 15_000, 50_000], metavar="N,N", help="goods of the shop"
    )
    parser.add_argument(
        "--only", type=_names, default=["*"], metavar="NAME,NAME", help="pages by name; sync* and the like"
    )
    parser.add_argument("--goods", type=Path, metavar="FILE", help="tab-separated, with a column `name`; else invented")
    parser.add_argument("--database", metavar="URL", help="of a PostgreSQL, for a database of its own; else SQLite")
    parser.add_argument("--json", action="store_true", help="everything once more, as the last line")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=6, help="of turns between the bare page and the page")
    parser.add_argument("--block", type=float, default=0.5, metavar="SECONDS", help="of one turn")
    parser.add_argument(
        "--adds", type=int, default=60, help="items that the first run really adds; the others are laid"
    )
    parser.add_argument("--memory", type=int, default=1_000, help="requests before memory is looked at; 0: not at all")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _names(text: str) -> list[str]:
    return text.split(",")


if __name__ == "__main__":
    sys.exit(main())
