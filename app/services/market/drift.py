"""What people did by hand in VK to items of ours: deleted, restored, changed; and what VK's moderators say of them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from app.db import db
from app.domain.listing.owner_settings import OwnerSettings, keeps_photo_in_vk
from app.domain.market.drift import ALBUM, PHOTO, drift_of
from app.domain.market.items import ItemsById, MarketItem
from app.domain.planning.changes import LinkState
from app.models import Listing
from app.services import locks
from app.services.market import links
from app.services.market.read_lag import read_lag
from app.services.market.records import MarketRecords, to_link


def note_gone(records: MarketRecords, seen: ItemsById, began: datetime) -> None:
    """Mark what somebody deleted in VK. What was to be deleted anyway, by us or by a run that died, is done with.

    What may be an item that could not be read is not gone.
    """
    for key, row in list(records.listings.items()):
        is_there = row.vk_item_id is None or row.vk_item_id in seen or not _shows_last_write(row, began)
        if is_there or row.state == LinkState.GONE or seen.odd.may_hold(row.sku):
            continue
        if row.out_since is not None:
            del records.listings[key]
            db.session.delete(row)
        else:
            row.state, row.gone_answered = LinkState.GONE, False
            row.album = row.album_intent = None
    db.session.flush()


def note_drift(records: MarketRecords, seen: Mapping[int, MarketItem], owner: OwnerSettings, began: datetime) -> None:
    """Hold every link against its item; what the register decides is marked to be put back by the plan. Flushes."""
    if owner.photo_required:
        locks.lock(records.user_id)  # verdicts follow from pictures in VK, and whoever writes them begins with the user
    rows = [row for row in records.listings.values() if row.vk_item_id in seen and _shows_last_write(row, began)]
    pairs = [(row, seen[row.vk_item_id or 0]) for row in rows]
    knows_photos = any(row.photo_id in item.photo_ids for row, item in pairs)
    for row, item in pairs:
        if row.state == LinkState.GONE:
            _note_return(records, row, item)
        else:
            _note_changes(records, row, item, owner, knows_photos=knows_photos)
    db.session.flush()


def note_rejections(records: MarketRecords, seen: Mapping[int, MarketItem]) -> None:
    """What VK's moderators say of our items now. Flushes."""
    for row in records.listings.values():
        item = seen.get(row.vk_item_id or 0)
        found = asdict(item.rejection) if item is not None and item.rejection is not None else None
        if row.rejection != found:
            row.rejection = found
    db.session.flush()


def _shows_last_write(row: Listing, began: datetime) -> bool:
    """A read that began then: right after a write, what VK shows proves nothing."""
    return row.written_at is None or row.written_at + read_lag() <= began


def _note_return(records: MarketRecords, row: Listing, item: MarketItem) -> None:
    """Somebody restored in VK what had been deleted there."""
    links.adopt(row, item)
    row.album = links.album_of(item, {album.vk_album_id: album.title for album in records.albums.values()})


def _note_changes(
    records: MarketRecords, row: Listing, item: MarketItem, owner: OwnerSettings, *, knows_photos: bool
) -> None:
    """`knows_photos`: VK shows pictures under the ids that it gave us, so that another id is another picture."""
    known_photo = row.photo_id if knows_photos and row.photo_hash is not None else None
    found = dict(drift_of(to_link(row), item, photo_id=known_photo, rendered=row.rendered))
    if PHOTO in found and not keeps_photo_in_vk(owner.edited_in_vk, was_chosen_there=row.keeps_photo):
        row.photo_hash = None
    ours = {name: value for name, value in found.items() if name != PHOTO and name not in owner.edited_in_vk}
    if ours:
        row.sent = {**row.sent, **ours}
    if "deleted" in ours:
        row.state = LinkState.HIDDEN if ours["deleted"] == 1 else LinkState.LIVE
    if _left_its_album(records, row, item):
        found[ALBUM] = row.album or ""
        row.album = None
    if found != row.drift:
        row.drift = found


def _left_its_album(records: MarketRecords, row: Listing, item: MarketItem) -> bool:
    album = records.albums.get(row.album or "")
    if album is None or album.vk_album_id is None or item.album_ids is None:
        return False
    return album.vk_album_id not in item.album_ids
