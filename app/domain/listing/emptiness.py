"""Whether so little of the selection can be shown that the owner has to hear of it: a run over it would end well."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.listing.fitness import SkipReason

ONE_OF = 10
"""Less than one of so many selected products shown is as good as none."""


@dataclass(frozen=True, slots=True)
class Emptiness:
    selected: int
    shown: int
    reasons: Mapping[SkipReason, int]
    """The most frequent first; none where the rules let nothing through."""


def emptiness(known: int, selected: int, held: Mapping[SkipReason, int]) -> Emptiness | None:
    """`known`: products of the catalog. `selected`: those that the rules let through. `held`: of these the unshown."""
    if not known:
        return None
    shown = max(0, selected - sum(held.values()))
    if shown and shown * ONE_OF >= selected:
        return None
    order = list(SkipReason)
    ranked = sorted(held.items(), key=lambda entry: (-entry[1], order.index(entry[0])))
    return Emptiness(selected, shown, {reason: count for reason, count in ranked if count})
