"""Our links held against the market as VK shows it: lost answers are found, lost links rebuilt."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.context import settings
from app.db import db, utcnow
from app.domain.listing.key import SKU_PREFIX, ListingKey, Value, sku
from app.domain.listing.wanted import ALBUM_TITLE_MAX, card_digest
from app.domain.market.drift import as_sent, same_text
from app.domain.market.items import NO_ODD_ITEMS, Album, Availability, MarketItem, OddItems
from app.domain.planning.changes import LinkState
from app.domain.texts import search
from app.models import AlbumState, Listing, SyncState, VkAlbum

HELD_AT_FIRST, HELD_FURTHER = timedelta(hours=1), timedelta(days=1)
"""A single bad answer may pass soon."""


def reconcile_items(
    user_id: int,
    group_id: int,
    items: Iterable[MarketItem],
    known: Iterable[ListingKey],
    listings: dict[ListingKey, Listing],
) -> list[MarketItem]:
    """Link every item that carries the sku of a product of ours and has no link yet.

    An `ev:` item with neither a link nor a product in this user's catalog is a stranger. Adds to `listings`.
    Returns the twins: visible items whose sku another, linked item has already.
    """
    twins: list[MarketItem] = []
    titles = {row.vk_album_id: row.title for row in album_rows(user_id, group_id).values()}
    by_sku: dict[str, list[ListingKey]] = {}
    for candidate in {*known, *listings}:
        by_sku.setdefault(sku(candidate.product_id), []).append(candidate)
    linked = {row.vk_item_id for row in listings.values() if row.vk_item_id is not None}
    ours = (item for item in items if item.sku.startswith(SKU_PREFIX) and item.availability is not Availability.REMOVED)
    for item in sorted(ours, key=lambda item: item.id):
        if item.id in linked or item.sku not in by_sku:
            continue
        key = _unlinked_key(by_sku[item.sku], listings, item)
        if key is None:
            if item.availability is Availability.AVAILABLE:
                twins.append(item)
            continue
        row = listings.get(key) or new_listing(user_id, group_id, key)
        _release(user_id, group_id, item.id)
        adopt(row, item)
        row.album = album_of(item, titles)
        listings[key] = row
    db.session.flush()
    return twins


def settle_lost(rows: Iterable[Listing], now: datetime, odd: OddItems = NO_ODD_ITEMS) -> None:
    """An add that got no answer, and that a read of the whole market after its wait did not find, was never made.

    Unless it may be an item that could not be read: then it is not repeated until that can be, or is gone.
    """
    for row in rows:
        if row.vk_item_id is not None or row.retry_after is None:
            continue
        was_held = is_held(row)
        may_stand = row.attempted_at is not None or was_held
        if row.retry_after <= now or was_held:
            row.attempted_at = row.retry_after = None
            if may_stand and odd.may_hold(row.sku):
                _hold(row, now, HELD_FURTHER if was_held else HELD_AT_FIRST)


def hold_back(
    user_id: int, group_id: int, odd: OddItems, known: Iterable[ListingKey], listings: dict[ListingKey, Listing]
) -> None:
    """A product without a link whose mark an unreadable item bears is not added."""
    for key in known:
        if sku(key.product_id) in odd.skus:
            row = listings[key] = listings.get(key) or new_listing(user_id, group_id, key)
            if row.state == LinkState.ADDING and row.vk_item_id is None and row.retry_after is None:
                _hold(row, utcnow(), HELD_AT_FIRST)
    db.session.flush()


def _hold(row: Listing, now: datetime, time: timedelta) -> None:
    row.error_code = row.error_text = row.failed_digest = None
    row.retry_after = now + time


def is_held(row: Listing) -> bool:
    """Not added, because an item that could not be read may be this very product: looked at soon, then once a day."""
    was_refused = row.failed_digest is not None or row.error_code is not None
    is_new = row.state == LinkState.ADDING and row.vk_item_id is None and row.deleted_at is None
    return is_new and not was_refused and row.attempted_at is None and row.retry_after is not None


def _unlinked_key(
    keys: Iterable[ListingKey], listings: Mapping[ListingKey, Listing], item: MarketItem
) -> ListingKey | None:
    """The intended listing first: one that was being added."""
    free = [key for key in sorted(keys) if key not in listings or _is_free(listings[key], item)]
    return next((key for key in free if key in listings), free[0] if free else None)


def _is_free(row: Listing, item: MarketItem) -> bool:
    """A link whose item somebody deleted is free for a copy that buyers see, unless the owner wants it gone."""
    if row.vk_item_id is None:
        return True
    is_open_question = row.state == LinkState.GONE and not row.gone_answered and row.deleted_at is None
    return is_open_question and item.availability is Availability.AVAILABLE


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


def adopt(row: Listing, item: MarketItem) -> None:
    """The item is the listing's; what VK shows counts as what was sent."""
    row.vk_item_id, row.gone_answered, row.deleted_at = item.id, False, None
    row.name = row.name or item.title
    row.sent = seen_fields(item)
    row.state = LinkState.HIDDEN if row.sent["deleted"] else LinkState.LIVE
    if item.photo_ids and row.photo_id not in item.photo_ids:
        # A lost link: the item's picture is most likely the card that we drew for its name.
        row.photo_id, row.photo_hash = item.photo_ids[0], card_digest(item.title)
    row.retry_after = row.failed_digest = row.error_code = row.error_text = None


