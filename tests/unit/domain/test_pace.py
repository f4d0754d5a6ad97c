"""When work will be done, from its pace so far."""

import pytest

from app.domain.pace import seconds_left


def test_what_is_left_takes_as_long_as_what_is_done() -> None:
    assert seconds_left(done=120, left=680, elapsed=60) == 340


@pytest.mark.parametrize(("done", "elapsed"), [(10, 3.0), (1, 10.0)])
def test_ten_changes_or_ten_seconds_are_enough_to_judge(done: int, elapsed: float) -> None:
    assert seconds_left(done, left=100, elapsed=elapsed) is not None


@pytest.mark.parametrize(
    ("done", "left", "elapsed"),
    [(9, 100, 9.9), (0, 100, 60.0), (50, 0, 60.0), (50, -1, 60.0), (50, 100, 0.0), (50, 100, -5.0)],
    ids=["too little", "nothing done", "nothing left", "more done than planned", "no time", "a clock set back"],
)
def test_nothing_is_said_where_it_would_mean_nothing(done: int, left: int, elapsed: float) -> None:
    assert seconds_left(done, left, elapsed) is None
