import threading

import pytest

from app.clients.pacing import Pacer


class FakeTime:
    """Time passes by sleeping only; every sleep is remembered."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()


def pacer(fake: FakeTime, per_second: float = 3) -> Pacer:
    return Pacer(per_second, clock=fake.clock, sleep=fake.sleep)


def starts(paced: Pacer, fake: FakeTime, calls: int) -> list[float]:
    found = []
    for _ in range(calls):
        paced.wait()
        found.append(fake.now)
    return found


def test_the_first_call_starts_at_once(fake: FakeTime) -> None:
    pacer(fake).wait()
    assert fake.slept == []


def test_three_calls_a_second_start_a_third_of_a_second_apart_with_a_margin(fake: FakeTime) -> None:
    assert starts(pacer(fake), fake, 3) == pytest.approx([100, 100.34, 100.68])


def test_time_spent_in_the_call_counts_towards_the_interval(fake: FakeTime) -> None:
    paced = pacer(fake)
    paced.wait()
    fake.now += 0.3
    paced.wait()
    assert fake.slept == pytest.approx([0.04])


def test_idle_time_is_not_saved_up_for_a_burst(fake: FakeTime) -> None:
    paced = pacer(fake)
    paced.wait()
    fake.now += 60
    assert starts(paced, fake, 2) == pytest.approx([160, 160.34])


def test_slowing_down_halves_the_pace(fake: FakeTime) -> None:
    paced = pacer(fake)
    paced.slow_down()
    assert starts(paced, fake, 3) == pytest.approx([100, 100.68, 101.36])


def test_slowing_down_ends_after_its_time(fake: FakeTime) -> None:
    paced = pacer(fake)
    paced.slow_down(60)
    fake.now += 61
    assert starts(paced, fake, 2) == pytest.approx([161, 161.34])


def test_slowing_down_again_does_not_halve_twice(fake: FakeTime) -> None:
    paced = pacer(fake)
    paced.slow_down()
    paced.slow_down()
    assert starts(paced, fake, 2) == pytest.approx([100, 100.68])


def test_holding_keeps_the_next_call_back(fake: FakeTime) -> None:
    paced = pacer(fake)
    paced.hold(1.5)
    assert starts(paced, fake, 2) == pytest.approx([101.5, 101.84])


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Pacer(0)


def test_a_high_pace_costs_next_to_nothing(fake: FakeTime) -> None:
    starts(pacer(fake, 1_000_000), fake, 100)
    assert sum(fake.slept) < 0.001


def test_threads_share_one_pace() -> None:
    slept: list[float] = []
    paced = Pacer(1, clock=lambda: 0.0, sleep=slept.append)
    threads = [threading.Thread(target=paced.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == pytest.approx([1.02, 2.04, 3.06, 4.08])
