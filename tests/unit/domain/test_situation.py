"""The one thing that the page of the synchronisation says."""

from itertools import product
from typing import Any

import pytest

from app.domain.situation import Ended, Facts, Situation, situation_of


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, Situation.OK),
        ({"pending": 26}, Situation.PENDING),
        ({"last": Ended.HELD}, Situation.PENDING),
        ({"is_empty": True, "pending": 26}, Situation.EMPTY),
        ({"undone": True, "pending": 26}, Situation.UNDONE),
        ({"last": Ended.NEVER, "live": 9}, Situation.NEVER_RAN),
        ({"is_approved": True, "last": Ended.HELD, "pending": 26}, Situation.APPROVED),
        ({"last": Ended.BADLY, "pending": 26}, Situation.FAILED),
        ({"last": Ended.UNFINISHED, "pending": 26}, Situation.CONTINUING),
        ({"waits": True, "last": Ended.UNFINISHED}, Situation.WAITING),
        ({"is_troubled": True, "waits": True}, Situation.TROUBLED),
        ({"is_queued": True, "is_troubled": True}, Situation.QUEUED),
        ({"is_held": True, "is_queued": True}, Situation.BLOCKED),
        ({"is_enabled": False, "live": 26}, Situation.OFF),
        ({"is_enabled": False, "hidden": 26}, Situation.HIDDEN),
        ({"is_enabled": False, "hidden": 3, "live": 26}, Situation.OFF),
        ({"is_enabled": False, "is_confirmed": False}, Situation.SETUP),
        ({"is_enabled": False, "is_confirmed": False, "hidden": 26}, Situation.HIDDEN),
        ({"is_confirmed": False}, Situation.SETUP),
        ({"is_enabled": False, "is_at_work": True}, Situation.AT_WORK),
        ({"is_enabled": False, "is_ordered": True, "is_at_work": True}, Situation.ORDERED),
    ],
)
def test_one_answer_outranks_the_others(facts: dict[str, Any], expected: Situation) -> None:
    assert situation_of(Facts(**facts)) is expected


def test_all_is_well_only_where_nothing_at_all_speaks_against_it() -> None:
    flags = ("is_ordered", "is_at_work", "is_queued", "is_held", "is_troubled", "waits", "is_approved", "undone")
    for values in product((False, True), repeat=len(flags)):
        for last, is_on, is_empty, pending in product(Ended, (False, True), (False, True), (0, 1)):
            spoken: dict[str, Any] = dict(zip(flags, values, strict=True))
            facts = Facts(is_enabled=is_on, last=last, is_empty=is_empty, pending=pending, **spoken)
            is_well = last is Ended.WELL and is_on and not is_empty and not pending and not any(values)
            assert (situation_of(facts) is Situation.OK) == is_well
