"""When next to nothing of the selection can be shown."""

import pytest

from app.domain.listing.emptiness import Emptiness, emptiness
from app.domain.listing.fitness import SkipReason

SOLD_OUT, NO_PRICE, REVIEW = SkipReason.SOLD_OUT, SkipReason.NO_PRICE, SkipReason.REVIEW


@pytest.mark.parametrize(
    ("known", "selected", "held", "shown"),
    [
        (30, 30, {SOLD_OUT: 30}, 0),
        (30, 30, {SOLD_OUT: 28}, 2),
        (30, 30, {SOLD_OUT: 27}, None),
        (100, 100, {SOLD_OUT: 50, NO_PRICE: 41}, 9),
        (100, 100, {SOLD_OUT: 50, NO_PRICE: 40}, None),
        (1, 1, {REVIEW: 1}, 0),
        (1, 1, {}, None),
        (5, 0, {}, 0),
        (0, 0, {}, None),
    ],
)
def test_less_than_a_tenth_shown_is_as_good_as_none(
    known: int, selected: int, held: dict[SkipReason, int], shown: int | None
) -> None:
    found = emptiness(known, selected, held)

    assert (found.shown if found else None) == shown


def test_the_reason_that_holds_most_comes_first_and_unheard_of_ones_are_left_out() -> None:
    found = emptiness(20, 20, {NO_PRICE: 5, SOLD_OUT: 10, REVIEW: 5, SkipReason.NO_NAME: 0})

    assert found == Emptiness(20, 0, {SOLD_OUT: 10, REVIEW: 5, NO_PRICE: 5})
    assert found is not None and list(found.reasons) == [SOLD_OUT, REVIEW, NO_PRICE]
