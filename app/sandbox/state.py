"""Everything the sandbox remembers: in memory, under one lock, put back to the seed by one call."""

import copy
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.evotor.partner import Partner
from app.sandbox.evotor.state import EvotorState
from app.sandbox.faults import SLOW_KINDS, Faults
from app.sandbox.vk.state import VkState


class Clock:
    """The sandbox's own time: real time plus what the tests added; may be frozen."""

    def __init__(self) -> None:
        self._start = time.time() - time.monotonic()
        self._added = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        running = self._start + time.monotonic() if self._frozen_at is None else self._frozen_at
        return running + self._added

    def advance(self, seconds: float) -> None:
        self._added += seconds

    def freeze(self, frozen: bool) -> None:
        if frozen and self._frozen_at is None:
            self._frozen_at = self._start + time.monotonic()
        elif not frozen:
            self._frozen_at = None


@dataclass
class CallLog:
    counts: Counter[str] = field(default_factory=Counter)
    inner: Counter[str] = field(default_factory=Counter)
    """Calls that came within a batch: no requests of their own."""
    stored: Counter[str] = field(default_factory=Counter)
    entries: deque[Json] = field(default_factory=lambda: deque(maxlen=100_000))
    peak_per_second: int = 0

    @property
    def writes(self) -> int:
        return self.stored.total()


class World:
    def __init__(self, seed: "Callable[[World], None]") -> None:
        self.lock = RLock()
        self.partner = Partner()
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.clock = Clock()
            self.faults = Faults()
            self.calls = CallLog()
            self.evotor = EvotorState()
            self.vk = VkState()
            self._snapshot: tuple[Clock, CallLog, EvotorState, VkState] | None = None
            self._seed(self)

    def snapshot(self) -> None:
        """Keep a copy of everything but the faults."""
        with self.lock:
            self._snapshot = copy.deepcopy((self.clock, self.calls, self.evotor, self.vk))

    def restore(self) -> None:
        """Back to the last snapshot. Raises ValueError where there is none."""
        with self.lock:
            if self._snapshot is None:
                raise ValueError("no snapshot since the last reset")
            self.clock, self.calls, self.evotor, self.vk = copy.deepcopy(self._snapshot)

    def delay(self, service: str, target: str, *, token: str | None = None, store: str | None = None) -> None:
        """Wait as a `slow` fault asks, without holding the others up."""
        with self.lock:
            fault = self.faults.take(service, target, SLOW_KINDS, token=token, store=store)
        if fault is not None:
            time.sleep(fault.number / 1000)

    def note_call(self, service: str, target: str, **facts: Any) -> Json:
        """Count the call and keep it in the ordered list; the caller adds the outcome to the answer."""
        self.calls.counts[f"{service}.{target}"] += 1
        return self._listed(service, target, facts)

    def note_inner_call(self, service: str, target: str, **facts: Any) -> Json:
        """The same for a call that came within the one before."""
        self.calls.inner[f"{service}.{target}"] += 1
        return self._listed(service, target, {**facts, "inside": True})

    def _listed(self, service: str, target: str, facts: Json) -> Json:
        entry: Json = {"at": round(self.clock.now(), 3), "service": service, "target": target, **facts}
        self.calls.entries.append(entry)
        return entry
