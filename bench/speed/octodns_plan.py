"""octodns planning: run by the Python of a virtual environment of its own, knows nothing of the product.

Reads a number of records per line. Answers with the seconds that comparing two zones took (`changes` and `Plan`) and
those of a provider's whole `plan`, by the clock on the wall, then by the processor's. A tenth of the records differ.
"""

import logging
import sys
import time
from typing import Any

from octodns.provider.base import BaseProvider  # type: ignore[import-not-found]  # of another environment
from octodns.provider.plan import Plan  # type: ignore[import-not-found]
from octodns.record import Record  # type: ignore[import-not-found]
from octodns.zone import Zone  # type: ignore[import-not-found]

NAME = "example.com."


class Kept(BaseProvider):  # type: ignore[misc]
    """A provider whose records are at hand."""

    SUPPORTS_GEO = SUPPORTS_DYNAMIC = SUPPORTS_ROOT_NS = False
    SUPPORTS = frozenset({"A", "TXT"})

    def __init__(self, records: Any) -> None:
        self.log = logging.getLogger("Kept")
        super().__init__("kept")
        self._records = records

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:
        for record in self._records:
            zone.add_record(record, lenient=lenient)
        return True

    def _apply(self, plan: Any) -> None:
        raise NotImplementedError


def zone_of(count: int, *, changed: bool) -> Any:
    zone = Zone(NAME, [])
    for number in range(count):
        is_other = changed and number % 10 == 0
        if number % 2:
            data = {"type": "TXT", "ttl": 300, "value": f"product {number} {'new' if is_other else 'old'} {'x' * 100}"}
        else:
            data = {"type": "A", "ttl": 600 if is_other else 300, "value": f"10.0.{number // 256 % 256}.{number % 256}"}
        zone.add_record(Record.new(zone, f"record-{number}", data))
    return zone


def clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def planned(existing: Any, desired: Any, provider: Any) -> list[float]:
    begun = clocks()
    plan = Plan(existing, desired, existing.changes(desired, provider), True)
    compared = clocks()
    whole = provider.plan(desired)
    ended = clocks()
    assert len(plan.changes) == len(whole.changes) == -(-len(desired.records) // 10)
    return [end - begin for on in (0, 1) for begin, end in ((begun[on], compared[on]), (compared[on], ended[on]))]


def main() -> None:
    for line in sys.stdin:
        count = int(line)
        existing, desired = zone_of(count, changed=False), zone_of(count, changed=True)
        took = planned(existing, desired, Kept(list(existing.records)))
        sys.stdout.write(" ".join(map(str, took)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
