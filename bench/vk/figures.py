"""What one piece of work cost, and what it would cost for a full market."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.speed.processes import Ended
from bench.vk.ways import Way
from bench.vk.work import Kind

FULL, VK_PACE = 15_000, 3
"""Items that a community may have, and VK's calls a second."""


@dataclass(frozen=True)
class Cost:
    items: int
    """That changed."""
    methods: Mapping[str, int]
    """Requests to VK's API."""
    within: Mapping[str, int]
    """Calls within `execute`."""
    uploads: int
    evotor: int
    refused: int
    """Requests that VK did not answer with yes."""
    ended: Ended
    per_second: int

    @property
    def requests(self) -> int:
        return sum(self.methods.values())

    @property
    def an_item(self) -> float | None:
        return self.requests / self.items if self.items else None

    @property
    def by_pace(self) -> float:
        """Wall time over what the pace alone would take."""
        return self.ended.seconds / (self.requests / self.per_second)

    @property
    def seconds_at_vk_pace(self) -> float:
        """Measured; at another pace, each request later by what VK's is slower."""
        return self.ended.seconds + self.requests * (1 / VK_PACE - 1 / self.per_second)

    @property
    def by_vk_pace(self) -> float:
        return self.seconds_at_vk_pace / (self.requests / VK_PACE)

    def as_json(self) -> dict[str, Any]:
        figures = {"requests": self.requests, "an_item": self.an_item, "by_pace": self.by_pace}
        return {**asdict(self), **figures}


Costs = Mapping[Kind, Cost]


def cost_of(way: Way, kind: Kind, per_second: int) -> Cost | None:
    """Of doing it; None where this way has no such work. Raises RuntimeError where the market is wrong afterwards."""
    if not way.prepare(kind):
        return None
    items = len(way.assortment.goods.products) if kind.changes_goods else 0
    way.sandbox.control("clock", advance=1)  # what was asked last before counts for a second towards the pace
    way.sandbox.control("calls/reset")
    ended = way.work()
    log = way.sandbox.log("vk")
    counts = log["calls"]
    cost = Cost(
        items=items,
        methods=_of(counts, "vk"),
        within=_of(log["inner_calls"], "vk"),
        uploads=sum(_of(counts, "upload").values()),
        evotor=sum(_of(counts, "evotor").values()),
        refused=sum(entry.get("outcome") != "ok" for entry in log["entries"] if not entry.get("inside")),
        ended=ended,
        per_second=per_second,
    )
    way.assortment.check(way.sandbox)
    return cost


def _of(counts: Mapping[str, int], service: str) -> dict[str, int]:
    start = f"{service}."
    return {name.removeprefix(start): count for name, count in sorted(counts.items()) if name.startswith(start)}


def when_full(by_size: Mapping[int, Costs], kind: Kind, figure: Callable[[Cost], float]) -> float | None:
    """Straight on from the smallest and the largest size, or, where there is one alone, from nothing.

    None where this way has no such work, or where one size says nothing because no item changes.
    """
    sizes = sorted(size for size, costs in by_size.items() if kind in costs)
    if not sizes or (len(sizes) == 1 and sizes[0] != FULL and not kind.changes_goods):
        return None
    first, last = (figure(by_size[size][kind]) for size in (sizes[0], sizes[-1]))
    if len(sizes) == 1:
        return last / sizes[0] * FULL
    return last + (last - first) / (sizes[-1] - sizes[0]) * (FULL - sizes[-1])