def album_of(item: MarketItem, titles: Mapping[int | None, str]) -> str | None:
    """The album of ours in which the item stands; `titles` by album id."""
    return next((titles[album_id] for album_id in item.album_ids or () if album_id in titles), None)


def seen_fields(item: MarketItem) -> dict[str, Value]:
    category = {} if item.category_id is None else {"category_id": item.category_id}
    return {**as_sent(item), **category}


def _release(user_id: int, group_id: int, item_id: int) -> None:
    """A community that changed hands brings its items along; the former owner's link ends."""
    db.session.execute(
        sa.delete(Listing).where(
            Listing.vk_group_id == group_id, Listing.vk_item_id == item_id, Listing.user_id != user_id
        )
    )


def reconcile_albums(user_id: int, group_id: int, albums: Iterable[Album], now: datetime) -> None:
    """Albums being added are found by their title; the number of foreign ones is remembered."""
    _take_over_albums(user_id, group_id)
    rows = album_rows(user_id, group_id)
    seen = {album.id: album for album in albums}
    ours = {row.vk_album_id for row in rows.values()}
    for row in rows.values():
        is_lost = row.state == AlbumState.ADDING and row.attempted_at is not None
        if is_lost and _find_album(row, [album for album in seen.values() if album.id not in ours]):
            ours.add(row.vk_album_id)
        elif row.vk_album_id not in seen and not _may_be_unseen(row, now):
            forget_album(row)
    foreign = len(seen.keys() - {row.vk_album_id for row in rows.values()})
    db.session.execute(
        sa.update(SyncState)
        .where(SyncState.user_id == user_id)
        .values(foreign_albums=foreign)
        .execution_options(synchronize_session="evaluate")
    )
    db.session.flush()


def relink_albums(
    user_id: int,
    group_id: int,
    albums: Iterable[Album],
    items: Iterable[MarketItem],
    titles: Mapping[str, str | None],
) -> None:
    """After the records were lost: an album is ours if it bears the title that an item of ours in it wants.

    `titles`: sku → title of the album that the product belongs to.
    """
    rows = album_rows(user_id, group_id)
    by_id = {album.id: album for album in albums}
    for item in sorted(items, key=lambda item: item.id):
        title = titles.get(item.sku)
        if title is None or title in rows:
            continue
        inside = [by_id[album_id] for album_id in item.album_ids or () if album_id in by_id]
        album = next((album for album in inside if search.same(album.title, title)), None)
        if album is None:
            continue
        del by_id[album.id]
        title = title if same_text(album.title, title) else album.title[:ALBUM_TITLE_MAX]
        if title not in rows:
            row = rows[title] = new_album(user_id, group_id, title)
            row.vk_album_id, row.state = album.id, AlbumState.LIVE
    db.session.flush()


def _take_over_albums(user_id: int, group_id: int) -> None:
    """A community that changed hands brings along the albums that we made in it."""
    db.session.execute(
        sa.update(VkAlbum).where(VkAlbum.vk_group_id == group_id, VkAlbum.user_id != user_id).values(user_id=user_id)
    )


def _may_be_unseen(row: VkAlbum, now: datetime) -> bool:
    """Reads trail writes: an album that was made a moment ago may be missing from a list."""
    lag = timedelta(seconds=settings().vk_read_lag_seconds)
    return (row.retry_after or (row.attempted_at or now - lag) + lag) > now


def _find_album(row: VkAlbum, candidates: Iterable[Album]) -> bool:
    for album in candidates:
        if same_text(album.title, row.title) and album.id not in row.strangers:
            row.vk_album_id, row.state = album.id, AlbumState.LIVE
            row.retry_after = row.error_code = None
            return True
    return False


def find_album(row: VkAlbum, albums: Iterable[Album]) -> bool:
    """Look for the album whose creation got no answer; True if it is there."""
    taken = set(db.session.scalars(sa.select(VkAlbum.vk_album_id).where(VkAlbum.vk_group_id == row.vk_group_id)))
    return _find_album(row, [album for album in albums if album.id not in taken])


def move_to_title(user_id: int, group_id: int, old: str, new: str) -> None:
    """The album has another title now; what stands in it stays there."""
    for column in (Listing.album, Listing.album_intent):
        db.session.execute(
            sa.update(Listing)
            .where(Listing.user_id == user_id, Listing.vk_group_id == group_id, column == old)
            .values({column.key: new})
            .execution_options(synchronize_session="evaluate")
        )


def forget_album(row: VkAlbum) -> None:
    """The album is gone in VK: its items stand outside, and it may be made again."""
    db.session.execute(
        sa.update(Listing)
        .where(Listing.user_id == row.user_id, Listing.vk_group_id == row.vk_group_id, Listing.album == row.title)
        .values(album=None)
        .execution_options(synchronize_session="evaluate")
    )
    db.session.delete(row)


def album_rows(user_id: int, group_id: int) -> dict[str, VkAlbum]:
    rows = db.session.scalars(sa.select(VkAlbum).where(VkAlbum.user_id == user_id, VkAlbum.vk_group_id == group_id))
    return {row.title: row for row in rows}


def new_album(user_id: int, group_id: int, title: str) -> VkAlbum:
    db.session.execute(
        sa.delete(VkAlbum).where(VkAlbum.vk_group_id == group_id, VkAlbum.title == title, VkAlbum.user_id != user_id)
    )
    row = VkAlbum(user_id=user_id, vk_group_id=group_id, title=title, state=AlbumState.ADDING, strangers=[])
    db.session.add(row)
    return row
