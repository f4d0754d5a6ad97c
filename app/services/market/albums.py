"""Our albums held against those that VK shows."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain.market.drift import same_text
from app.domain.market.items import Album, MarketItem
from app.domain.texts import search
from app.domain.vk_limits import ALBUM_TITLE_MAX
from app.models import AlbumState, Listing, SyncState, VkAlbum
from app.services.market.read_lag import read_lag


def reconcile_albums(user_id: int, group_id: int, albums: Iterable[Album], now: datetime) -> None:
    """Albums being added are found by their title; the number of foreign ones is remembered."""
    _take_over_albums(user_id, group_id)
    rows = album_rows(user_id, group_id)
    seen = {album.id: album for album in albums}
    ours = {row.vk_album_id for row in rows.values()}
    for row in rows.values():
        if row.is_lost and _link_album(row, [album for album in seen.values() if album.id not in ours]):
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
    lag = read_lag()
    return (row.retry_after or (row.attempted_at or now - lag) + lag) > now


def _link_album(row: VkAlbum, candidates: Iterable[Album]) -> bool:
    """True if one of them bears its title and is no stranger."""
    for album in candidates:
        if same_text(album.title, row.title) and album.id not in row.strangers:
            row.vk_album_id, row.state = album.id, AlbumState.LIVE
            row.retry_after = row.error_code = None
            return True
    return False


def link_lost_album(row: VkAlbum, albums: Iterable[Album]) -> bool:
    """Link the album whose creation got no answer; True if it is there."""
    taken = set(db.session.scalars(sa.select(VkAlbum.vk_album_id).where(VkAlbum.vk_group_id == row.vk_group_id)))
    return _link_album(row, [album for album in albums if album.id not in taken])


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
