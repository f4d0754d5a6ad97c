"""What applying one user's changes needs, and how a change may end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clients.evotor.client import EvotorClient
from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment, VkError
from app.clock import utcnow
from app.context import settings
from app.domain.listing.key import ListingKey
from app.domain.market.items import Album
from app.domain.planning.changes import Change
from app.models import EntryOutcome, Listing, SyncRun, VkAlbum


@dataclass(slots=True)
class Workplace:
    """Everything that applying one user's changes needs."""

    run: SyncRun
    group_id: int
    vk: VkClient
    evotor: EvotorClient | None
    listings: dict[ListingKey, Listing]
    renew: Callable[[], None]
    """Before every write: commits what is recorded, renews the lease, raises where the run must stop."""
    shop_is_full: bool = False
    albums_are_full: bool = False
    is_plain_shop: bool = False
    albums: dict[str, VkAlbum] = field(default_factory=dict)
    seen_albums: list[Album] | None = None
    refused_categories: set[int] = field(default_factory=set)
    rested: set[str] = field(default_factory=set)
    """Methods whose quota VK says is used up."""
    is_resting: Callable[[str], bool] = lambda method: False
    """Whether VK's quota for the method was used up earlier and is not renewed yet."""
    approved: frozenset[str] = frozenset()
    """Changes that the owner approved of."""

    whole_stores: frozenset[str] = frozenset()
    """Stores that this run found in Evotor's list and read whole."""
    proofs: dict[ListingKey, datetime] = field(default_factory=dict)
    """When this run heard from Evotor, asked for the product alone, that it is gone."""
    waits_for_quota: bool = False
    """Something was left out for a method at rest, so that the run is not complete."""

    def rests(self, method: str) -> bool:
        self.waits_for_quota = self.waits_for_quota or self.is_resting(method)
        return self.is_resting(method)


class Held(Exception):
    """The change is not for this pass; nothing was sent and no entry is due."""


@dataclass(slots=True)
class Done:
    outcome: EntryOutcome = EntryOutcome.DONE
    item_id: int | None = None
    error: VkError | None = None
    vk_is_silent: bool = False
    """Not even the question whether the change was made got an answer."""
    note: str | None = None
    """A code for the owner to read beside a change that was made."""


def row_of(place: Workplace, change: Change) -> Listing:
    assert change.key is not None
    return place.listings[change.key]


def begin_write(place: Workplace, row: Listing) -> None:
    """What VK shows of the item proves nothing until the write had time to appear."""
    row.written_at = utcnow()
    place.renew()


def after_read_lag() -> datetime:
    return utcnow() + timedelta(seconds=settings().vk_read_lag_seconds)


def concerns_one_change(error: VkError) -> bool:
    """The run goes on with the others."""
    if error.outcome_unknown or error.code is None:
        return True
    return error.treatment in (Treatment.FAIL, Treatment.SKIP, Treatment.HEAL, Treatment.ADJUST, Treatment.RETRY)
