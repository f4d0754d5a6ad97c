"""Our links held against the market as VK shows it: lost answers are found, lost links rebuilt."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.listing.card import card_digest
from app.domain.listing.key import SKU_PREFIX, ListingKey, Value, sku
from app.domain.market.drift import TEXTS, as_sent, drift_of
from app.domain.market.items import NO_ODD_ITEMS, Availability, MarketItem, OddItems
from app.domain.planning.changes import LinkState
from app.logs import get_logger
from app.models import Listing
from app.services.market.read_lag import after_read_lag
from app.services.market.records import MarketRecords, to_link
from app.services.runs.pauses import WITHHELD_AT_FIRST, WITHHELD_FURTHER

log = get_logger()


def reconcile_items(
    records: MarketRecords, items: Iterable[MarketItem], known: Iterable[ListingKey]
) -> list[MarketItem]:
    """Link every item that carries the sku of a product of ours and has no link yet.

    An `ev:` item with neither a link nor a product in this user's catalog is a stranger. Returns the duplicates:
    visible items whose sku another, linked item has already.
    """
    duplicates: list[MarketItem] = []
    titles = {row.vk_album_id: row.title for row in records.albums.values()}
    by_sku: dict[str, list[ListingKey]] = {}
    for candidate in {*known, *records.listings}:
        by_sku.setdefault(sku(candidate.product_id), []).append(candidate)
    linked = records.linked_ids
    ours = (item for item in items if item.sku.startswith(SKU_PREFIX) and item.availability is not Availability.REMOVED)
    for item in sorted(ours, key=lambda item: item.id):
        if item.id in linked or item.sku not in by_sku:
            continue
        key = _unlinked_key(by_sku[item.sku], records.listings, item)
        if key is None:
            if item.availability is Availability.AVAILABLE:
                duplicates.append(item)
            continue
        row = records.ensure_listing(key)
        _release(records.user_id, records.group_id, item.id)
        adopt(row, item)
        row.album = album_of(item, titles)
    db.session.flush()
    return duplicates


def unlink_strangers(records: MarketRecords, seen: Mapping[int, MarketItem], last_read: datetime | None) -> None:
    """The link of an item that VK named as new and ours ends where the first look shows another thing under its id.

    That is, neither our sku nor any text of ours, while other items bear theirs. Then the add counts as one without an
    answer: looked for by its sku, and else made anew. `last_read`: what was held against that read stays linked.
    """
    rows = [row for row in records.listings.values() if row.vk_item_id in seen]
    pairs = [(row, seen[row.vk_item_id or 0]) for row in rows]
    if not any(item.sku == row.sku for row, item in pairs):
        return  # no marks are shown at all
    for row, item in pairs:
        if item.sku != row.sku and _is_unseen_add(row, last_read) and _bears_no_text_of(row, item):
            log.warning("linked_item_is_foreign", user_id=row.user_id, group_id=row.vk_group_id, item_id=item.id)
            _await_again(row)
    db.session.flush()


def _is_unseen_add(row: Listing, last_read: datetime | None) -> bool:
    if row.is_adopted or row.attempted_at is None or row.state not in (LinkState.LIVE, LinkState.HIDDEN):
        return False
    return last_read is None or row.attempted_at >= last_read


def _bears_no_text_of(row: Listing, item: MarketItem) -> bool:
    return drift_of(to_link(row), item, photo_id=None, rendered=row.rendered).keys() >= set(TEXTS)


def _await_again(row: Listing) -> None:
    row.vk_item_id, row.state = None, LinkState.ADDING
    row.sent, row.sent_before, row.drift, row.rendered = {}, {}, {}, {}
    row.album = row.album_intent = row.album_error = row.error_code = row.error_text = row.failed_digest = None
    row.attempted_at, row.retry_after = utcnow(), after_read_lag()


def settle_lost(rows: Iterable[Listing], now: datetime, odd: OddItems = NO_ODD_ITEMS) -> None:
    """An add that got no answer, and that a read of the whole market after its wait did not find, was never made.

    Unless it may be an item that could not be read: then it is not repeated until that can be, or is gone.
    """
    for row in rows:
        if row.vk_item_id is not None or row.retry_after is None:
            continue
        was_withheld = row.is_withheld
        may_stand = row.attempted_at is not None or was_withheld
        if row.retry_after <= now or was_withheld:
            row.attempted_at = row.retry_after = None
            if may_stand and odd.may_hold(row.sku):
                _withhold(row, now, WITHHELD_FURTHER if was_withheld else WITHHELD_AT_FIRST)


def withhold_unreadable(records: MarketRecords, odd: OddItems, known: Iterable[ListingKey]) -> None:
    """A product without a link whose mark an unreadable item bears is not added."""
    for key in known:
        if sku(key.product_id) in odd.skus:
            row = records.ensure_listing(key)
            if row.state == LinkState.ADDING and row.vk_item_id is None and row.retry_after is None:
                _withhold(row, utcnow(), WITHHELD_AT_FIRST)
    db.session.flush()


def _withhold(row: Listing, now: datetime, time: timedelta) -> None:
    row.error_code = row.error_text = row.failed_digest = None
    row.retry_after = now + time


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
    of_others = (Listing.vk_group_id == group_id, Listing.vk_item_id == item_id, Listing.user_id != user_id)
    for row in db.session.scalars(sa.select(Listing).where(*of_others)):
        db.session.delete(row)
    db.session.flush()  # an item has one listing at any moment
