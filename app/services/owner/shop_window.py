"""What of ours stands in the owner's community, in numbers, and what is ordered to be done with it."""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from app.db import db, once_while_reading
from app.domain.planning.changes import LinkState
from app.models import Listing, OwnerOrder, User
from app.services.runs import records

ELSEWHERE = "elsewhere"


def order_of(user: User) -> OwnerOrder | None:
    chosen = user.sync_state.owner_order if user.sync_state else None
    return OwnerOrder(chosen) if chosen else None


@dataclass(frozen=True, slots=True)
class ShopWindow:
    """What of ours stands in the community, also in one that is not connected any more."""

    live: int = 0
    """Visible to buyers."""
    hidden: int = 0
    order: OwnerOrder | None = None
    in_reach: bool = True
    """VK is connected, so that we can hide and show."""
    is_uncertain: bool = False
    """Something was added without an answer, and may stand there or not."""
    left: int = 0
    """Visible in communities that were connected before this one."""
    is_at_work: bool = False
    """Of what is uncertain, a run at work has not heard the answer yet."""

    @property
    def is_hidden(self) -> bool:
        """Buyers see nothing of what we made."""
        return self.hidden > 0 and not self.live and not self.is_uncertain


@once_while_reading
def shop_window(user: User) -> ShopWindow:
    if not user.market_id:
        return ShopWindow(order=order_of(user), in_reach=False)
    counts = listing_counts(user.id, user.market_id)
    return ShopWindow(
        is_uncertain=counts.lost > 0,
        is_at_work=counts.lost > 0 and records.is_at_work(user.id),
        live=counts.live,
        hidden=counts.hidden,
        left=counts.elsewhere,
        order=order_of(user),
        in_reach=user.vk is not None and user.vk.is_connected,
    )


@dataclass(frozen=True, slots=True)
class ListingCounts:
    """What we know of one community's items, in numbers, and of the visible ones in others of the user's."""

    live: int = 0
    hidden: int = 0
    items: int = 0
    """That stand there, seen or not."""
    lost: int = 0
    """Added without an answer."""
    asked_about: int = 0
    """Deleted in VK by hand: the owner has to say whether that is right."""
    elsewhere: int = 0


@once_while_reading
def listing_counts(user_id: int, group_id: int) -> ListingCounts:
    """All of it with one look, as pages tell now this and now that of it."""
    rows = db.session.execute(_counted(), {"user_id": user_id, "group_id": group_id}).all()
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    return ListingCounts(
        live=counts.get(LinkState.LIVE, 0),
        hidden=counts.get(LinkState.HIDDEN, 0),
        items=sum(row[2] for row in rows if row[0] != LinkState.GONE),
        lost=sum(row[3] for row in rows),
        asked_about=sum(row[4] for row in rows),
        elsewhere=sum(row[1] for row in rows if row[0] == ELSEWHERE),
    )


@cache
def _counted() -> sa.CompoundSelect[str, int, int, int, int]:
    """By state; an index holds all of it. Nearly all are visible, so of those nothing is asked but their number."""
    user_id, group_id = sa.bindparam("user_id", type_=sa.Integer), sa.bindparam("group_id", type_=sa.BigInteger)
    here, number, none = Listing.in_market(user_id, group_id), sa.func.count, sa.literal_column("0", sa.Integer)
    live = Listing.state == LinkState.LIVE
    others = [sa.literal_column(f"'{state}'", sa.String) for state in LinkState if state is not LinkState.LIVE]
    told = (number(Listing.vk_item_id), number().filter(Listing.is_lost), number().filter(Listing.is_asked_about))
    return sa.union_all(
        sa.select(Listing.state, number(), *told).where(here, Listing.state.in_(others)).group_by(Listing.state),
        sa.select(sa.literal(LinkState.LIVE.value), number(), number(), none, none).where(here, live),
        *(
            sa.select(sa.literal(ELSEWHERE), number(), none, none, none).where(Listing.user_id == user_id, other, live)
            for other in (Listing.vk_group_id < group_id, Listing.vk_group_id > group_id)  # "not equal" asks no index
        ),
    )


def has_lost_items(user: User) -> bool:
    """Something was added without an answer, and may stand there or not."""
    return listing_counts(user.id, user.market_id).lost > 0


def live_count(user: User) -> int:
    """Items that buyers see in the community connected now."""
    if user.vk is None or user.vk.group_id is None:
        return 0
    return shop_window(user).live
