"""The owner's answers about what was in the community before us and about what was deleted or changed there by hand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import LinkState
from app.models import ForeignItem, Listing, RunTrigger, User
from app.services.market import foreign
from app.services.market.records import load_listings, new_listing
from app.services.owner import switch
from app.services.owner.run_requests import request_run
from app.services.owner.shop_window import listing_counts
from app.services.runs import queue


@dataclass(frozen=True, slots=True)
class MarketReview:
    """What the owner is asked or told about the community's market."""

    similar: Sequence[ForeignItem]
    """Not answered yet."""
    gone: Sequence[Listing]
    """Deleted in VK; not answered yet."""
    changed: Sequence[Listing]
    rejected: Sequence[Listing]
    """By VK's moderators."""
    foreign: int
    """Items that are not ours, as of the last full read."""

    @property
    def questions(self) -> int:
        return len(self.similar) + len(self.gone)


def market_review(user: User) -> MarketReview:
    touched = sa.or_(
        Listing.state == LinkState.GONE, sa.cast(Listing.drift, sa.Text) != "{}", Listing.rejection.is_not(None)
    )
    query = sa.select(Listing).where(_ours(user), touched)
    ours = sorted(db.session.scalars(query), key=lambda row: (row.name.casefold(), row.id))
    return MarketReview(
        similar=[row for row in foreign.foreign_rows(user.id, user.market_id) if not row.is_left],
        gone=[row for row in ours if row.is_asked_about],
        changed=[row for row in ours if row.drift and row.state != LinkState.GONE],
        rejected=[row for row in ours if row.rejection and row.state == LinkState.LIVE],
        foreign=user.sync_state.foreign_items if user.sync_state else 0,
    )


def question_count(user: User) -> int:
    """How many answers the owner owes."""
    similar = db.session.scalar(_similar_count(), {"user_id": user.id, "group_id": user.market_id}) or 0
    return similar + listing_counts(user.id, user.market_id).asked_about


@cache
def _similar_count() -> sa.Select[int]:
    user_id, group_id = sa.bindparam("user_id", type_=sa.Integer), sa.bindparam("group_id", type_=sa.BigInteger)
    similar = (ForeignItem.in_market(user_id, group_id), ForeignItem.is_left.is_(False))
    return sa.select(sa.func.count(ForeignItem.id)).where(*similar)


def _ours(user: User) -> sa.ColumnElement[bool]:
    return Listing.in_market(user.id, user.market_id)


def adopt_similar(user: User, ids: Collection[int]) -> int:
    """The owner gives us these items: from the next run on they follow the register; returns how many."""
    rows = _similar(user, ids)
    listings = load_listings(user.id, user.market_id)
    for row in rows:
        _link(user, row, listings)
        db.session.delete(row)
    _run_soon(user, rows)
    return len(rows)


def dismiss_similar(user: User, ids: Collection[int]) -> int:
    """These are other things: never touched, never asked about again; the products are added beside them."""
    rows = _similar(user, ids)
    for row in rows:
        row.is_left = True
    _run_soon(user, rows)
    return len(rows)


def recreate_deleted(user: User, ids: Collection[int]) -> int:
    """What was deleted in VK is made anew by the next run."""
    rows = _gone(user, ids)
    for row in rows:
        db.session.delete(row)
    _run_soon(user, rows)
    return len(rows)


def accept_deletion(user: User, ids: Collection[int]) -> int:
    rows = _gone(user, ids)
    for row in rows:
        row.gone_answered = True
    db.session.flush()
    return len(rows)


def request_market_check(user: User) -> None:
    """The next run reads the whole market, and is queued. Raises NotReady."""
    request_run(user)
    assert user.sync_state is not None
    user.sync_state.market_read_at = None


def _link(user: User, row: ForeignItem, listings: Mapping[ListingKey, Listing]) -> None:
    key = ListingKey(row.store_id, row.product_id)
    listing = listings.get(key) or new_listing(user.id, row.vk_group_id, key)
    seen: dict[str, Any] = dict(row.seen)
    listing.vk_item_id, listing.name, listing.sent = row.vk_item_id, row.title, seen
    listing.state = LinkState.HIDDEN if seen.get("deleted") else LinkState.LIVE
    listing.is_adopted = listing.keeps_photo = True
    listing.attempted_at = listing.retry_after = None


def _similar(user: User, ids: Collection[int]) -> Sequence[ForeignItem]:
    rows = foreign.foreign_rows(user.id, user.market_id)
    return [row for row in rows if row.id in ids and not row.is_left]


def _gone(user: User, ids: Collection[int]) -> Sequence[Listing]:
    query = sa.select(Listing).where(_ours(user), Listing.state == LinkState.GONE)
    return [row for row in db.session.scalars(query) if row.id in ids]


def _run_soon(user: User, rows: Sequence[object]) -> None:
    db.session.flush()
    if rows and switch.run_obstacle(user) is None:
        queue.request(user.id, RunTrigger.MANUAL)
