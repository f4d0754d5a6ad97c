"""One run at work: what it holds while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.clients.evotor.client import EvotorClient
from app.clients.vk.calls import CallHooks
from app.clients.vk.client import VkClient
from app.clients.vk.errors import CAPTCHA, stored
from app.clock import utcnow
from app.context import settings
from app.db import db
from app.domain.listing.key import ListingKey
from app.domain.market.items import Album
from app.domain.planning.changes import Change
from app.models import Listing, RunStatus, SyncRun, User
from app.services.engine.context import clock_repair
from app.services.engine.context.early_end import RunEnds
from app.services.engine.context.held_lease import HeldLease, RunNews
from app.services.engine.context.pictures import Pictures
from app.services.engine.context.time_slice import TimeSlice
from app.services.engine.context.vk_findings import VkFindings
from app.services.market import foreign
from app.services.market.records import MarketRecords
from app.services.owner import shop_window
from app.services.planning.plans import read_anew
from app.services.runs import codes
from app.services.vendors.clients import evotor_client, vk_client
from app.services.vendors.connection_use import evotor_use, vk_use

AFTER_CAPTCHA_PER_SECOND = 1 / 3


@dataclass(slots=True, kw_only=True)
class RunContext:
    """For whom the run works, with what, and what it came to know."""

    user: User
    row: SyncRun
    order: str | None
    """What the owner ordered in one piece, where the run is for that."""
    time_slice: TimeSlice
    lease: HeldLease
    vk: VkClient
    evotor: EvotorClient | None
    findings: VkFindings
    market: MarketRecords
    pictures: Pictures
    known_items: set[int] = field(default_factory=set)
    """VK's ids of whatever stands in the market already, as far as this run knows: no new item bears one of them."""
    seen_albums: list[Album] | None = None
    """Those of the community, once they were read."""
    shop_is_full: bool = False
    albums_are_full: bool = False
    puts_singly: bool = False
    """VK gave no answer to several items of an album in one call."""
    perhaps_made: set[ListingKey] = field(default_factory=set)
    """Of whose edits a batch told nothing: that a single call finds nothing to change may be its doing."""
    approved: frozenset[str] = frozenset()
    """Changes that the owner approved of."""
    whole_stores: frozenset[str] = frozenset()
    """Stores that this run found in Evotor's list and read whole."""
    proofs: dict[ListingKey, datetime] = field(default_factory=dict)
    """When this run heard from Evotor, asked for the product alone, that it is gone."""

    def close(self) -> None:
        """Both vendors are asked no more."""
        self.pictures.close()
        self.vk.close()
        if self.evotor is not None:
            self.evotor.close()

    @property
    def group_id(self) -> int:
        return self.market.group_id

    def listing_of(self, change: Change) -> Listing:
        return self.market.listings[change.listing_key]

    def load_records(self, before: datetime | None = None) -> None:
        """Our records as they stand now: the owner's pages may have changed them since.

        `before`: when the lists were read that they are to be held against, if any.
        """
        db.session.expire_all()
        self.market.load()
        self.findings.know_resting(self.user.vk.resting if self.user.vk else {})
        clock_repair.mend(self.market.listings.values(), self.market.albums.values(), utcnow())
        self.market.forget_deleted(before or utcnow())
        self.known_items |= self.market.linked_ids | foreign.ids_of_others(self.user.id, self.group_id)

    def begin_write(self, *rows: Listing) -> None:
        """What VK shows of the items proves nothing until the write had time to appear. Commits."""
        for row in rows:
            row.written_at = utcnow()
        self.lease.renew()


def begin(
    user: User, row: SyncRun, worker: str, time_slice: TimeSlice, on_news: Callable[[RunNews], None]
) -> RunContext:
    """For what the owner wants now. Raises RunEnds where VK is not connected any more."""
    read_anew(user)
    order = shop_window.order_of(user)
    row.trigger = order or row.trigger
    use = vk_use(user)
    if use is None or user.vk is None:
        raise RunEnds(RunStatus.STOPPED, codes.SWITCHED_OFF)  # between the look at the owner's word and the claim
    confirmed = user.sync_state.confirmation if user.sync_state else None
    lease = HeldLease(row, worker, use.group_id, order, time_slice, confirmed=confirmed, on_news=on_news)
    findings = VkFindings(use, user.vk.resting)
    was_asked_by_captcha = user.sync_state is not None and user.sync_state.strike_code == stored(CAPTCHA)
    evotor = evotor_use(user)
    vk = vk_client(
        use,
        slowest=AFTER_CAPTCHA_PER_SECOND if was_asked_by_captcha else None,
        hooks=CallHooks(is_resting=findings.is_resting, before_repeat=lease.renew, note_refused=findings.note_refused),
    )
    market = MarketRecords(user.id, use.group_id)
    return RunContext(
        user=user,
        row=row,
        order=order,
        time_slice=time_slice,
        lease=lease,
        vk=vk,
        evotor=evotor_client(evotor.token) if evotor else None,
        findings=findings,
        market=market,
        pictures=Pictures(vk, market, lease, at_once=settings().vk_uploads_at_once),
    )
