"""The collector is away while it could find nothing, and is back whatever happens."""

import gc
import threading
from collections.abc import Iterator

import pytest

from app.garbage import uncollected


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    yield
    gc.enable()


def test_the_collector_is_away_inside_and_back_behind() -> None:
    with uncollected():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_it_is_back_after_a_failure() -> None:
    with pytest.raises(ValueError, match="in the middle"), uncollected():
        raise ValueError("in the middle")

    assert gc.isenabled()


def test_of_two_within_each_other_the_outer_one_brings_it_back() -> None:
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()

    assert gc.isenabled()


def test_of_two_threads_the_last_one_brings_it_back() -> None:
    is_inside, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        with uncollected():
            is_inside.set()
            may_leave.wait()

    with uncollected():
        other = threading.Thread(target=stay)
        other.start()
        is_inside.wait()
    assert not gc.isenabled()

    may_leave.set()
    other.join()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()

    with uncollected():
        pass

    assert not gc.isenabled()
