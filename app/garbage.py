"""The collector of cyclic garbage, kept away from where it could find nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock


@contextmanager
def uncollected() -> Iterator[None]:
    """Nobody looks for cycles while a long list of values is made, which are all in use: each look would walk them, and
    a thorough one everything that the process holds, which takes as long as copying a large catalog.

    It holds for all threads, so that nothing belongs inside that waits for a vendor. Of several, within each other or
    in several threads, the last to leave turns the collector on again, unless it was off before.
    """
    _absence.begin()
    try:
        yield
    finally:
        _absence.end()


@dataclass(slots=True)
class _Absence:
    """Of the process's one collector."""

    asked_by: int = 0
    was_on: bool = False
    lock: Lock = field(default_factory=Lock)

    def begin(self) -> None:
        with self.lock:
            if self.asked_by == 0:
                self.was_on = gc.isenabled()
                gc.disable()
            self.asked_by += 1

    def end(self) -> None:
        with self.lock:
            self.asked_by -= 1
            if self.asked_by == 0 and self.was_on:
                gc.enable()


_absence = _Absence()
