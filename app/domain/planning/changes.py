"""What we know of an item, and what may be done to it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey, Value


class LinkState(StrEnum):
    ADDING = "adding"
    LIVE = "live"
    HIDDEN = "hidden"
    GONE = "gone"


class Link(NamedTuple):
    """Our record of one item. `sent` lacks every field whose value at VK we cannot be sure of."""

    key: ListingKey
    state: LinkState
    name: str = ""
    drift: frozenset[str] = frozenset()
    """Fields that somebody changed in VK by hand."""
    sent: Mapping[str, Value] = MappingProxyType({})
    sent_before: Mapping[str, Value] = MappingProxyType({})
    """What VK held before a write of the field that it did not say yes to."""
    item_id: int | None = None
    photo: str | None = None
    album: str | None = None
    album_intent: str | None = None
    """An album in which the item may stand, because the answer to a call was lost."""
    out_since: datetime | None = None
    failed_digest: str | None = None
    """What VK refused; not sent again before `retry_after` unless it changed."""
    retry_after: datetime | None = None
    is_adopted: bool = False
    """The community had it before us, so it bears our sku only once we gave it one."""
    keeps_photo: bool = False
    hide_approved: bool = False
    is_kept: bool = False
    """Evotor's lists lack the product, but asked for it alone Evotor still has it."""
    may_be_unreadable: bool = False
    """The market has an item that cannot be read and may be this one."""

    @property
    def is_hidden(self) -> bool:
        """Surely out of buyers' sight: False also where we cannot be sure."""
        return self.sent.get("deleted") == 1


class Action(StrEnum):
    HIDE = "hide"
    EDIT = "edit"
    SHOW = "show"
    ADD = "add"
    ALBUM_RENAME = "album_rename"
    ALBUM_ADD = "album_add"
    ALBUM_PUT = "album_put"
    ALBUM_REMOVE = "album_remove"
    DELETE = "delete"


ALBUM_STEPS = (Action.ALBUM_PUT, Action.ALBUM_REMOVE)
"""Of one item; what becomes of them depends on all items together."""


class Reason(StrEnum):
    """Why an item that was live is hidden, changed or held back, beside `SkipReason`."""

    OUT = "out"
    MISSING = "missing"
    CLOSED = "closed"
    GONE = "gone"
    REFUSED = "refused"
    OUTDATED = "outdated"
    """VK refused what a visible item was to become: buyers see what stood there before. To scripts it is REFUSED."""
    UNCERTAIN = "uncertain"
    UNREADABLE_ITEM = "unreadable_item"
    """The market has an item that cannot be read and may be this one: it is not added, lest it stand there twice."""
    SIMILAR = "similar"
    """The community has something alike: the owner says first whether it is the same."""
    TWIN = "twin"
    DRIFT = "drift"
    OWNER = "owner"
    """The owner ordered just this."""


def published(skipped: Mapping[str, int]) -> dict[str, int]:
    """Numbers of what is skipped, by the reasons that scripts know."""
    counts = Counter(skipped)
    counts[Reason.REFUSED] += counts.pop(Reason.OUTDATED, 0)
    return {reason: count for reason, count in sorted(counts.items()) if count}


@dataclass(frozen=True, slots=True)
class Change:
    action: Action
    name: str
    key: ListingKey | None = None
    item_id: int | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    before: Mapping[str, Value | None] = field(default_factory=dict)
    photo: str | None = None
    album: str | None = None
    reason: SkipReason | Reason | None = None
    digest: str | None = None
    is_approved: bool = False
    """The deletion of what was hidden with the owner's approval."""

    @property
    def listing_key(self) -> ListingKey:
        """Of a change that is one listing's; albums have none."""
        assert self.key is not None, f"{self.action} belongs to no listing"
        return self.key


def hide(link: Link, reason: SkipReason | Reason) -> Change:
    return Change(
        Action.HIDE, link.name, link.key, link.item_id, fields={"deleted": 1}, before={"deleted": 0}, reason=reason
    )


def show(link: Link, reason: Reason) -> Change:
    return Change(
        Action.SHOW, link.name, link.key, link.item_id, fields={"deleted": 0}, before={"deleted": 1}, reason=reason
    )
