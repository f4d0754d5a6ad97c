"""What a full read of the market tells beside the links: changes made there by hand, and items that are not ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.domain.catalog.goods import Product
from app.domain.listing.key import SKU_PREFIX, ListingKey
from app.domain.listing.owner_settings import HandField, OwnerSettings
from app.domain.market.adoption import Match, matches
from app.domain.market.drift import ALBUM, PHOTO, drifted
from app.domain.market.items import Availability, ItemsById, MarketItem, MarketItems
from app.domain.planning.changes import LinkState
from app.models import ForeignItem, Listing, User
from app.services.engine.context import Workplace
from app.services.market import links
from app.services.market.records import to_link


def with_unlisted(place: Workplace, items: MarketItems) -> ItemsById:
    """Every item that VK still has, by id; those of ours that the list lacks are asked for alone.

    docs/contracts/vk.md §12.1.
    """
    seen = {item.id: item for item in items if item.availability is not Availability.REMOVED}
    linked = [row for row in place.listings.values() if row.state != LinkState.GONE]
    absent = [row.vk_item_id for row in linked if row.vk_item_id is not None and row.vk_item_id not in seen]
    found = place.vk.items_by_id(place.group_id, absent) if absent else ItemsById()
    there = (item for item in found.values() if item.availability is not Availability.REMOVED)
    return ItemsById([*seen.values(), *there], items.odd | found.odd)


def forget_deleted(place: Workplace, read_at: datetime) -> None:
    """What we deleted longer before a read than lists may lag leaves our records too."""
    seen_last = read_at - timedelta(seconds=settings().vk_read_lag_seconds)
    for key, row in list(place.listings.items()):
        if row.deleted_at is not None and not seen_last < row.deleted_at <= utcnow():
            db.session.delete(place.listings.pop(key))


def note_gone(place: Workplace, seen: ItemsById, began: datetime) -> None:
    """Mark what somebody deleted in VK. What was to be deleted anyway, by us or by a run that died, is done with.

    What may be an item that could not be read is not gone.
    """
    for key, row in list(place.listings.items()):
        is_there = row.vk_item_id is None or row.vk_item_id in seen or not _is_settled(row, began)
        if is_there or row.state == LinkState.GONE or seen.odd.may_hold(row.sku):
            continue
        if row.out_since is not None:
            del place.listings[key]
            db.session.delete(row)
        else:
            row.state, row.gone_answered = LinkState.GONE, False
            row.album = row.album_intent = None
    db.session.flush()


def note_drift(place: Workplace, seen: Mapping[int, MarketItem], owner: OwnerSettings, began: datetime) -> None:
    """Hold every link against its item; what the register decides is marked to be put back by the plan. Flushes."""
    rows = [row for row in place.listings.values() if row.vk_item_id in seen and _is_settled(row, began)]
    pairs = [(row, seen[row.vk_item_id or 0]) for row in rows]
    knows_photos = any(row.photo_id in item.photo_ids for row, item in pairs)
    for row, item in pairs:
        if row.state == LinkState.GONE:
            _note_return(place, row, item)
        else:
            _note_changes(place, row, item, owner, knows_photos=knows_photos)
    db.session.flush()


def note_rejections(place: Workplace, seen: Mapping[int, MarketItem]) -> None:
    """What VK's moderators say of our items now. Flushes."""
    for row in place.listings.values():
        item = seen.get(row.vk_item_id or 0)
        found = asdict(item.rejection) if item is not None and item.rejection is not None else None
        if row.rejection != found:
            row.rejection = found
    db.session.flush()


def _is_settled(row: Listing, began: datetime) -> bool:
    """Reads trail writes: right after a write, what VK shows proves nothing."""
    return row.written_at is None or row.written_at + timedelta(seconds=settings().vk_read_lag_seconds) <= began


