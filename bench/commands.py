"""Commands beside an empty command of a Flask application with the same packages: wall times in turns, and memory."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.services.owner import switch
from bench.speed.figures import going, machine, median, show_json, show_table, tell
from bench.speed.many_users import multiply
from bench.speed.options import add_common, end_on_sigterm, numbers
from bench.speed.processes import Ended, run_flask
from bench.speed.shop import OWNER, Shop, lay_plan, shop

EMPTY = {
    "empty, given packages": {},
    "empty, without Flask-Migrate": {"EMPTY_WITHOUT": "migrate"},
    "empty, Flask alone": {"EMPTY_WITHOUT": "packages"},
}
YARDSTICK = "empty, given packages"


@dataclass(frozen=True)
class Command:
    name: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...]

    def run(self) -> Ended:
        return run_flask(self.environment, *self.arguments)


def main() -> int:
    options = _options()
    report: dict[str, Any] = {"bench": "commands", **machine(), "database": options.database or "sqlite"}
    report["by_goods"] = {size: _with_goods(size, options) for size in options.sizes}
    report["by_users"] = _with_users(options)
    if options.json:
        show_json(report)
    return 0


def _with_goods(size: int, options: argparse.Namespace) -> dict[str, Any]:
    """One owner with a catalog of that size, a tenth of whose listings differ from it."""
    with tempfile.TemporaryDirectory() as folder, shop(Path(folder), size, options.goods, options.database) as filled:
        tell(f"{size} goods: filling")
        filled.open()
        with filled.owner() as user:
            lay_plan(user)
        filled.change_a_tenth()
        commands = [*_empty_commands(), *_owner_commands(filled)]
        seconds = _in_turns(commands, options.rounds)
    ratios = {name: took / seconds[YARDSTICK] for name, took in seconds.items()}
    rows = [(name, took * 1000, ratios[name]) for name, took in seconds.items()]
    show_table(f"{size} goods", ("command", "median ms", f"÷ {YARDSTICK}"), rows)
    return {name: {"seconds": took, "ratio": ratios[name]} for name, took in seconds.items()}


def _empty_commands() -> list[Command]:
    app = {"FLASK_APP": "bench.speed.empty:make_app"}
    return [Command(name, {**app, **more}, ("empty",)) for name, more in EMPTY.items()]


def _owner_commands(filled: Shop) -> list[Command]:
    environment = {**filled.environment, "FLASK_APP": "wsgi.py"}
    asked = (
        ("sync-config", OWNER),
        ("sync-config", OWNER, "--resolved"),
        ("sync", "plan", OWNER),
    )
    return [Command(" ".join(arguments).replace(OWNER, "USER"), environment, arguments) for arguments in asked]


def _in_turns(commands: list[Command], rounds: int) -> dict[str, float]:
    """Medians; everything once before, so that compiled modules are there."""
    took: dict[str, list[float]] = {one.name: [] for one in commands}
    for number in going("rounds", range(rounds + 1)):
        for one in commands:
            seconds = one.run().seconds
            if number:
                took[one.name].append(seconds)
    return {name: median(seconds) for name, seconds in took.items()}


def _with_users(options: argparse.Namespace) -> dict[int, dict[str, float]]:
    """`--active` over so many users, whose switches are on."""
    found: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, shop(Path(folder), 100, options.goods, options.database) as filled:
        filled.open()
        with filled.owner() as user:
            switch.toggle(user, True)
            switch.confirm(user)
        command = Command("", {**filled.environment, "FLASK_APP": "wsgi.py"}, ("sync-config", "--active"))
        for total in sorted(options.users):
            tell(f"{total} users: filling")
            with filled.owner() as user:
                multiply(user, total)
            ended = [command.run() for _ in range(max(1, options.rounds // 3))]
            seconds = median([one.seconds for one in ended])
            found[total] = {
                "seconds": seconds,
                "a_second": total / seconds,
                "peak_mb": max(one.peak_mb for one in ended),
            }
    rows = [(str(total), one["seconds"], one["a_second"], one["peak_mb"]) for total, one in found.items()]
    show_table("sync-config --active", ("users", "median s", "users a second", "peak MB"), rows)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/commands", description=__doc__)
    add_common(parser, sizes=[1_000, 15_000])
    parser.add_argument("--users", type=numbers, default=[1_000, 10_000], metavar="N,N", help="for --active")
    parser.add_argument("--rounds", type=int, default=15, help="of turns between all commands")
    return parser.parse_args()


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
