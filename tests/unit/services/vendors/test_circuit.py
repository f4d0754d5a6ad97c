"""When a vendor counts as one that answers nobody, and what a run does then."""

from datetime import timedelta

import pytest

from app.services.runs.lanes.ready import PROBE_EVERY
from app.services.vendors.circuits import HEARSAY, Circuit, Way, after_silence, way
from tests.support.clock import NOON

LATER = NOON + timedelta(minutes=1)
OPEN = Circuit((1, 2, 3), NOON, NOON + PROBE_EVERY)


def silent_to(*users: int) -> Circuit:
    circuit = Circuit()
    for user_id in users:
        circuit = after_silence(circuit, user_id, NOON)
    return circuit


def test_three_users_without_an_answer_between_open_it() -> None:
    assert silent_to(1, 2, 3) == OPEN


@pytest.mark.parametrize("users", [(), (1,), (1, 1, 1, 1), (1, 2, 1, 2)])
def test_fewer_leave_it_closed(users: tuple[int, ...]) -> None:
    assert silent_to(*users).probe_after is None


def test_it_is_silent_since_the_first_of_them() -> None:
    circuit = after_silence(after_silence(Circuit(), 1, NOON), 2, LATER)
    assert after_silence(circuit, 3, LATER) == Circuit((1, 2, 3), NOON, LATER + PROBE_EVERY)


def test_more_of_them_change_nothing() -> None:
    assert after_silence(OPEN, 4, LATER) == OPEN


def test_what_was_found_long_ago_does_not_count() -> None:
    long_after = NOON + HEARSAY
    assert after_silence(silent_to(1, 2), 3, long_after) == Circuit((3,), long_after, None)


def test_a_moment_ahead_was_set_by_a_clock_that_went_wrong() -> None:
    earlier = NOON - timedelta(days=30)
    assert after_silence(silent_to(1, 2), 3, earlier) == Circuit((3,), earlier, None)
    assert way(silent_to(1, 2), 3, earlier) is Way.GO
    assert way(OPEN, 3, earlier) is Way.ASK


@pytest.mark.parametrize(
    ("circuit", "after", "expected"),
    [
        (Circuit(), timedelta(0), Way.GO),
        (silent_to(1), timedelta(minutes=1), Way.ASK),
        (silent_to(1), HEARSAY, Way.GO),
        (OPEN, PROBE_EVERY - timedelta(seconds=1), Way.WAIT),
        (OPEN, PROBE_EVERY, Way.ASK),
        (OPEN, timedelta(days=30), Way.ASK),
    ],
)
def test_the_way_of_a_run(circuit: Circuit, after: timedelta, expected: Way) -> None:
    assert way(circuit, 3, NOON + after) is expected


def test_who_was_told_by_silence_already_is_not_asked_to_ask_again() -> None:
    assert way(silent_to(1, 2), 2, LATER) is Way.GO
    assert way(OPEN, 2, NOON) is Way.WAIT
