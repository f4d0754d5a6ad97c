"""Every page of a large shop beside a bare Flask page: times as ratios, statements, bytes, memory of a worker."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from bench.speed.figures import going, machine, show_json, tell
from bench.speed.options import add_common, end_on_sigterm, names
from bench.speed.page_figures import BySize, Figures, figures, show_growth, show_size
from bench.speed.page_list import RULES, Page, PageList, after_first_run, before_first_run, with_many_rules
from bench.speed.servers import BARE, Server, serving
from bench.speed.shop import OWNER, Shop, shop
from bench.speed.usual_visitors import UsualVisitor
from bench.speed.visitors import Crowd, Refused, Samples, Visitor, undisturbed
from bench.speed.weights import weights

MEMORY_AFTER = 200
VISITORS = {"lean": Visitor, "requests": UsualVisitor}


class Servers(NamedTuple):
    product: Server
    bare: Server


def main() -> int:
    options = _options()
    report: dict[str, Any] = {"bench": "pages", **machine(), "database": options.database or "sqlite"}
    report |= {"client": options.client, "clients": options.clients, "workers": options.workers, "sizes": {}}
    by_size: BySize = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            by_size[size], memory = _measure_size(Path(folder), size, options)
        show_size(size, by_size[size], memory)
        pages = {name: one.as_json() for name, one in by_size[size].items()}
        report["sizes"][size] = {"pages": pages, "memory_mb": memory}
    if len(by_size) > 1:
        show_growth(by_size)
    if options.json:
        show_json(report)
    return 0


def _measure_size(folder: Path, size: int, options: argparse.Namespace) -> tuple[dict[str, Figures], dict[str, float]]:
    found: dict[str, Figures] = {}
    with shop(folder, size, options.goods, options.database) as filled:
        tell(f"{size} goods: filling")
        filled.open()
        with _servers(filled, options) as servers:
            visitors = [_signed_in(number, servers, options) for number in range(options.clients)]
            for wanted, prepare in _stages(filled, options):
                if pages := [page for page in wanted(filled) if _is_chosen(page, options)]:
                    prepare()
                    filled.tidy()
                    found |= dict(_measure_pages(filled, pages, servers, visitors, options))
        memory = _memory(filled, options) if options.memory else {}
    return found, memory


@contextmanager
def _servers(filled: Shop, options: argparse.Namespace) -> Iterator[Servers]:
    environment = {**filled.environment, "WEB_CONCURRENCY": str(options.workers)}
    log = filled.folder / "server.log"
    with serving(environment, log) as product, serving(environment, log, BARE) as bare:
        yield Servers(product, bare)


def _signed_in(number: int, servers: Servers, options: argparse.Namespace) -> Visitor:
    visitor = VISITORS[options.client](number, servers.product.port, servers.bare.port)
    visitor.sign_in(OWNER)
    return visitor


def _stages(filled: Shop, options: argparse.Namespace) -> Iterator[tuple[PageList, Callable[[], None]]]:
    """Pages, and what has to be done before they are as they should be."""

    def run() -> None:
        tell("  a first run, then a tenth of the goods changes")
        filled.run_first(options.adds)
        filled.change_a_tenth()

    def add_rules() -> None:
        filled.exclude(filled.goods.some(RULES))

    yield before_first_run, lambda: None
    yield after_first_run, run
    yield with_many_rules, add_rules


def _is_chosen(page: Page, options: argparse.Namespace) -> bool:
    return any(fnmatch(page.name, pattern) for pattern in options.only)


def _measure_pages(
    filled: Shop, pages: Sequence[Page], servers: Servers, visitors: Sequence[Visitor], options: argparse.Namespace
) -> Iterator[tuple[str, Figures]]:
    weighed = weights(filled, [page.path for page in pages if page.path])
    for page in going("pages", pages):
        try:
            measured = _measure_page(page, servers, visitors[: page.visitors], options)
        except Refused as error:
            tell(f"  {page.name}: REFUSED, LEFT OUT: {error}")
            continue
        finally:
            if page.path is None:
                filled.choose()
        found = figures(*measured, weighed.get(page.path or ""))
        tell(f"  {page.name}: {found.p95:.0f} ms, p95 {found.ratio_p95:.1f}, CPU {found.ratio_cpu:.1f} x bare")
        yield page.name, found


def _measure_page(
    page: Page, servers: Servers, visitors: Sequence[Visitor], options: argparse.Namespace
) -> tuple[Samples, Samples]:
    seconds = 0.0 if page.once_a_turn else options.block
    with undisturbed(), ThreadPoolExecutor(len(visitors)) as pool:
        return Crowd(visitors, *servers, options.rounds, seconds, pool).measured(page.deed)


def _memory(filled: Shop, options: argparse.Namespace) -> dict[str, float]:
    """Of the largest worker of a new server, after some and after many requests to all pages in turn."""
    pages = (*before_first_run(filled), *after_first_run(filled))
    paths = [page.path for page in pages if page.path and page.name != "csv"]
    tell(f"  memory over {options.memory} requests")
    with _servers(filled, options) as servers:
        visitor = _signed_in(0, servers, options)
        sizes = {}
        for number in range(1, options.memory + 1):
            visitor.get(paths[number % len(paths)])
            if number in (MEMORY_AFTER, options.memory):
                sizes[f"after {number}"] = servers.product.memory_mb()
    return sizes


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/pages", description=__doc__)
    add_common(parser, sizes=[1_000, 15_000, 50_000])
    parser.add_argument("--only", type=names, default=["*"], metavar="NAME,NAME", help="pages by name; sync* and so on")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--client", choices=sorted(VISITORS), default="lean", help="what asks: see bench/README.md")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=6, help="of turns between the bare page and the page")
    parser.add_argument("--block", type=float, default=0.5, metavar="SECONDS", help="of one turn")
    parser.add_argument(
        "--adds", type=int, default=60, help="items that the first run really adds; the others are laid"
    )
    parser.add_argument("--memory", type=int, default=1_000, help="requests before memory is looked at; 0: not at all")
    return parser.parse_args()


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
