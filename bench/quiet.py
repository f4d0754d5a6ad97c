"""What a run costs that finds nothing to do: processor time of a warm process, statements and commits."""

import argparse
import cProfile
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.models import RunStatus, RunTrigger
from app.services.engine import run as engine_run
from bench.speed.clocks import Took, middle, took
from bench.speed.figures import going, machine, show_json, show_table, tell
from bench.speed.options import add_common, end_on_sigterm
from bench.speed.shop import Shop, shop
from tests.support.commits import counted_commits
from tests.support.database import postgres_server
from tests.support.statements import counted_statements

WARM = 5
"""Runs that do not count: what is made once is made there."""


@dataclass(frozen=True)
class Cost:
    cpu_ms: float
    wall_ms: float
    statements: int
    commits: int


def main() -> int:
    options = _options()
    servers = [options.database] if options.database else ["sqlite://", postgres_server()]
    report: dict[str, Any] = {"bench": "quiet", **machine(), "sizes": {}}
    for size in options.sizes:
        found = {server.partition(":")[0]: _measure(size, server, options) for server in servers}
        rows = [(name, one.cpu_ms, one.wall_ms, one.statements, one.commits) for name, one in found.items()]
        show_table(
            f"a run that finds nothing to do, {size} goods", ("", "CPU ms", "wall ms", "statements", "commits"), rows
        )
        report["sizes"][size] = {name: asdict(one) for name, one in found.items()}
    if options.json:
        show_json(report)
    return 0


def _measure(size: int, server: str, options: argparse.Namespace) -> Cost:
    with tempfile.TemporaryDirectory() as folder, shop(Path(folder), size, options.goods, server) as filled:
        tell(f"{size} goods: filling")
        filled.open()
        filled.run_first(min(size, 60))
        filled.tidy()
        for _ in range(WARM):
            _run(filled)
        with filled.app.app_context(), counted_statements() as statements, counted_commits() as commits:
            _run(filled)
            counted = len(statements), len(commits)
        if options.statements:
            print(*statements, sep="\n")
        if options.profile:
            with cProfile.Profile() as profile:
                _run(filled)
            profile.dump_stats(options.profile)
        samples = [_run(filled) for _ in going("runs", range(options.rounds))]
        one = middle(samples)
        return Cost(one.cpu * 1000, one.seconds * 1000, *counted)


def _run(filled: Shop) -> Took:
    """As the worker makes it, which has read nothing before."""
    with filled.owner() as user:
        found: list[engine_run.Outcome] = []
        time = took(lambda: found.append(engine_run.run_user(user, RunTrigger.SCHEDULE)))
    if found[0].status != RunStatus.SUCCEEDED or found[0].done:
        raise RuntimeError(f"the run was not quiet: {found[0]}")
    return time


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/quiet", description=__doc__)
    add_common(parser, sizes=[50])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--profile", metavar="FILE", help="what cProfile says of one more run")
    parser.add_argument("--statements", action="store_true", help="each of them")
    return parser.parse_args()


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
