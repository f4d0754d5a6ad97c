import threading

import pytest

from app.clients.pacing import Pacer
from tests.support.clock import StoppedClock, TurnedClock, turn


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> TurnedClock:
    turned = TurnedClock()
    turned.move(seconds=100)
    turn(monkeypatch, turned)
    return turned


def starts(paced: Pacer, turned: TurnedClock, calls: int) -> list[float]:
    found = []
    for _ in range(calls):
        paced.wait()
        found.append(turned.monotonic())
    return found


def test_the_first_call_starts_at_once(turned: TurnedClock) -> None:
    Pacer(3).wait()
    assert turned.slept == []


def test_three_calls_a_second_start_a_third_of_a_second_apart_with_a_margin(turned: TurnedClock) -> None:
    assert starts(Pacer(3), turned, 3) == pytest.approx([100, 100.34, 100.68])


def test_time_spent_in_the_call_counts_towards_the_interval(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.wait()
    turned.move(seconds=0.3)
    paced.wait()
    assert turned.slept == pytest.approx([0.04])


def test_idle_time_is_not_saved_up_for_a_burst(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.wait()
    turned.move(seconds=60)
    assert starts(paced, turned, 2) == pytest.approx([160, 160.34])


def test_slowing_down_halves_the_pace(turned: TurnedClock) -> None:
    paced = Pacer(3)
    paced.slow_down()
    assert starts(paced, turned, 3) == pytest.approx([100, 100.68, 101.36])


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
    threads = [threading.Thread(target=paced.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stopped.slept) == pytest.approx([1.02, 2.04, 3.06, 4.08])
