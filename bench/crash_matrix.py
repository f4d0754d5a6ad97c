"""All points of the crash matrix, or a part of them, on a few benches side by side."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

from bench.speed.figures import going
from tests.support.audit import Findings
from tests.support.crash import CrashBench
from tests.support.crash_database import CrashDatabase, CrashPostgres, CrashSqlite
from tests.support.killing_proxy import MOMENTS, Point


def main() -> int:
    options = _options()
    began = time.monotonic()
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(options.jobs)]
        database = CrashPostgres if options.postgresql else CrashSqlite
        benches = [stack.enter_context(_bench(folder, database, options.one_by_one)) for folder in folders]
        undisturbed = [bench.undisturbed() for bench in benches]
        assert all(bench.requests == benches[0].requests for bench in benches), "the undisturbed runs differ"
        points = _chosen(benches[0].points(), options)
        found = [*undisturbed, *_crash_all(benches, points)]
    counts = [sum(bool(getattr(one, kind)) for one in found) for kind in ("twice", "lost", "wrong", "foreign")]
    print(
        f"points {len(points)}, requests {len(benches[0].requests)}, duplicates {counts[0]}, lost {counts[1]}, "
        f"wrong {counts[2]}, foreign touched {counts[3]}, seconds {time.monotonic() - began:.0f}"
    )
    return int(any(counts))


@contextmanager
def _bench(folder: Path, database: Callable[[Path], CrashDatabase], one_by_one: bool) -> Iterator[CrashBench]:
    bench = CrashBench(folder, database, one_by_one=one_by_one)
    try:
        yield bench
    finally:
        bench.close()


def _crash_all(benches: list[CrashBench], points: list[Point]) -> list[Findings]:
    idle: SimpleQueue[CrashBench] = SimpleQueue()
    for bench in benches:
        idle.put(bench)

    def crash(point: Point) -> Findings:
        bench = idle.get()
        try:
            found = bench.crash(point)
        finally:
            idle.put(bench)
        if found:
            print(f"{point} {bench.requests[point.number]}: {found}", file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(len(benches)) as pool:
        return list(going("points", pool.map(crash, points), len(points)))


def _chosen(points: list[Point], options: argparse.Namespace) -> list[Point]:
    """The one asked for, or one of every K by chance."""
    if options.point is None:
        return sorted(random.Random(options.seed).sample(points, -(-len(points) // options.every)))
    if options.point not in points:
        sys.exit(f"no such point: {', '.join(map(str, points))}")
    return [options.point]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/crash_matrix", description=__doc__)
    parser.add_argument(
        "--every", type=_from_one, default=1, metavar="K", help="only one of K points, chosen by chance"
    )
    parser.add_argument("--seed", type=int, default=0, help="of that choice")
    parser.add_argument("--jobs", type=_from_one, default=2, help="how many at once")
    parser.add_argument("--point", type=_point, metavar="N:before", help="only this one")
    parser.add_argument("--postgresql", action="store_true", help="on the server that the tests use, not on SQLite")
    parser.add_argument("--one-by-one", action="store_true", help="every call to VK is a request of its own")
    return parser.parse_args()


def _from_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _point(text: str) -> Point:
    number, _, name = text.partition(":")
    (moment,) = (moment for moment in MOMENTS if moment == name)
    return Point(_from_one(number), moment)


if __name__ == "__main__":
    sys.exit(main())
