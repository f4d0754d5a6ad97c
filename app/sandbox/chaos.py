"""Faults by chance: every call meets one with a given probability; the same seed and calls, the same faults."""

import random
from dataclasses import dataclass, field
from typing import Any

LAG, HALF, LIST_KINDS = "lag", "half", ("cut", "empty_list", "partial")
WAIT_MS = 50
LOST_AND_LATE = 0.5
KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "vk": {
        "http_500": ("http_500", "http_500_after"),
        "http_502": ("http_502", "http_502_after"),
        "garbage": ("garbage", "garbage_after"),
        "truncated": ("truncated",),
        "timeout": (f"timeout:{WAIT_MS}", f"timeout_after:{WAIT_MS}"),
        "drop_before": ("drop_before",),
        "drop_after": ("drop_after",),
        "unknown": ("error:1", "error_after:1"),
        "too_many": ("too_many",),
        "flood": ("flood",),
        "internal": ("internal", "error_after:10"),
        "rate_limit": ("rate_limit",),
        LAG: (LAG,),
        HALF: (HALF,),
    },
    "upload": {
        "http_500": ("http_500",),
        "http_502": ("http_502",),
        "garbage": ("garbage",),
        "truncated": ("truncated",),
        "timeout": (f"timeout:{WAIT_MS}",),
        "drop": ("drop",),
        "drop_after": ("drop_after",),
    },
    "evotor": {kind: (kind,) for kind in ("500", "502", "503", "429", "truncated", "html", "drop", *LIST_KINDS)},
}
"""Kinds as they are asked for → the faults that chance chooses from: before or after the change was stored."""
SPECIAL = frozenset({LAG, HALF, *LIST_KINDS})
STORED = (
    "truncated",
    "drop_after",
    "timeout_after",
    "error_after",
    "http_500_after",
    "http_502_after",
    "garbage_after",
)
ALL_KINDS = frozenset(kind for kinds in KINDS.values() for kind in kinds)


@dataclass
class Chaos:
    probability: float = 0
    seed: int = 0
    kinds: list[str] = field(default_factory=list)
    """Only these; none named: all."""
    lag: float = 0.5
    """The longest time, in seconds, by which lists trail a write."""
    hits: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or self.lag < 0:
            raise ValueError("probability is 0..1, lag not below 0")
        if unknown := set(self.kinds) - ALL_KINDS:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        # Requests of one kind come in an order of their own, whatever another thread sends meanwhile.
        self._random = {service: random.Random(f"{self.seed} {service}") for service in KINDS}

    def count(self, service: str, kind: str) -> None:
        name = f"{service}.{kind}"
        self.hits[name] = self.hits.get(name, 0) + 1

    def draw(self, service: str, special: tuple[str, ...]) -> list[dict[str, Any]]:
        """What the call meets, as control would describe it. `special`: kinds that only some calls know."""
        chance = self._random[service]
        if not self.probability or chance.random() >= self.probability:
            return []
        offered = {kind: faults for kind, faults in KINDS[service].items() if kind not in SPECIAL or kind in special}
        wanted = [kind for kind in offered if not self.kinds or kind in self.kinds]
        if not wanted:
            return []
        kind = chance.choice(offered[chance.choice(wanted)])
        if kind == LAG:
            return [self._lag(chance)]
        met = {"kind": kind, "retry_after": 1 if kind == "429" else None}
        # The worst of both: the answer is lost, and lists do not show the change yet.
        lags_too = LAG in wanted and kind.startswith(STORED) and chance.random() < LOST_AND_LATE
        return [met, self._lag(chance)] if lags_too else [met]

    def _lag(self, chance: random.Random) -> dict[str, Any]:
        return {"kind": f"{LAG}:{chance.uniform(0, self.lag):.3f}"}
