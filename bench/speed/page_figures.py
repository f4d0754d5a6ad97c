"""The figures of one page, and the tables of all of them."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from bench.speed.figures import median, p95, show_table
from bench.speed.visitors import Samples

MS = 1000


@dataclass
class Figures:
    """Of one page at one size; times in milliseconds."""

    p50: float
    p95: float
    cpu: float
    """Of the workers' time for a request: what neighbours on the machine disturb least."""
    bare_p50: float
    bare_p95: float
    bare_cpu: float
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

    @property
    def ratio_cpu(self) -> float:
        return self.cpu / self.bare_cpu if self.bare_cpu else 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio_p50": self.ratio_p50, "ratio_p95": self.ratio_p95, "ratio_cpu": self.ratio_cpu}


BySize = dict[int, dict[str, Figures]]


def figures(page: Samples, bare: Samples, weight: tuple[int, int] | None) -> Figures:
    return Figures(
        p50=median(page.seconds) * MS,
        p95=p95(page.seconds) * MS,
        cpu=page.cpu_each * MS,
        bare_p50=median(bare.seconds) * MS,
        bare_p95=p95(bare.seconds) * MS,
        bare_cpu=bare.cpu_each * MS,
        first=page.first * MS,
        requests=len(page.seconds),
        statements=weight[0] if weight else None,
        kilobytes=weight[1] / 1000 if weight else None,
    )


def show_size(size: int, found: dict[str, Figures], memory: dict[str, float]) -> None:
    headings = (
        *("page", "p95 ÷ bare", "p50 ÷ bare", "CPU ÷ bare", "p95 ms", "p50 ms", "CPU ms"),
        *("bare p95", "bare p50", "bare CPU", "first ms", "requests", "SQL", "kB"),
    )
    rows = [
        (
            *(name, one.ratio_p95, one.ratio_p50, one.ratio_cpu, one.p95, one.p50, one.cpu),
            *(one.bare_p95, one.bare_p50, one.bare_cpu, one.first, one.requests, one.statements, one.kilobytes),
        )
        for name, one in found.items()
    ]
    show_table(f"{size} goods", headings, rows)
    if memory:
        print("memory of a worker: " + ", ".join(f"{text} requests {size:.0f} MB" for text, size in memory.items()))


def show_growth(by_size: BySize) -> None:
    """By the clock on the wall, then by the processor's."""
    sizes = sorted(by_size)
    names = [name for name in by_size[sizes[-1]] if all(name in by_size[size] for size in sizes)]
    steps = list(pairwise(sizes))
    for attribute, title in (("ratio_p95", "p95 ÷ bare p95"), ("ratio_cpu", "CPU ÷ bare CPU")):
        ratios = {name: {size: getattr(by_size[size][name], attribute) for size in sizes} for name in names}
        headings = [f"growth of {title} at", *map(str, sizes), *(f"{large} ÷ {small}" for small, large in steps)]
        rows = [
            (name, *found.values(), *(found[large] / found[small] if found[small] else None for small, large in steps))
            for name, found in ratios.items()
        ]
        show_table("", headings, rows)
