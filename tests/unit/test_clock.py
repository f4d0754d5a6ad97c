"""The product's one source of time, and how a test moves it in a process of its own."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app import clock
from app.clock import Clock, MovedClock
from tests.support.clock import NOON, TurnedClock, real_now, stop_at, turn

SOON = timedelta(minutes=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "moved"
    path.write_text("0\n")
    return path


@pytest.fixture
def _machine_s_clock() -> Iterator[None]:
    before = clock.current
    yield
    clock.current = before


def test_everybody_asks_the_clock_that_a_test_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = TurnedClock(NOON, jitter=0.5)
    turn(monkeypatch, turned)
    clock.sleep(90)

    assert clock.utcnow() == NOON + timedelta(seconds=90)
    assert (clock.monotonic(), clock.jitter(), turned.slept) == (90, 0.5, [90])


def test_the_epoch_is_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, NOON)

    assert clock.epoch() == 1781686800


def test_a_chance_is_a_part_of_a_second() -> None:
    chances = {clock.jitter() for _ in range(100)}

    assert len(chances) > 1 and all(0 <= chance < 1 for chance in chances)


def test_without_a_file_the_clock_is_the_machine_s() -> None:
    before = clock.current
    clock.follow("")

    assert clock.current is before


@pytest.mark.usefixtures("_machine_s_clock")
def test_a_file_moves_the_moment_and_the_span(file: Path) -> None:
    began = clock.monotonic()
    clock.follow(str(file))
    file.write_text("86400")

    assert timedelta(days=1) - SOON < clock.utcnow() - real_now() <= timedelta(days=1)
    assert 86_400 <= clock.monotonic() - began < 86_460


def test_it_is_moved_while_the_process_runs(file: Path) -> None:
    moved = MovedClock(file)
    before = moved.utcnow()
    file.write_text("3600")
    there = moved.utcnow()
    file.write_text("-3600")

    assert timedelta(hours=1) <= there - before < timedelta(hours=1) + SOON
    assert timedelta(hours=2) - SOON < there - moved.utcnow() <= timedelta(hours=2)


def test_a_pause_is_over_once_the_clock_was_moved_past_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        file.write_text("7200")

    monkeypatch.setattr("app.clock.time.sleep", look)
    MovedClock(file).sleep(3600)

    assert looks == [clock.LOOK_EVERY]


@pytest.mark.parametrize("content", ["", "nan", "inf", "soon"])
def test_a_file_that_holds_no_number_leaves_the_clock_where_it_was(file: Path, content: str) -> None:
    moved = MovedClock(file)
    file.write_text("3600")
    before = moved.monotonic()
    file.write_text(content)

    assert 0 <= moved.monotonic() - before < 60


def test_once_set_it_runs_on_from_there_whatever_the_machine_s_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = iter([100.0, 103.5, 104.0, 161.0])
    monkeypatch.setattr("app.clock.time.monotonic", lambda: next(spans))
    shared = Clock()
    shared.set(NOON)

    assert shared.utcnow() == NOON + timedelta(seconds=3.5)
    assert [shared.was_set_within(60), shared.was_set_within(60)] == [True, False]


def test_a_file_moves_a_clock_that_was_set(file: Path) -> None:
    moved = MovedClock(file)
    moved.set(NOON)
    file.write_text("3600")

    assert timedelta(hours=1) <= moved.utcnow() - NOON < timedelta(hours=1) + SOON
