"""What a run costs that finds nothing to do, that changes some prices, and the first one of a shop: processor time of a
warm process, statements and commits; and how long it takes, at the pace and latency of the vendors where that is asked.
"""

import argparse
import cProfile
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.planning.changes import Action
from app.models import EntryOutcome, Listing, RunStatus, RunTrigger
from app.services.engine import run as engine_run
from app.services.owner import switch
from bench.speed.clocks import Took, middle, took
from bench.speed.figures import going, machine, show_json, show_table, tell
from bench.speed.options import add_common, end_on_sigterm, numbers
from bench.speed.shop import BIG, Shop, shop
from tests.support.commits import counted_commits
from tests.support.database import postgres_server
from tests.support.statements import counted_statements

WARM = 5
"""Runs that do not count: what is made once is made there."""
PACED = {"VK_REQUESTS_PER_SECOND": "3", "EVOTOR_REQUESTS_PER_SECOND": "5"}
LATENCY_MS = 100


@dataclass(frozen=True)
class Cost:
    cpu_ms: float
    wall_ms: float
    statements: int
    commits: int
    changes: int


def main() -> int:
    options = _options()
    servers = [options.database] if options.database else ["sqlite://", postgres_server()]
    report: dict[str, Any] = {"bench": "quiet", **machine(), "sizes": {}}
    for size in options.sizes:
        found: dict[str, Cost] = {}
        for server in servers:
            named = server.partition(":")[0]
            found |= {f"{named}, {kind}": cost for kind, cost in _measure(size, server, options).items()}
        show_table(
            f"runs of a shop of {size} goods",
            ("", "CPU ms", "wall ms", "statements", "commits", "changes"),
            [(name, *asdict(one).values()) for name, one in found.items()],
        )
        report["sizes"][size] = {name: asdict(one) for name, one in found.items()}
    if options.json:
        show_json(report)
    return 0


def _measure(size: int, server: str, options: argparse.Namespace) -> Mapping[str, Cost]:
    settings = PACED if options.paced else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        shop(Path(folder), size, options.goods, server, settings) as filled,
    ):
        tell(f"{size} goods: filling")
        filled.open()
        if options.paced:
            for vendor in ("vk", "evotor"):
                filled.sandbox.fault(vendor, f"slow:{LATENCY_MS}")
        is_busy = options.first or any(options.prices)
        first = _first(filled) if is_busy else {}
        if not is_busy:
            filled.run_first(min(size, 60))
        filled.tidy()
        for _ in range(WARM):
            _run(filled)
        if options.profile:
            with cProfile.Profile() as profile:
                _run(filled)
            profile.dump_stats(options.profile)
        return {**first, **{f"{prices} prices": _usual(filled, prices, options) for prices in options.prices}}


def _first(filled: Shop) -> Mapping[str, Cost]:
    """All goods are added."""
    with filled.owner() as user:
        switch.toggle(user, True)
        switch.confirm(user)
    with _counted(filled) as (statements, commits):
        outcome, time = _served(filled)
        counted = len(statements), len(commits)
    if outcome.status != RunStatus.SUCCEEDED:
        raise RuntimeError(f"the first run: {outcome}")
    return {"first": Cost(time.cpu * 1000, time.seconds * 1000, *counted, outcome.done)}


def _usual(filled: Shop, prices: int, options: argparse.Namespace) -> Cost:
    with _counted(filled) as (statements, commits):
        _run(filled, prices)
        counted = len(statements), len(commits)
    if options.statements:
        print(*statements, sep="\n")
    one = middle([_run(filled, prices) for _ in going("runs", range(options.rounds))])
    return Cost(one.cpu * 1000, one.seconds * 1000, *counted, prices)


@contextmanager
def _counted(filled: Shop) -> Iterator[tuple[list[str], list[None]]]:
    """Statements and commits so far."""
    with filled.app.app_context(), counted_statements() as statements, counted_commits() as commits:
        yield statements, commits


def _run(filled: Shop, prices: int = 0) -> Took:
    """As the worker makes it, which has read nothing before. `prices`: so many are others at the register."""
    if prices:
        _reprice(filled, prices)
    outcome, time = _served(filled)
    edited = outcome.counts.get(Action.EDIT, {}).get(EntryOutcome.DONE, 0)
    if outcome.status != RunStatus.SUCCEEDED or not edited == outcome.done == prices:
        raise RuntimeError(f"the run was to change {prices} prices: {outcome}")
    return time


def _served(filled: Shop) -> tuple[engine_run.Outcome, Took]:
    with filled.owner() as user:
        found: list[engine_run.Outcome] = []
        time = took(lambda: found.append(engine_run.run_user(user, RunTrigger.SCHEDULE)))
    return found[0], time


def _reprice(filled: Shop, prices: int) -> None:
    filled.changes += 1
    with filled.app.app_context():
        shown = sa.select(Listing.product_id).where(Listing.store_id == BIG).order_by(Listing.product_id)
        ids = db.session.scalars(shown.limit(prices)).all()
        db.session.remove()
    patch = [{"id": product, "price": 1_000 + filled.changes} for product in ids]
    filled.sandbox.control("evotor/products", store=BIG, patch=patch)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/quiet", description=__doc__)
    add_common(parser, sizes=[50])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--prices", type=numbers, default=[0], metavar="N,N", help="that are others at each run")
    parser.add_argument(
        "--first",
        action="store_true",
        help="the first run, which adds all goods, as well; it is where prices are others",
    )
    parser.add_argument(
        "--paced", action="store_true", help=f"at the vendors' usual pace, {LATENCY_MS} ms for every answer"
    )
    parser.add_argument("--profile", metavar="FILE", help="what cProfile says of one more run")
    parser.add_argument("--statements", action="store_true", help="each of them")
    return parser.parse_args()


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
