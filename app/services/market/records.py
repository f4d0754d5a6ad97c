"""Our records of the market as domain objects: listings as links, albums."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.context import settings
from app.db import db
from app.domain.listing.key import ListingKey
from app.domain.listing.owner_settings import HandField, OwnerSettings, keeps_photo_in_vk
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Link, LinkState
from app.models import AlbumState, Listing, User, VkAlbum
from app.services.market import links


def load_listings(user_id: int, group_id: int) -> dict[ListingKey, Listing]:
    query = sa.select(Listing).where(Listing.in_market(user_id, group_id))
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


def to_link(row: Listing) -> Link:
    """What we deleted a moment ago counts as not there yet: lists may still show it."""
    if row.deleted_at is not None:
        until = row.deleted_at + timedelta(seconds=settings().vk_read_lag_seconds)
        return Link(ListingKey(row.store_id, row.product_id), LinkState.ADDING, row.name, retry_after=until)
    return Link(
        key=ListingKey(row.store_id, row.product_id),
        state=LinkState(row.state),
        name=row.name,
        item_id=row.vk_item_id,
        sent=row.sent,
        photo=row.photo_hash,
        album=row.album,
        album_intent=row.album_intent,
        out_since=row.out_since,
        failed_digest=row.failed_digest,
        retry_after=row.retry_after,
        is_adopted=row.is_adopted,
        keeps_photo=row.keeps_photo,
        drift=frozenset(row.drift),
        hide_approved=row.hide_approved,
        is_kept=row.evotor_has_it,
        may_be_unreadable=links.is_held(row),
    )


def load_albums(user: User, group_id: int, now: datetime) -> Albums:
    query = sa.select(VkAlbum).where(VkAlbum.in_market(user.id, group_id))
    rows = db.session.scalars(query).all()
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
