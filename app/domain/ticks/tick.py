"""The tick of a store or a group, from what is counted."""

from enum import StrEnum


class Tick(StrEnum):
    """As `aria-checked` has it."""

    SHOWN = "true"
    HIDDEN = "false"
    PARTLY = "mixed"


def tick(selected: int, total: int, *, passes: bool) -> Tick:
    """`selected` of its `total` products are let through; `passes`: what the rules say of it where it holds none."""
    if 0 < selected < total:
        return Tick.PARTLY
    is_shown = selected > 0 if total else passes
    return Tick.SHOWN if is_shown else Tick.HIDDEN
