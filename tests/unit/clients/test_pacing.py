import threading
from collections.abc import Sequence

import pytest

from app.clients.pacing import Pacer, Place
from tests.support.clock import StoppedClock, TurnedClock, turn


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> TurnedClock:
    turned = TurnedClock()
    turned.move(seconds=100)
    turn(monkeypatch, turned)
    return turned


class LateClock(TurnedClock):
    """Wakes up later than asked, as on a busy machine: by these many seconds, in turn."""

    def __init__(self, late: Sequence[float]) -> None:
        super().__init__()
        self._late = late

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.move(seconds=self._late[len(self.slept) % len(self._late)])


def starts(paced: Pacer, turned: TurnedClock, calls: int, *, takes: float = 0) -> list[float]:
    found = []
    for _ in range(calls):
        with paced.turn():
            found.append(turned.monotonic())
            turned.move(seconds=takes)
    return found


def test_the_first_call_starts_at_once(turned: TurnedClock) -> None:
    starts(Pacer(3), turned, 1)
    assert turned.slept == []


def test_three_calls_a_second_start_a_third_of_a_second_apart_with_a_margin(turned: TurnedClock) -> None:
    assert starts(Pacer(3), turned, 5) == pytest.approx([100, 100.34, 100.68, 101.02, 101.36])


def test_time_spent_in_the_call_counts_towards_the_interval(turned: TurnedClock) -> None:
    paced = Pacer(3)
    starts(paced, turned, 2, takes=0.3)
    assert turned.slept == pytest.approx([0.04])


def test_idle_time_is_not_saved_up_for_a_burst(turned: TurnedClock) -> None:
    paced = Pacer(3)
    starts(paced, turned, 1)
    turned.move(seconds=60)
    assert starts(paced, turned, 2) == pytest.approx([160, 160.34])


def test_a_call_that_comes_a_little_late_does_not_put_off_the_next_one(turned: TurnedClock) -> None:
    paced = Pacer(3)
    starts(paced, turned, 1)
    turned.move(seconds=0.4)
    assert starts(paced, turned, 2) == pytest.approx([100.4, 100.68])


def test_a_place_within_the_second_is_free_a_second_after_its_call_was_answered(turned: TurnedClock) -> None:
    paced = Pacer(3)
    assert starts(paced, turned, 4, takes=0.05) == pytest.approx([100, 100.34, 100.68, 101.06])


def test_a_long_answer_was_long_in_the_making_and_not_long_on_its_way(turned: TurnedClock) -> None:
    paced = Pacer(3)
    starts(paced, turned, 3)
    assert starts(paced, turned, 4, takes=0.3)[3] == pytest.approx(102.11)


def test_calls_are_expected_to_arrive_later_once_the_vendor_counted_too_many(turned: TurnedClock) -> None:
    paced = Pacer(3)
    starts(paced, turned, 3)
    paced.expect_later()
    assert starts(paced, turned, 4, takes=0.3)[3] == pytest.approx(102.19)


def test_a_call_that_opens_a_connection_may_arrive_as_late_as_its_answer(turned: TurnedClock) -> None:
    paced = Pacer(3)
    assert starts(paced, turned, 4, takes=0.3)[3] == pytest.approx(101.31)


@pytest.mark.parametrize("late", [[0.02], [0.15, 0, 0], [0, 0.1, 0.3, 0, 0.05], [0.7, 0, 0, 0]])
def test_however_late_calls_start_no_second_holds_more_of_them_than_may_be(
    monkeypatch: pytest.MonkeyPatch, late: list[float]
) -> None:
    busy = LateClock(late)
    turn(monkeypatch, busy)
    found = starts(Pacer(3), busy, 50)
    assert min(later - earlier for earlier, later in zip(found, found[3:], strict=False)) > 1


def test_a_second_takes_longer_by_no_more_than_the_latest_of_its_calls_was_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = LateClock([0.03, 0, 0.06])
    turn(monkeypatch, busy)
    assert starts(Pacer(3), busy, 91)[-1] <= 30 * (1.02 + 0.06)


def test_slowing_down_halves_the_pace(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.slow_down()
    assert starts(paced, turned, 4) == pytest.approx([100, 100.68, 101.36, 102.04])


def test_slowing_down_ends_after_its_time(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.slow_down(60)
    turned.move(seconds=61)
    assert starts(paced, turned, 2) == pytest.approx([161, 161.34])


def test_slowing_down_again_does_not_halve_twice(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.slow_down()
    paced.slow_down()
    assert starts(paced, turned, 2) == pytest.approx([100, 100.68])


def test_holding_keeps_the_next_call_back(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.hold(1.5)
    assert starts(paced, turned, 2) == pytest.approx([101.5, 101.84])


def test_less_than_a_call_a_second_is_kept_as_well(turned: TurnedClock) -> None:
    assert starts(Pacer(0.5), turned, 3) == pytest.approx([100, 102.04, 104.08])


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Pacer(0)


def test_a_high_pace_costs_next_to_nothing(turned: TurnedClock) -> None:
    starts(Pacer(1_000_000), turned, 100)
    assert sum(turned.slept) < 0.001


def test_threads_share_one_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = StoppedClock()
    turn(monkeypatch, stopped)
    paced = Pacer(1)

    def call() -> None:
        with paced.turn():
            pass

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stopped.slept) == pytest.approx([1.02, 2.04, 3.06, 4.08])


# With other processes


class OtherProcesses:
    """Whose calls take places: what each wait of ours is, in turn; None while nobody can be asked."""

    def __init__(self, *waits: float | None) -> None:
        self._waits = iter(waits)
        self.ways: list[float] = []
        self.settled: list[float] = []
        self.told: list[tuple[str, float]] = []

    def take(self, way: float, waited_for: Place | None = None) -> Place | None:
        self.ways.append(way)
        wait = next(self._waits)
        return None if wait is None else Place(wait, ())

    def settle(self, place: Place, later: float) -> None:
        self.settled.append(later)

    def hold(self, seconds: float) -> None:
        self.told.append(("hold", seconds))

    def slow_down(self, seconds: float) -> None:
        self.told.append(("slow", seconds))


def test_a_call_waits_for_its_place_among_those_of_other_processes(turned: TurnedClock) -> None:
    assert starts(Pacer(3, OtherProcesses(0, 0.5, 0.2, 0)), turned, 2) == pytest.approx([100, 101.04])


def test_while_nobody_can_be_asked_the_own_pace_is_kept(turned: TurnedClock) -> None:
    assert starts(Pacer(3, OtherProcesses(None, None)), turned, 2) == pytest.approx([100, 100.34])


def test_other_processes_hear_how_much_sooner_a_call_was_answered(turned: TurnedClock) -> None:
    others = OtherProcesses(0, 0)
    starts(Pacer(3, others), turned, 2, takes=0.05)
    assert others.ways == pytest.approx([1.01, 0.08]), "the first one opens a connection"
    assert others.settled == pytest.approx([0.05 - 1.01, 0.05 - 0.08])


def test_who_wakes_up_late_looks_again_whether_the_place_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = LateClock([0.3])
    turn(monkeypatch, busy)
    others = OtherProcesses(0.5, 0)
    assert starts(Pacer(3, others), busy, 1, takes=0.05) == pytest.approx([0.8])
    assert others.settled == pytest.approx([0.05 - 1.01])


def test_holds_and_half_the_pace_are_told_to_other_processes(turned: TurnedClock) -> None:
    others = OtherProcesses()
    paced = Pacer(3, others)
    paced.hold(1.1)
    paced.slow_down(60)
    assert others.told == [("hold", 1.1), ("slow", 60)]
