"""Hundreds of hostile pictures, each refused by the real child: how long the slowest takes, and in how much memory."""

import resource
import sys
import time

from app.services.errors import BadPhoto
from app.services.photos import making
from bench.speed.figures import going
from tests.support.hostile_pictures import corpus


def main() -> int:
    taken, accepted = [], []
    for name, content in going("pictures", corpus()):
        began, cpu = time.perf_counter(), _cpu()
        try:
            making.make(content)
            code = "accepted"
            accepted.append(name)
        except BadPhoto as refusal:
            code = refusal.code
        taken.append((_cpu() - cpu, time.perf_counter() - began, len(content), name, code))
    print(f"{'cpu, s':>7} {'clock, s':>8} {'bytes':>9}  picture")
    for seconds, clock, size, name, code in sorted(taken, reverse=True)[: int(sys.argv[1]) if sys.argv[1:] else 10]:
        print(f"{seconds:7.2f} {clock:8.2f} {size:9}  {name}: {code}")
    own, child = (resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{len(taken)} pictures, {len(accepted)} accepted; the largest child took {child} MiB, its parent {own} MiB")
    return 1 if accepted else 0


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
