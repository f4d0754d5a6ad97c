"""What of ours stands in the owner's community, in numbers, and what is ordered to be done with it."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db, once_while_reading
from app.domain.planning.changes import LinkState
from app.models import Listing, OwnerOrder, User


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

    @property
    def is_hidden(self) -> bool:
        """Buyers see nothing of what we made."""
        return self.hidden > 0 and not self.live and not self.is_uncertain


@once_while_reading
def shop_window(user: User) -> ShopWindow:
    if not user.market_id:
        return ShopWindow(order=order_of(user), in_reach=False)
    lost = sa.func.count().filter(Listing.is_lost)
    query = sa.select(Listing.state, sa.func.count(), lost).group_by(Listing.state)
    rows = db.session.execute(query.where(Listing.in_market(user.id, user.market_id))).all()
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    return ShopWindow(
        is_uncertain=any(row[2] for row in rows),
        live=counts.get(LinkState.LIVE, 0),
        hidden=counts.get(LinkState.HIDDEN, 0),
        order=order_of(user),
        in_reach=user.vk is not None and user.vk.is_connected,
    )


def has_lost_items(user: User) -> bool:
    """Something was added without an answer, and may stand there or not."""
    lost = (Listing.in_market(user.id, user.market_id), Listing.is_lost)
    return db.session.scalar(sa.select(Listing.id).where(*lost).limit(1)) is not None


def live_count(user: User) -> int:
    """Items that buyers see in the community connected now."""
    if user.vk is None or user.vk.group_id is None:
        return 0
    return shop_window(user).live
