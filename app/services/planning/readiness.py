"""What the next run would make of the shop window, in numbers, and whether VK has room for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.clock import utcnow
from app.db import once_while_reading
from app.domain.market.capacity import Room, room_for
from app.domain.planning.albums import Albums
from app.domain.planning.summary import PlanSummary
from app.domain.vk_limits import ALBUMS_MAX, ITEMS_MAX
from app.models import User
from app.services.market.records import load_albums
from app.services.owner.known_stores import only_store
from app.services.owner.shop_window import listing_counts


@dataclass(frozen=True, slots=True)
class Readiness:
    listed: int
    """Products that buyers will see."""
    skipped: Mapping[str, int]
    """Selected products that they will not see, by the reason, the most frequent first."""
    room: Room
    knows_market: bool
    """The community's own items and albums were counted once; before that, `room` knows only ours."""
    only_store: str | None
    """Id of the owner's store where there is just one: its page can show the skipped products."""

    @property
    def skipped_in_all(self) -> int:
        return sum(self.skipped.values())


def readiness_of(user: User, plan: PlanSummary) -> Readiness:
    """Of a plan that was made already: nothing is decided here."""
    state = user.sync_state
    return Readiness(
        listed=plan.in_view,
        skipped=dict(plan.unseen.most_common()),
        room=room_for(plan, _albums_now(user, user.market_id), _items_now(user, user.market_id)),
        knows_market=state is not None and state.market_read_at is not None,
        only_store=only_store(user.id),
    )


@dataclass(frozen=True, slots=True)
class MarketLimits:
    """How much of VK's limits the community takes now; None = it was not asked yet."""

    items: int | None
    albums: int | None
    items_max: int = ITEMS_MAX
    albums_max: int = ALBUMS_MAX


def market_limits(user: User) -> MarketLimits:
    """Of the market as it was read last, and our changes since."""
    if user.vk is None or user.vk.group_id is None or user.sync_state is None or user.sync_state.market_read_at is None:
        return MarketLimits(None, None)
    group_id = user.vk.group_id
    return MarketLimits(_items_now(user, group_id), _albums_now(user, group_id).taken)


@once_while_reading
def _albums_now(user: User, group_id: int) -> Albums:
    return load_albums(user, group_id, utcnow())


def _items_now(user: User, group_id: int) -> int:
    foreign = user.sync_state.foreign_items if user.sync_state else 0
    return listing_counts(user.id, group_id).items + foreign
