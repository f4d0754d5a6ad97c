"""The work of keeping a VK market by EvoSync, by EvoSync with single calls, and by a loop over vk_api."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench.speed.figures import going, machine, show_json, show_table, tell
from bench.speed.options import add_common, end_on_sigterm, names
from bench.vk.figures import FULL, VK_PACE, Cost, Costs, cost_of, when_full
from bench.vk.ways import LIBRARY, VERSION, Way, evosync, vk_api_loop
from bench.vk.work import Assortment, Kind

EVOSYNC, SINGLE, LOOP = "evosync", "single", LIBRARY
WAYS = f"{EVOSYNC}; {SINGLE}: the same with single calls; {LOOP}, which is installed aside, the first time only"
SINGLE_CALLS = {"VK_BATCH_SIZE": "1", "VK_PHOTO_BATCH_SIZE": "1"}
NOT_PERMITTED = "error:7"
BULK = "market.saveProductPhotoBulk"
ONE_CALL = (Kind.EDITED, Kind.HIDDEN, Kind.SHOWN, Kind.GONE, Kind.DELETED)
Measured = dict[str, dict[int, Costs]]
"""By way and size."""


def main() -> int:
    options = _options()
    measured: Measured = {}
    for name, begin in _ways(options).items():
        for size in options.sizes:
            costs = _measure(name, begin, size, options)
            measured.setdefault(name, {})[size] = costs
            _show(f"{name}: {size} goods at {options.per_second} requests a second", costs)
    for name, by_size in measured.items():
        _show_methods(f"{name}: {max(by_size)} goods, requests by method", by_size[max(by_size)])
    _show_full(measured)
    aims = _aims(measured[EVOSYNC], options) if EVOSYNC in measured and not options.laid else []
    if aims:
        _show_aims(aims)
    if options.json:
        show_json(_report(measured, aims, options))
    return 0


def _ways(options: argparse.Namespace) -> dict[str, Callable[[Path, Assortment], AbstractContextManager[Way]]]:
    pace, server, is_laid = options.per_second, options.database, options.laid
    ways: dict[str, Callable[[Path, Assortment], AbstractContextManager[Way]]] = {
        EVOSYNC: lambda folder, goods: evosync(folder, goods, pace, server, {}, is_laid=is_laid),
        SINGLE: lambda folder, goods: evosync(folder, goods, pace, server, SINGLE_CALLS, is_laid=is_laid),
        LOOP: lambda folder, goods: vk_api_loop(folder, goods, pace),
    }
    return {name: begin for name, begin in ways.items() if name in options.ways}


def _measure(
    name: str, begin: Callable[[Path, Assortment], AbstractContextManager[Way]], size: int, options: argparse.Namespace
) -> Costs:
    goods = Assortment.of(size, options.goods)
    found: dict[Kind, Cost] = {}
    with tempfile.TemporaryDirectory() as folder, begin(Path(folder), goods) as way:
        way.sandbox.empty_market()
        way.sandbox.control("vk/settings", keep_photos=False)
        way.sandbox.control("rate", user=options.per_second)
        for method in options.refused:
            way.sandbox.fault("vk", NOT_PERMITTED, method)
        for kind in going("work", [*Kind][: [*Kind].index(options.until) + 1]):
            tell(f"{name}, {size} goods: {kind}")
            cost = cost_of(way, kind, options.per_second)
            if cost is not None:
                found[kind] = cost
    return found


def _show(title: str, costs: Costs) -> None:
    headings = ("", "requests", "an item", "uploads", "Evotor", "refused", "wall s", "÷ pace", "CPU s", "ms an item")
    rows = [
        (
            kind,
            cost.requests,
            cost.an_item,
            cost.uploads,
            cost.evotor,
            cost.refused,
            cost.ended.seconds,
            cost.by_pace if cost.items else None,
            cost.ended.cpu,
            _cpu_ms_an_item(costs, kind),
            cost.ended.peak_mb,
        )
        for kind, cost in costs.items()
    ]
    show_table(title, (*headings, "peak MB"), rows)


def _cpu_ms_an_item(costs: Costs, kind: Kind) -> float | None:
    """Beyond what a run takes that finds nothing to do."""
    cost, idle = costs[kind], costs.get(Kind.UNCHANGED)
    return (cost.ended.cpu - idle.ended.cpu) / cost.items * 1000 if idle and cost.items else None


def _show_methods(title: str, costs: Costs) -> None:
    kinds = [*costs]
    rows = [
        *_by_method({kind: cost.methods for kind, cost in costs.items()}, kinds, ""),
        *_by_method({kind: cost.within for kind, cost in costs.items()}, kinds, "in execute: "),
    ]
    show_table(title, ("", *kinds), rows)


def _by_method(counts: Mapping[Kind, Mapping[str, int]], kinds: list[Kind], before: str) -> Iterator[tuple[Any, ...]]:
    for method in sorted({method for found in counts.values() for method in found}):
        yield (before + method, *(counts[kind].get(method) for kind in kinds))


def _show_full(measured: Measured) -> None:
    headings = [f"{name} ≈ {what}" for name in measured for what in ("requests", "min")]
    kinds = [kind for kind in Kind if any(kind in costs for by_size in measured.values() for costs in by_size.values())]
    rows = [(kind, *(value for by_size in measured.values() for value in _full(by_size, kind))) for kind in kinds]
    title = f"{FULL} goods at {VK_PACE} a second: straight on from the above, nothing of the kind was run"
    show_table(title, ("", *headings), rows)


def _full(by_size: Mapping[int, Costs], kind: Kind) -> tuple[int | None, float | None]:
    """Requests and minutes."""
    requests = when_full(by_size, kind, lambda cost: cost.requests)
    seconds = when_full(by_size, kind, lambda cost: cost.seconds_at_vk_pace)
    return (None if requests is None else round(requests)), (None if seconds is None else seconds / 60)


def _aims(by_size: Mapping[int, Costs], options: argparse.Namespace) -> list[dict[str, Any]]:
    """What EvoSync is to reach, and what it does, by its largest size."""
    size = max(by_size)
    costs = by_size[size]
    new = "bulk photos refused" if BULK in options.refused else "bulk photos allowed"
    found = [
        (f"requests a new item, {new}", 1.3 if BULK in options.refused else 0.4, costs[Kind.NEW].an_item),
        *((f"requests an item, {kind}", 0.06, costs[kind].an_item) for kind in ONE_CALL if kind in costs),
        (
            "wall ÷ pace, new" if options.per_second == VK_PACE else "≈ wall ÷ pace, new",
            1.1,
            costs[Kind.NEW].by_vk_pace,
        ),
        (f"≈ min for the first {FULL}", 35.0, _full(by_size, Kind.NEW)[1]),
        (f"peak MB, with {size} goods", 200.0, max(cost.ended.peak_mb for cost in costs.values())),
    ]
    return [{"of": name, "aim": aim, "measured": value, "reached": (value or 0) <= aim} for name, aim, value in found]


def _show_aims(aims: list[dict[str, Any]]) -> None:
    rows = [(one["of"], one["aim"], one["measured"], "yes" if one["reached"] else "no") for one in aims]
    show_table("EvoSync beside what it is to reach", ("", "aim", "measured", "reached"), rows)


def _report(measured: Measured, aims: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    ways = {
        name: {
            "sizes": {size: {kind: cost.as_json() for kind, cost in costs.items()} for size, costs in by_size.items()},
            "full": {kind: dict(zip(("requests", "minutes"), _full(by_size, kind), strict=True)) for kind in Kind},
        }
        for name, by_size in measured.items()
    }
    told: dict[str, Any] = {
        LIBRARY: VERSION,
        "per_second": options.per_second,
        "refused": options.refused,
        "database": options.database or "sqlite",
    }
    return {"bench": "vk_requests", **machine(), **told, "ways": ways, "aims": aims}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/vk_requests", description=__doc__)
    add_common(parser, sizes=[25, 100])
    parser.add_argument("--per-second", type=int, default=VK_PACE, metavar="N", help="of the emulator and all clients")
    parser.add_argument("--refused", type=names, default=[], metavar="METHOD,METHOD", help="that VK does not permit")
    parser.add_argument("--laid", action="store_true", help="the goods stand in the market from the start")
    parser.add_argument("--until", type=Kind, default=Kind.DELETED, metavar="KIND", help="of work, such as edited")
    parser.add_argument("--ways", type=names, default=[EVOSYNC, SINGLE, LOOP], metavar="WAY,WAY", help=WAYS)
    options = parser.parse_args()
    if options.laid and LOOP in options.ways:
        parser.error(f"--laid is not for {LOOP}")
    if unknown := {*options.ways} - {EVOSYNC, SINGLE, LOOP}:
        parser.error(f"no such way: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
