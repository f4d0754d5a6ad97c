"""When work will be done, from the pace of its last steps."""

from collections.abc import Iterator

import pytest

from app.domain.pace import Step, seconds_left

SLOW = 1.2
"""Seconds between two calls to a slow VK."""
Work = list[tuple[float, float]]
"""Requests and seconds of each step."""


def even(steps: int, requests: float = 1.0, seconds: float = 1.0) -> list[Step]:
    return [Step(number * seconds, requests if number else 0.0) for number in range(steps + 1)]


def told(work: Work, every: float = 1.0, window: int = 21) -> Iterator[tuple[float, float | None]]:
    """At every look: how long it really goes on, and what is said."""
    whole = sum(seconds for _, seconds in work)
    now = 0.0
    while now < whole - every:
        now += every
        at, steps, left = 0.0, [Step(0.0)], sum(requests for requests, _ in work)
        for requests, seconds in work:
            at += seconds
            if at > now:
                break
            steps.append(Step(at, requests))
            left -= requests
        yield whole - now, seconds_left(steps[-window:], left, now)


def batches(changes: int, requests: float, pace: float = SLOW) -> Work:
    """So many new goods or albums, 25 to a request."""
    sizes = [25] * (changes // 25) + ([changes % 25] if changes % 25 else [])
    return [(requests * size / 25, pace * requests * size / 25) for size in sizes]


def puts(albums: int, pace: float = SLOW) -> Work:
    return [(1.0, pace)] * albums


GOODS = {
    "goods with pictures, then 57 albums": batches(240, 7) + batches(57, 1) + puts(57),
    "a new price of each of 2,000": batches(2000, 1),
    "one by one": puts(240),
    "a fast VK": batches(1000, 7, pace=0.34) + puts(40, pace=0.34),
}


@pytest.mark.parametrize("work", GOODS.values(), ids=GOODS.keys())
def test_what_is_said_is_true_to_a_sixth_at_any_moment(work: Work) -> None:
    for truth, said in told(work):
        assert said is None or abs(said - truth) <= truth / 6 + 5 * SLOW


@pytest.mark.parametrize("work", GOODS.values(), ids=GOODS.keys())
def test_it_is_said_soon_and_goes_on(work: Work) -> None:
    whole = sum(seconds for _, seconds in work)
    silent = [truth for truth, said in told(work) if said is None]
    assert all(truth >= whole - 25 for truth in silent)


def test_quick_creations_make_nobody_believe_that_the_puts_are_as_quick() -> None:
    work = batches(57, 1) + puts(57)
    assert all(said is None or said > 45 for truth, said in told(work) if truth > 60)


def test_a_vk_that_gets_slower_is_believed_within_a_minute() -> None:
    work = puts(200, pace=0.4) + puts(200, pace=3.0)
    late = [(truth, said) for truth, said in told(work) if truth < 540]
    assert all(said is not None and said > truth * 0.8 for truth, said in late)


def test_a_step_that_does_not_end_promises_no_end() -> None:
    steps = even(12, requests=7, seconds=8.4)
    said = [seconds_left(steps, 21.0, steps[-1].at + waited) or 0.0 for waited in (0.0, 8.0, 60.0, 600.0)]
    assert all(left >= 14 * SLOW - 0.01 for left in said), "what comes after it is still to be done"
    assert said[3] > said[2] > said[1]


def test_the_last_step_is_never_over_before_it_is() -> None:
    steps = even(12)
    assert (seconds_left(steps, 1.0, steps[-1].at + 30.0) or 0.0) > 0


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([], 5.0),
        (even(1, requests=100), 5.0),
        (even(2), 5.0),
        (even(12), 0.0),
        (even(12), -1.0),
        (even(12, seconds=0.0), 5.0),
    ],
    ids=["nothing", "one step", "too little", "nothing left", "more done than planned", "no time"],
)
def test_nothing_is_said_where_it_would_mean_nothing(steps: list[Step], left: float) -> None:
    assert seconds_left(steps, left, 100.0) is None
