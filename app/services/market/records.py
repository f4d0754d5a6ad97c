"""Our records of a community's market: listings and albums, also as the domain's links and albums."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec.json import decode

from app.clock import utcnow
from app.db import db, once_while_reading
from app.domain.listing.key import ListingKey, sku
from app.domain.listing.owner_settings import HandField, OwnerSettings, keeps_photo_in_vk
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Link, LinkState
from app.models import AlbumState, Listing, User, VkAlbum
from app.services.market.albums import album_rows
from app.services.market.read_lag import read_lag


@dataclass(slots=True)
class MarketRecords:
    """One user's listings and albums in one community, in the hands of whoever holds them against the market."""

    user_id: int
    group_id: int
    listings: dict[ListingKey, Listing] = field(default_factory=dict)
    albums: dict[str, VkAlbum] = field(default_factory=dict)
    """By title."""

    def load(self) -> None:
        """As they stand now."""
        self.listings = load_listings(self.user_id, self.group_id)
        self.load_albums()

    def load_albums(self) -> None:
        self.albums = album_rows(self.user_id, self.group_id)

    def ensure_listing(self, key: ListingKey) -> Listing:
        """The product's listing, a new one where it has none."""
        if key not in self.listings:
            self.listings[key] = new_listing(self.user_id, self.group_id, key)
        return self.listings[key]

    @property
    def linked_ids(self) -> frozenset[int]:
        """VK's ids of the items that are ours."""
        return frozenset(row.vk_item_id for row in self.listings.values() if row.vk_item_id is not None)

    @property
    def has_lost_adds(self) -> bool:
        """Something that was being made got no answer, and may be there or not."""
        are_lost = any(row.is_lost for row in self.listings.values())
        return are_lost or any(album.is_lost for album in self.albums.values())

    def forget_deleted(self, read_at: datetime) -> None:
        """What we deleted longer before a read than lists may lag leaves our records too."""
        seen_last = read_at - read_lag()
        for key, row in list(self.listings.items()):
            if row.deleted_at is not None and not seen_last < row.deleted_at <= utcnow():
                db.session.delete(self.listings.pop(key))


def new_listing(user_id: int, group_id: int, key: ListingKey) -> Listing:
    row = Listing(
        user_id=user_id,
        vk_group_id=group_id,
        store_id=key.store_id,
        product_id=key.product_id,
        sku=sku(key.product_id),
        name="",
        state=LinkState.ADDING,
        sent={},
    )
    db.session.add(row)
    return row


_AT_ONCE = 1000
"""Rows, so that a long list is not held twice: as objects and as the database told it."""


def load_listings(user_id: int, group_id: int) -> dict[ListingKey, Listing]:
    query = sa.select(Listing).where(Listing.in_market(user_id, group_id)).execution_options(yield_per=_AT_ONCE)
    return {ListingKey(row.store_id, row.product_id): row for row in db.session.scalars(query)}


def pictured_in_vk(user: User, settings: OwnerSettings) -> frozenset[ListingKey]:
    """Products whose item bears a photo that a person chose in VK and that we leave; asked only where it matters."""
    if not settings.photo_required:
        return frozenset()
    query = sa.select(Listing.store_id, Listing.product_id, Listing.keeps_photo, Listing.drift)
    query = query.where(Listing.in_market(user.id, user.market_id))
    return frozenset(
        ListingKey(store_id, product_id)
        for store_id, product_id, keeps_photo, drift in db.session.execute(query)
        if (keeps_photo or HandField.PHOTO in drift)
        and keeps_photo_in_vk(settings.edited_in_vk, was_chosen_there=keeps_photo)
    )


_LINK_FIELDS = (
    *("drift", "sent", "sent_before", "store_id", "product_id", "deleted_at", "state", "name", "vk_item_id"),
    *("photo_hash", "album", "album_intent", "out_since", "failed_digest", "retry_after", "is_adopted"),
    *("keeps_photo", "hide_approved", "evotor_has_it", "is_withheld"),
)
"""Of a listing, as `_link` takes them."""


def to_link(row: Listing) -> Link:
    return _link([getattr(row, name) for name in _LINK_FIELDS])


def load_links(user_id: int, group_id: int) -> dict[ListingKey, Link]:
    """What `to_link` makes of the listings, without these: they take several times as long."""
    columns = {name: getattr(Listing, name) for name in _LINK_FIELDS}
    json = ("drift", "sent", "sent_before")
    as_text = {name: sa.cast(columns[name], sa.Text) for name in json}  # here JSON is read faster
    query = sa.select(*(columns | as_text).values()).where(Listing.in_market(user_id, group_id))
    links: dict[ListingKey, Link] = {}
    for drift, sent, before, *facts in db.session.execute(query):
        link = _link((decode(drift), decode(sent), decode(before), *facts))
        links[link.key] = link
    return links


def _link(values: Sequence[Any]) -> Link:
    """What we deleted a moment ago counts as not there yet: lists may still show it."""
    drift, sent, before, store_id, product_id, deleted_at, state, name, *facts = values
    key = ListingKey(store_id, product_id)
    if deleted_at is not None:
        return Link(key, LinkState.ADDING, name, retry_after=deleted_at + read_lag())
    return Link(key, LinkState(state), name, frozenset(drift), sent, before, *facts)


class AlbumFacts(NamedTuple):
    """Of one album of ours, as far as plans and pages ask."""

    title: str
    state: str
    pending_title: str | None
    retry_after: datetime | None
    full_until: datetime | None
    error_code: str | None


@once_while_reading
def albums_of(user_id: int, group_id: int) -> Sequence[AlbumFacts]:
    """By title; plain columns, which come several times as fast as the rows themselves."""
    return [AlbumFacts(*row) for row in db.session.execute(_albums(), {"user_id": user_id, "group_id": group_id})]


@cache
def _albums() -> sa.Select[Any]:
    user_id, group_id = sa.bindparam("user_id", type_=sa.Integer), sa.bindparam("group_id", type_=sa.BigInteger)
    columns = [getattr(VkAlbum, name) for name in AlbumFacts._fields]
    return sa.select(*columns).where(VkAlbum.in_market(user_id, group_id)).order_by(VkAlbum.title)


def load_albums(user: User, group_id: int, now: datetime) -> Albums:
    rows = albums_of(user.id, group_id)
    live = [row for row in rows if row.state == AlbumState.LIVE]
    return Albums(
        ours=frozenset(row.title for row in live),
        uncertain=frozenset(
            row.title
            for row in rows
            if row.state != AlbumState.LIVE and row.retry_after is not None and row.retry_after > now
        ),
        renaming=frozenset(row.title for row in live if row.pending_title is not None),
        stuck=frozenset(row.title for row in live if row.retry_after is not None and row.retry_after > now),
        full=frozenset(row.title for row in live if row.full_until is not None and row.full_until > now),
        foreign=user.sync_state.foreign_albums if user.sync_state else 0,
    )
