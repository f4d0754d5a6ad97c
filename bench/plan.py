"""A plan and its parts beside octodns planning as many records; a refresh beside download and decoding of its pages."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from app.db import db
from app.models import User
from app.services.catalog import copy, refresh
from app.services.planning import plans
from app.services.vendors.clients import evotor_client
from bench.speed.clocks import Took, middle, now, timed, took
from bench.speed.figures import going, machine, show_json, show_table, tell
from bench.speed.octodns_process import Octodns, octodns
from bench.speed.options import add_common, end_on_sigterm
from bench.speed.shop import Shop, lay_plan, shop
from tests.support.sandbox import EVOTOR_TOKEN

COMPARED, WHOLE, OCTODNS = "compare", "whole", "octodns: changes and Plan"
DOWNLOAD = "download and decode"
WHOLE_LISTS, CHANGES = "refresh without stock, nothing changed", "refresh without stock, by what changed: nothing"
Samples = dict[str, list[Took]]


@dataclass(frozen=True)
class Row:
    seconds: float
    cpu: float
    ratio: float
    """To the yardstick, by the clock on the wall."""
    ratio_cpu: float


def main() -> int:
    options = _options()
    report: dict[str, Any] = {"bench": "plan", **machine(), "database": options.database or "sqlite", "sizes": {}}
    with ExitStack() as stack:
        dns = None if options.without_octodns else stack.enter_context(octodns())
        for size in options.sizes:
            planned, refreshed = _measure_size(size, options, dns)
            _show(f"plan, {size} goods, a tenth of the listings changed", planned)
            _show(f"refresh, {size} goods", refreshed)
            report["sizes"][size] = {
                "plan": {name: asdict(one) for name, one in planned.items()},
                "refresh": {name: asdict(one) for name, one in refreshed.items()},
            }
    if options.json:
        show_json(report)
    return 0


def _measure_size(size: int, options: argparse.Namespace, dns: Octodns | None) -> tuple[dict[str, Row], dict[str, Row]]:
    with tempfile.TemporaryDirectory() as folder, shop(Path(folder), size, options.goods, options.database) as filled:
        tell(f"{size} goods: filling")
        filled.open()
        with filled.owner() as user:
            lay_plan(user)
        filled.change_a_tenth()
        planned: Samples = {}
        for _ in going("rounds", range(options.rounds)):
            _note(planned, _plan_once(filled))
            if dns:
                compared, whole = dns.planned(size)
                _note(planned, {OCTODNS: compared, "octodns: a provider's plan": whole})
        refreshed: Samples = {}
        for _ in range(options.refreshes):
            _note(refreshed, _refresh_once(filled))
    return _rows(planned, OCTODNS if dns else WHOLE), _rows(refreshed, DOWNLOAD)


def _note(samples: Samples, found: dict[str, Took]) -> None:
    for name, one in found.items():
        samples.setdefault(name, []).append(one)


def _plan_once(filled: Shop) -> dict[str, Took]:
    """As a command makes it, which has read nothing before; what is neither selecting nor comparing is loading."""
    with filled.owner() as user, _noted("select") as selected, _noted("make_plan") as compared:
        begun = now()
        plan = plans.plan_for(user)
        whole = now() - begun
    if len(selected) != 1 or len(compared) != 1 or not plan.changes:
        raise RuntimeError("the plan was not made as this bench supposes")
    return {"load": whole - selected[0] - compared[0], "select": selected[0], COMPARED: compared[0], WHOLE: whole}


@contextmanager
def _noted(name: str) -> Iterator[list[Took]]:
    """What the calls of that function take while a plan is made."""
    samples: list[Took] = []
    with patch.object(plans, name, timed(getattr(plans, name), samples)):
        yield samples


def _refresh_once(filled: Shop) -> dict[str, Took]:
    """Each kind of refresh, and before each the yardstick."""
    found = {}
    kinds: dict[str, Callable[[User], object]] = {
        "refresh, nothing changed": lambda user: None,
        "refresh, a tenth changed": lambda user: filled.change_at_register(),
        "refresh, the first one": lambda user: copy.drop_catalog(user.id),
    }
    with filled.app.app_context():
        found[DOWNLOAD] = took(lambda: _download(filled))
    for name, prepare in kinds.items():
        with filled.owner() as user:
            prepare(user)
            db.session.commit()
            found[name] = took(lambda user=user: refresh.refresh(user))  # type: ignore[misc]
    with filled.without_stock():
        for name, whole in {WHOLE_LISTS: None, CHANGES: ()}.items():
            calls = filled.sandbox.calls()
            with filled.owner() as user:
                found[name] = took(lambda user=user, whole=whole: refresh.refresh(user, whole=whole))  # type: ignore[misc]
            tell(f"  {name}: {filled.sandbox.calls() - calls} requests")
    return found


def _download(filled: Shop) -> None:
    """Everything that a refresh reads, by the same client, and nothing done with it."""
    with evotor_client(EVOTOR_TOKEN) as client:
        for store in client.stores():
            client.groups(store.id)
            client.products(store.id)


def _rows(samples: Samples, yardstick: str) -> dict[str, Row]:
    middles = {name: middle(found) for name, found in samples.items()}
    unit = middles[yardstick]
    return {
        name: Row(one.seconds, one.cpu, one.seconds / unit.seconds, one.cpu / unit.cpu) for name, one in middles.items()
    }


def _show(title: str, rows: dict[str, Row]) -> None:
    yardstick = next(name for name, one in rows.items() if one.ratio == 1)
    headings = ("", "median ms", "CPU ms", "÷ yardstick", "CPU ÷ yardstick")
    found = [(name, one.seconds * 1000, one.cpu * 1000, one.ratio, one.ratio_cpu) for name, one in rows.items()]
    show_table(f"{title}; yardstick: {yardstick}", headings, found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/plan", description=__doc__)
    add_common(parser, sizes=[1_000, 15_000, 50_000])
    parser.add_argument("--rounds", type=int, default=7, help="of turns between our plan and octodns")
    parser.add_argument("--refreshes", type=int, default=3, help="of each kind, and of the download")
    parser.add_argument("--without-octodns", action="store_true", help="which is installed aside, the first time only")
    return parser.parse_args()


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
