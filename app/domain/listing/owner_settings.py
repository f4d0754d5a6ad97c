"""What the owner chose for the shop window."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

FALLBACK_CATEGORY = 1


class StockRule(StrEnum):
    """What becomes of a listed product when the register counts too few of it."""

    HIDE = "hide"
    SHOW = "show"
    FROM = "from"
    """Shown from `OwnerSettings.show_from` pieces on."""


class HandField(StrEnum):
    """What the owner may choose to edit in VK; price and stock are always the register's."""

    NAME = "name"
    DESCRIPTION = "description"
    PHOTO = "photo"


def keeps_photo_in_vk(edited_in_vk: Collection[str], *, was_chosen_there: bool, is_own: bool = False) -> bool:
    """Whether an item's picture in VK stays, whatever picture we have for it.

    One that a person chose there (`was_chosen_there`: it stood there before us) gives way only to one that the owner
    chose here for this very product (`is_own`).
    """
    return HandField.PHOTO in edited_in_vk or (was_chosen_there and not is_own)


@dataclass(frozen=True, slots=True)
class OwnerSettings:
    """What the owner chose for the shop window."""

    stock_rule: StockRule = StockRule.HIDE
    show_from: int = 1
    remove_after_days: int = 7
    edited_in_vk: frozenset[HandField] = frozenset()
    category_id: int = FALLBACK_CATEGORY
    category_by_group: Mapping[str, int] = field(default_factory=dict)
    allowed_types: frozenset[str] = frozenset()
    """Product types that are held for review until the owner allows them."""
    refused_categories: frozenset[int] = frozenset()
    """Categories that VK no longer knows."""
    description_template: str = ""
    """With `PLACEHOLDERS` of app.domain.listing.description; empty = the register's description."""
    price_percent: Decimal = Decimal(0)
    price_rounding: int = 0
    """Roubles, one of `ROUNDINGS` of app.domain.listing.pricing."""
    with_albums: bool = True
    photo_required: bool = False
    """A product without a photo of the owner's is not shown; else it gets a generated card."""
