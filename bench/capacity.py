"""A day of many shops, simulated: when their runs are due, what these cost, and what has to be there for that.

Nothing is asked and nobody is served: shops are numbers here. What runs cost was measured on PostgreSQL, at the pace of
the vendors and with 100 ms for each of their answers, by `bench/quiet --sizes 50 --rounds 5 --prices 0,1,10 --paced`: a
quiet one, and for a busy one that which changes ten prices. First runs, claims and PostgreSQL itself are left out.
"""

import argparse
import heapq
import math
import random
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from app.services.runs.rhythm import usual_wait
from bench.speed.figures import going, p95, show_json, show_table

HOUR, DAY = 3600.0, 24 * 3600.0
OPENS, CLOSES = 9 * HOUR, 21 * HOUR
ZONES = {2: 2, 3: 60, 4: 8, 5: 14, 7: 8, 8: 3, 9: 2, 10: 3}
"""Hours ahead of UTC, and so many shops of a hundred."""
FULL = 0.7
"""Of a processor, a thread or a database no more is used: beyond that, waiting grows out of all proportion."""
POSTGRESQL_CONNECTIONS = 97
"""Of the hundred that it takes as it comes, those that are not kept for administrators."""
WEB_CONNECTIONS = 10
A_PROCESS = 30
"""Connections that one process opens at most: see _POOL in app/db.py."""


@dataclass(frozen=True)
class Costs:
    """Of one run; seconds of a processor, seconds that it takes, statements of the database."""

    cpu: float
    wall: float
    statements: float


@dataclass(frozen=True)
class Assumed:
    quiet: Costs
    busy: Costs
    eventful: float
    """Part of the quarters of an hour in which something changes at the register of an open shop."""
    interval: timedelta
    statements_a_second: float
    """That the database takes."""


@dataclass
class Day:
    shops: int
    runs: Counter[int]
    """By hour, UTC."""
    busy: Counter[int]
    waits: list[float]
    processes: int
    threads: int

    def peak(self, assumed: Assumed, cost: str) -> float:
        """A second, in the hour that takes the most."""
        quiet, busy = getattr(assumed.quiet, cost), getattr(assumed.busy, cost)
        an_hour = ((runs - self.busy[hour]) * quiet + self.busy[hour] * busy for hour, runs in self.runs.items())
        return float(max(an_hour)) / HOUR


def main() -> int:
    options = _options()
    assumed = Assumed(
        quiet=Costs(*options.quiet),
        busy=Costs(*options.busy),
        eventful=options.eventful,
        interval=timedelta(minutes=options.interval),
        statements_a_second=options.statements,
    )
    days = [_day(shops, assumed, options.threads, random.Random(options.seed)) for shops in options.shops]
    _show(days, assumed)
    if options.json:
        show_json({"options": vars(options), "days": [_facts(day, assumed) for day in days]})
    return 0


def _day(shops: int, assumed: Assumed, threads: int, chance: random.Random) -> Day:
    """The second of two days: on the first the shops find their rhythm."""
    processes = _processes(shops, assumed, threads)
    day = Day(shops, Counter(), Counter(), [], processes, threads)
    zones = chance.choices([*ZONES], [*ZONES.values()], k=shops)
    quiet = [0] * shops
    seen = [0.0] * shops
    due = [(chance.random() * HOUR, shop) for shop in range(shops)]
    heapq.heapify(due)
    free = [0.0] * (processes * threads)
    for _ in going(f"{shops} shops", iter(lambda: due[0][0] < 2 * DAY, False)):
        at, shop = heapq.heappop(due)
        is_busy = chance.random() < _chance_of_events(seen[shop], at, zones[shop], assumed)
        begins = max(at, heapq.heappop(free))
        ends = begins + (assumed.busy.wall if is_busy else assumed.quiet.wall)
        heapq.heappush(free, ends)
        quiet[shop] = 0 if is_busy else quiet[shop] + 1
        seen[shop] = begins
        heapq.heappush(due, (ends + usual_wait(assumed.interval, quiet[shop]).total_seconds(), shop))
        if at >= DAY:
            hour = int((begins - DAY) // HOUR)
            day.runs[hour] += 1
            day.busy[hour] += is_busy
            day.waits.append(begins - at)
    return day


def _chance_of_events(since: float, until: float, zone: int, assumed: Assumed) -> float:
    """That something changed at the register between the two moments."""
    quarters = max(1, round((until - since) / 900))
    open_ones = sum(OPENS <= (since + number * 900 + zone * HOUR) % DAY < CLOSES for number in range(quarters))
    return 1 - (1 - assumed.eventful) ** open_ones


def _processes(shops: int, assumed: Assumed, threads: int) -> int:
    """For the worst: all shops open, none of them seldom."""
    a_second = shops / assumed.interval.total_seconds()
    mixed: dict[str, float] = {
        cost: (1 - assumed.eventful) * getattr(assumed.quiet, cost) + assumed.eventful * getattr(assumed.busy, cost)
        for cost in ("cpu", "wall")
    }
    return max(1, math.ceil(a_second * max(mixed["cpu"], mixed["wall"] / threads) / FULL))


def _facts(day: Day, assumed: Assumed) -> dict[str, object]:
    cpu, statements = day.peak(assumed, "cpu"), day.peak(assumed, "statements")
    connections = day.processes * min(A_PROCESS, day.threads + 2) + WEB_CONNECTIONS
    limits = {
        "connections": connections / POSTGRESQL_CONNECTIONS,
        "statements": statements / (assumed.statements_a_second * FULL),
        "one process": cpu / FULL,
    }
    return {
        "shops": day.shops,
        "runs a day": sum(day.runs.values()),
        "rows a day": sum(day.busy.values()),
        "cpu": cpu,
        "processes": day.processes,
        "statements": statements,
        "connections": connections,
        "p95": p95(day.waits),
        "beyond": ", ".join(name for name, part in sorted(limits.items(), key=lambda one: -one[1]) if part > 1) or "–",
    }


def _show(days: list[Day], assumed: Assumed) -> None:
    headings = (
        *("shops", "runs a day", "that leave a row", "processors", "workers", "statements a s", "connections"),
        *("wait p95 s", "beyond, the furthest first"),
    )
    facts = [_facts(day, assumed) for day in days]
    show_table(
        f"every {assumed.interval} where something happens; in the busiest hour",
        headings,
        [[*map(_cell, one.values())] for one in facts],
    )


def _cell(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else value


def _options() -> argparse.Namespace:
    def costs(text: str) -> tuple[float, ...]:
        return tuple(map(float, text.split(",")))

    parser = argparse.ArgumentParser(prog="bench/capacity", description=__doc__)
    parser.add_argument(
        "--shops", type=lambda text: [int(one) for one in text.split(",")], default=[10, 1000, 10_000, 100_000]
    )
    parser.add_argument(
        "--quiet", type=costs, default=(0.05, 1.1, 25), metavar="CPU,WALL,SQL", help="of a run that finds nothing"
    )
    parser.add_argument(
        "--busy", type=costs, default=(0.114, 1.21, 76), metavar="CPU,WALL,SQL", help="of one that changes something"
    )
    parser.add_argument(
        "--eventful", type=float, default=0.15, help="part of the quarters of an hour in which something changes"
    )
    parser.add_argument("--interval", type=int, default=15, help="SYNC_INTERVAL_MINUTES")
    parser.add_argument("--threads", type=int, default=8, help="of each worker")
    parser.add_argument("--statements", type=float, default=10_000, help="a second, that the database takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="everything once more, as the last line")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