def _note_return(place: Workplace, row: Listing, item: MarketItem) -> None:
    """Somebody restored in VK what had been deleted there."""
    links.adopt(row, item)
    row.album = links.album_of(item, {album.vk_album_id: album.title for album in place.albums.values()})


def _note_changes(
    place: Workplace, row: Listing, item: MarketItem, owner: OwnerSettings, *, knows_photos: bool
) -> None:
    """`knows_photos`: VK shows pictures under the ids that it gave us, so that another id is another picture."""
    known_photo = row.photo_id if knows_photos and row.photo_hash is not None else None
    found = dict(drifted(to_link(row), item, photo_id=known_photo, rendered=row.rendered))
    if PHOTO in found and not row.keeps_photo and HandField.PHOTO not in owner.edited_in_vk:
        row.photo_hash = None
    ours = {name: value for name, value in found.items() if name != PHOTO and name not in owner.edited_in_vk}
    if ours:
        row.sent = {**row.sent, **ours}
    if "deleted" in ours:
        row.state = LinkState.HIDDEN if ours["deleted"] == 1 else LinkState.LIVE
    if _left_its_album(place, row, item):
        found[ALBUM] = row.album or ""
        row.album = None
    if found != row.drift:
        row.drift = found


def _left_its_album(place: Workplace, row: Listing, item: MarketItem) -> bool:
    album = place.albums.get(row.album or "")
    if album is None or album.vk_album_id is None or item.album_ids is None:
        return False
    return album.vk_album_id not in item.album_ids


def note_foreign(
    user: User, place: Workplace, items: Sequence[MarketItem], wanted: Mapping[ListingKey, Product]
) -> None:
    """Remember how many items are not ours, and which visible ones look like products that we would add. Flushes."""
    linked = {row.vk_item_id for row in place.listings.values()}
    foreign = [
        item
        for item in items
        if item.availability is Availability.AVAILABLE and item.id not in linked and not item.sku.startswith(SKU_PREFIX)
    ]
    if user.sync_state is not None:
        user.sync_state.foreign_items = sum(
            item.availability is not Availability.REMOVED and item.id not in linked for item in items
        )
    known = {row.vk_item_id: row for row in foreign_rows(user.id, place.group_id)}
    left = {item_id for item_id, row in known.items() if row.is_left}
    products = {key: product for key, product in wanted.items() if key not in place.listings}
    found = matches((item for item in foreign if item.id not in left), products)
    _store(user.id, place.group_id, found, known)


def _store(user_id: int, group_id: int, found: Sequence[Match], known: Mapping[int, ForeignItem]) -> None:
    present = {match.item.id for match in found}
    for item_id, row in known.items():
        if item_id not in present and not row.is_left:
            db.session.delete(row)
    _release(user_id, group_id, present - known.keys())
    for match in found:
        row = known.get(match.item.id) or ForeignItem(
            user_id=user_id, vk_group_id=group_id, vk_item_id=match.item.id, is_left=False
        )
        row.title, row.matched_by = match.item.title, match.by
        row.store_id, row.product_id = match.key.store_id, match.key.product_id
        row.seen = {**links.seen_fields(match.item), "sku": match.item.sku}
        db.session.add(row)
    db.session.flush()


def _release(user_id: int, group_id: int, item_ids: Iterable[int]) -> None:
    """A community that changed hands: the questions to its former owner end."""
    ids = list(item_ids)
    for start in range(0, len(ids), 500):
        db.session.execute(
            sa.delete(ForeignItem).where(
                ForeignItem.vk_group_id == group_id,
                ForeignItem.user_id != user_id,
                ForeignItem.vk_item_id.in_(ids[start : start + 500]),
            )
        )


def foreign_rows(user_id: int, group_id: int) -> Sequence[ForeignItem]:
    query = sa.select(ForeignItem).where(ForeignItem.user_id == user_id, ForeignItem.vk_group_id == group_id)
    return db.session.scalars(query.order_by(ForeignItem.title, ForeignItem.id)).all()
