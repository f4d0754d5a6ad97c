"""Whether a plan fits into what VK allows a community: docs/contracts/vk.md §10."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.planning.albums import Albums
from app.domain.planning.changes import Action
from app.domain.planning.summary import PlanSummary
from app.domain.vk_limits import ALBUMS_MAX, ITEMS_IN_ALBUM_MAX, ITEMS_MAX


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is taken, before and after the plan."""

    now: int
    after: int
    limit: int

    @property
    def over(self) -> int:
        return max(0, self.after - self.limit)


@dataclass(frozen=True, slots=True)
class Room:
    items: Meter
    albums: Meter
    left_out: Sequence[str]
    """Titles of albums for which no place is left, the fullest first."""
    crowded: Sequence[str]
    """Titles of albums that want more items than one holds."""


def room_for(plan: PlanSummary, albums: Albums, items: int) -> Room:
    """`items`: those in the community before the plan, ours and others, the hidden ones counted."""
    counts = Counter(plan.counts)
    taken = albums.taken
    there = _titles_after(plan, albums)
    fullest_first = sorted(plan.crowds, key=lambda title: (-plan.crowds[title], title))
    return Room(
        items=Meter(items, items + counts[Action.ADD] - counts[Action.DELETE], ITEMS_MAX),
        albums=Meter(taken, taken + counts[Action.ALBUM_ADD], ALBUMS_MAX),
        left_out=[title for title in fullest_first if title not in there],
        crowded=[title for title in fullest_first if plan.crowds[title] > ITEMS_IN_ALBUM_MAX or title in albums.full],
    )


def _titles_after(plan: PlanSummary, albums: Albums) -> frozenset[str]:
    """Including those of which we cannot be sure yet: they are on their way."""
    return (albums.ours | albums.uncertain).difference(plan.titles_left).union(plan.titles_given)
