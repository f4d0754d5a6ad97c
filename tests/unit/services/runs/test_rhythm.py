"""How runs become seldom where nothing changes."""

from datetime import timedelta

import pytest

from app.services.runs.rhythm import usual_wait


@pytest.mark.parametrize(
    ("interval", "quiet_runs", "wait"),
    [
        (15, 0, 15),
        (15, 1, 15),
        (15, 4, 15),
        (15, 5, 22.5),
        (15, 6, 33.75),
        (15, 7, 50.625),
        (15, 8, 60),
        (15, 100_000, 60),
        (1, 4, 1),
        (1, 5, 1.5),
        (40, 5, 60),
        (60, 50, 60),
        (180, 0, 180),
        (180, 50, 180),
    ],
)
def test_the_wait_grows_by_half_after_four_quiet_runs_up_to_an_hour(
    interval: float, quiet_runs: int, wait: float
) -> None:
    assert usual_wait(timedelta(minutes=interval), quiet_runs) == timedelta(minutes=wait)
