"""Which category of VK an item goes to: its nearest group's choice that VK still takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.domain.listing.owner_settings import FALLBACK_CATEGORY, OwnerSettings


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """The category that a group's products ask for, and where it comes from."""

    id: int
    group_id: str | None = None
    """The group that was given it; None = the shop's own."""

    def accepted(self, settings: OwnerSettings) -> bool:
        return self.id not in settings.refused_categories


def category_choices(lineage: Iterable[str], settings: OwnerSettings) -> Iterator[CategoryChoice]:
    """Nearest first; `lineage` from the group up to its root."""
    for group_id in lineage:
        if (category_id := settings.category_by_group.get(group_id)) is not None:
            yield CategoryChoice(category_id, group_id)
    yield CategoryChoice(settings.category_id)


def category_of(lineage: Iterable[str], settings: OwnerSettings) -> int:
    for choice in category_choices(lineage, settings):
        if choice.accepted(settings):
            return choice.id
    return FALLBACK_CATEGORY
