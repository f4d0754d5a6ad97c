"""A process that dies at any request to VK loses nothing and doubles nothing; all points: `bench/crash_matrix`."""

from collections.abc import Iterator

import pytest

from tests.support.crash import CrashBench
from tests.support.crash_database import CrashPostgres
from tests.support.killing_proxy import Moment, Point


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashBench]:
    yield from undisturbed(CrashBench(tmp_path_factory.mktemp("crash")))


@pytest.fixture(scope="module")
def bench_one_by_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashBench]:
    yield from undisturbed(CrashBench(tmp_path_factory.mktemp("crash"), one_by_one=True))


@pytest.fixture(scope="module")
def bench_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashBench]:
    yield from undisturbed(CrashBench(tmp_path_factory.mktemp("crash"), CrashPostgres))


def undisturbed(bench: CrashBench) -> Iterator[CrashBench]:
    try:
        found = bench.undisturbed()
        assert not found, found
        yield bench
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("kind", "moment", "position"),
    [
        ("execute market.edit", "before", 0),
        ("execute market.edit", "middle", 0.5),
        ("execute market.edit", "after", 0.9),
        ("execute market.getProductPhotoUploadServer", "after", 0.9),
        ("upload", "after", 0.5),
        ("market.saveProductPhotoBulk", "before", 0.5),
        ("market.saveProductPhotoBulk", "after", 0.9),
        ("execute market.add", "before", 0),
        ("execute market.add", "middle", 0),
        ("execute market.add", "after", 0),
        ("execute market.addAlbum", "middle", 0),
        ("execute market.addAlbum", "after", 0),
        ("execute market.removeFromAlbum", "middle", 0),
        ("market.addToAlbum", "before", 0),
        ("market.addToAlbum", "middle", 0),
        ("market.addToAlbum", "middle", 0.9),
        ("market.addToAlbum", "after", 0.4),
        ("market.addToAlbum", "after", 0.9),
        ("execute market.delete", "before", 0),
        ("execute market.delete", "middle", 0),
        ("execute market.delete", "after", 0),
    ],
)
def test_a_killed_run_is_completed_by_the_next_ones(
    bench: CrashBench, kind: str, moment: Moment, position: float
) -> None:
    """`position`: which of the requests of this kind, from the first (0) to the last (1)."""
    is_completed(bench, kind, moment, position)


@pytest.mark.parametrize(
    ("kind", "moment", "position"),
    [
        ("market.edit", "after", 0.1),
        ("market.edit", "before", 0.9),
        ("upload", "after", 0.5),
        ("market.saveProductPhoto", "after", 0.8),
        ("market.add", "before", 0.3),
        ("market.add", "after", 0.6),
        ("market.addAlbum", "after", 0.2),
        ("market.removeFromAlbum", "after", 0.5),
    ],
)
def test_so_is_one_whose_calls_go_one_by_one(
    bench_one_by_one: CrashBench, kind: str, moment: Moment, position: float
) -> None:
    is_completed(bench_one_by_one, kind, moment, position)


@pytest.mark.parametrize("kind", ["execute market.edit", "execute market.add", "execute market.delete"])
def test_half_a_batch_is_completed_on_postgresql_too(bench_on_postgres: CrashBench, kind: str) -> None:
    is_completed(bench_on_postgres, kind, "middle", 0)


def is_completed(bench: CrashBench, kind: str, moment: Moment, position: float) -> None:
    numbers = sorted(number for number, sent in bench.requests.items() if sent == kind)
    if moment == "middle":
        numbers = [number for number in numbers if number in bench.divisible]
    found = bench.crash(Point(numbers[int(position * len(numbers))], moment))
    assert not found, found
