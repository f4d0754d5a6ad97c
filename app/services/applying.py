"""One change of a plan at VK: intent recorded, call made, answer recorded.

The engine alone commits after each step, because VK has already changed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from app.clients.errors import EvotorError, VkError
from app.clients.evotor import EvotorClient
from app.clients.vk import VkClient
from app.clients.vk_errors import Action as Treatment
from app.context import settings
from app.db import db, utcnow
from app.domain.listing import DESCRIPTION_MIN, ListingKey, Value
from app.domain.market import Album, Availability, MarketItem
from app.domain.plan import Action, Change, LinkState, Reason
from app.models import AlbumState, EntryOutcome, Listing, SyncRun, SyncRunEntry, VkAlbum
from app.services import cards, market_links

T = TypeVar("T")

REFUSED_PAUSE = timedelta(hours=6)
"""How long a product that VK refused is left alone, unless it changes."""
NEWEST_PAGES = 2
ITEM_GONE, ALBUM_GONE = (1403, 104), (1402, 114)
SHOP_FULL, ALBUMS_FULL = 1405, 1407
PLAIN_SHOP = (1409, 1410)
BAD_LINKS = 1408
_REFUSALS = (Treatment.FAIL, Treatment.ADJUST, Treatment.HEAL)
_ADDRESS = re.compile(r"\S*\w[.:/]+\w\S*")


@dataclass(slots=True)
class Workplace:
    """Everything that applying one user's changes needs."""

    run: SyncRun
    group_id: int
    vk: VkClient
    evotor: EvotorClient
    listings: dict[ListingKey, Listing]
    renew: Callable[[], None]
    """Before every write: commits what is recorded, renews the lease, raises where the run must stop."""
    shop_is_full: bool = False
    albums_are_full: bool = False
    is_plain_shop: bool = False
    albums: dict[str, VkAlbum] = field(default_factory=dict)
    seen_albums: list[Album] | None = None


class Held(Exception):
    """The change is not for this pass; nothing was sent and no entry is due."""


@dataclass(slots=True)
class Done:
    outcome: EntryOutcome = EntryOutcome.DONE
    item_id: int | None = None
    error: VkError | None = None


def apply_change(place: Workplace, change: Change) -> Done | None:
    """Make the change and write its entry; None where it is held. Raises VkError where the run cannot go on."""
    try:
        done = _ACTIONS[change.action](place, change)
    except Held:
        return None
    except VkError as error:
        if not _concerns_this_change_only(error):
            raise
        done = _failed(place, change, error)
    _record(place.run, change, done)
    db.session.commit()
    return done


def _concerns_this_change_only(error: VkError) -> bool:
    if error.outcome_unknown or error.code is None:
        return True
    return error.action in (Treatment.FAIL, Treatment.SKIP, Treatment.HEAL, Treatment.ADJUST, Treatment.RETRY)


def hide_twin(place: Workplace, twin: MarketItem) -> None:
    """A second item of one product: the linked one stays, this one leaves the window."""
    fields: dict[str, Value] = {"deleted": 1}
    change = Change(Action.HIDE, twin.title, item_id=twin.id, fields=fields, before={"deleted": 0})
    place.renew()
    try:
        place.vk.edit_item(place.group_id, twin.id, fields)
        done = Done()
    except VkError as error:
        if not _concerns_this_change_only(error):
            raise
        done = _failed(place, change, error)
    _record(place.run, change, done, reason="twin")
    db.session.commit()


def _record(run: SyncRun, change: Change, done: Done, reason: str | None = None) -> None:
    db.session.add(
        SyncRunEntry(
            run_id=run.id,
            action=change.action,
            outcome=done.outcome,
            store_id=change.key.store_id if change.key else None,
            product_id=change.key.product_id if change.key else None,
            vk_item_id=done.item_id or change.item_id,
            name=change.name,
            reason=reason or change.reason,
            before=dict(change.before),
            after={**change.fields, **({"album": change.album} if change.album else {})},
            error_code=_code(done.error),
            error_text=(done.error.suffix or done.error.message) if done.error else None,
            at=utcnow(),
        )
    )
    run.done += 1


def _code(error: VkError | None) -> str | None:
    if error is None:
        return None
    return "vk_unreachable" if error.code is None else f"vk_{error.code}"


# Failures


def _failed(place: Workplace, change: Change, error: VkError) -> Done:
    """What a refused or unanswered change means for our records."""
    if error.code == SHOP_FULL:
        place.shop_is_full = True
    if error.code == ALBUMS_FULL:
        place.albums_are_full = True
    if error.code in ALBUM_GONE and change.album in place.albums:
        market_links.forget_album(place.albums.pop(change.album))
    row = place.listings.get(change.key) if change.key else None
    if row is not None:
        _mark_failed(row, change, error)
    lost = error.code is None or error.outcome_unknown
    return Done(EntryOutcome.UNKNOWN if lost else EntryOutcome.FAILED, error=error)


def _mark_failed(row: Listing, change: Change, error: VkError) -> None:
    row.error_code, row.error_text = _code(error), error.suffix or error.message
    if error.code in ITEM_GONE and row.vk_item_id is not None:
        row.state, row.album, row.album_intent = LinkState.GONE, None, None
    elif change.digest is not None and not error.outcome_unknown and error.action in _REFUSALS:
        row.failed_digest = change.digest
        row.retry_after = utcnow() + REFUSED_PAUSE


# Adding


def _add(place: Workplace, change: Change) -> Done:
    assert change.key is not None
    if place.shop_is_full:
        raise Held
    row = place.listings.get(change.key)
    if row is None:
        row = place.listings[change.key] = market_links.new_listing(place.run.user_id, place.group_id, change.key)
    row.name, row.failed_digest, row.error_code, row.error_text = change.name, None, None, None
    if row.photo_id is None or row.photo_hash != change.photo:
        _upload(place, row, change)
    try:
        item_id = _send_new(place, row, change)
    except VkError as error:
        if not _photo_was_taken(error):
            return _unanswered(place, row, error)
        _upload(place, row, change)
        try:
            item_id = _send_new(place, row, change)
        except VkError as again:
            return _unanswered(place, row, again)
    _linked(row, item_id, change)
    return Done(item_id=item_id)


def _upload(place: Workplace, row: Listing, change: Change) -> None:
    """Until the item carries the photo its hash stays unknown; a photo for an add waits on the row."""
    place.renew()
    row.photo_id = place.vk.upload_product_photo(place.group_id, cards.draw(change.name))
    row.photo_hash = change.photo if row.vk_item_id is None else None
    db.session.commit()


def _send_new(place: Workplace, row: Listing, change: Change) -> int:
    row.attempted_at, row.retry_after = utcnow(), _after_read_lag()
    extra: dict[str, Value] = {"sku": row.sku, "main_photo_id": row.photo_id or 0}
    return _sent(place, {**change.fields, **extra}, lambda fields: place.vk.add_item(place.group_id, fields))


def _after_read_lag() -> datetime:
    return utcnow() + timedelta(seconds=settings().vk_read_lag_seconds)


def _sent(place: Workplace, fields: dict[str, Value], send: Callable[[dict[str, Value]], T]) -> T:
    """What VK will not have, stock in a plain shop or links, is left out and the call made once more."""
    if place.is_plain_shop:
        fields = _without_stock(fields)
    place.renew()
    try:
        return send(fields)
    except VkError as error:
        adjusted = _adjusted(place, fields, error)
        if adjusted == fields:
            raise
    place.renew()
    return send(adjusted)


def _adjusted(place: Workplace, fields: dict[str, Value], error: VkError) -> dict[str, Value]:
    if error.code in PLAIN_SHOP and "stock_amount" in fields:
        place.is_plain_shop = True
        return _without_stock(fields)
    if error.code == BAD_LINKS and "description" in fields:
        return {**fields, "description": _without_addresses(str(fields["description"]))}
    return fields


def _without_stock(fields: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name != "stock_amount"}


def _without_addresses(text: str) -> str:
    """Without anything that may pass for a link."""
    kept = _ADDRESS.sub("", text).strip()
    return kept if len(kept) >= DESCRIPTION_MIN else f"{kept} Есть в нашем магазине.".strip()


def _photo_was_taken(error: VkError) -> bool:
    return error.action is Treatment.HEAL and "photo" in error.suffix.lower()


def _unanswered(place: Workplace, row: Listing, error: VkError) -> Done:
    """Look the item up by its sku at once; what is not there yet is left for a later pass."""
    if not error.outcome_unknown:
        row.attempted_at = row.retry_after = None
        raise error
    found = _newest_with_sku(place, row.sku)
    if found is None:
        # An answer may be awaited for longer than the lag, which counts from its end.
        row.error_code, row.retry_after = _code(error), _after_read_lag()
        return Done(EntryOutcome.UNKNOWN, error=error)
    market_links.adopt(row, found)
    return Done(item_id=found.id)


def _newest_with_sku(place: Workplace, sku: str) -> MarketItem | None:
    linked = {row.vk_item_id for row in place.listings.values()}
    try:
        for page in range(NEWEST_PAGES):
            _, items = place.vk.market_page(place.group_id, page * 200)
            fitting = [
                item
                for item in items
                if item.sku == sku and item.id not in linked and item.availability is not Availability.REMOVED
            ]
            if fitting or not items:
                return min(fitting, key=lambda item: item.id, default=None)
    except VkError:
        pass  # the later pass reads the whole market before it repeats the add
    return None


def _linked(row: Listing, item_id: int, change: Change) -> None:
    row.vk_item_id = item_id
    row.sent = dict(change.fields)
    row.state = LinkState.HIDDEN if change.fields.get("deleted") == 1 else LinkState.LIVE
    row.retry_after = row.out_since = row.hidden_reason = row.hidden_run_id = None


# Editing, hiding, deleting


def _edit(place: Workplace, change: Change) -> Done:
    row = _row(place, change)
    fields = dict(change.fields)
    if change.photo is not None:
        _upload(place, row, change)
        fields["main_photo_id"] = row.photo_id or 0
    # Fields in flight are unknown until VK answers, so they leave `sent` before the call.
    row.sent = {name: value for name, value in row.sent.items() if name not in fields}
    item_id = row.vk_item_id or 0
    _sent(place, fields, lambda fields: place.vk.edit_item(place.group_id, item_id, fields))
    row.sent = {**row.sent, **change.fields}
    row.photo_hash = change.photo or row.photo_hash
    row.name = change.name
    row.failed_digest = row.retry_after = row.error_code = row.error_text = None
    _note_visibility(place, row, change)
    return Done(item_id=row.vk_item_id)


def _note_visibility(place: Workplace, row: Listing, change: Change) -> None:
    if change.fields.get("deleted") == 1:
        row.state = LinkState.HIDDEN
        row.hidden_reason, row.hidden_run_id = change.reason, place.run.id
    elif change.fields.get("deleted") == 0:
        row.state = LinkState.LIVE
        row.hidden_reason = row.hidden_run_id = None


def _hide(place: Workplace, change: Change) -> Done:
    if _may_be_there_still(place, change):
        return Done(EntryOutcome.KEPT)
    return _edit(place, change)


def _may_be_there_still(place: Workplace, change: Change) -> bool:
    """Only a single 404 proves that a product missing from the list is gone; any other failure proves nothing."""
    if change.reason is not Reason.MISSING or change.key is None:
        return False
    try:
        return place.evotor.product_exists(change.key.store_id, change.key.product_id)
    except EvotorError:
        return True


def _delete(place: Workplace, change: Change) -> Done:
    if _may_be_there_still(place, change):
        return Done(EntryOutcome.KEPT)
    row = _row(place, change)
    place.renew()
    place.vk.delete_item(place.group_id, row.vk_item_id or 0)
    del place.listings[ListingKey(row.store_id, row.product_id)]
    db.session.delete(row)
    return Done(item_id=row.vk_item_id)


def _row(place: Workplace, change: Change) -> Listing:
    assert change.key is not None
    return place.listings[change.key]


# Albums


def _add_album(place: Workplace, change: Change) -> Done:
    assert change.album is not None
    if place.albums_are_full:
        raise Held
    if place.seen_albums is None:
        place.seen_albums = place.vk.albums(place.group_id)
    row = place.albums.get(change.album) or market_links.new_album(place.run.user_id, place.group_id, change.album)
    row.attempted_at, row.retry_after = utcnow(), _after_read_lag()
    row.strangers = [album.id for album in place.seen_albums if album.title == change.album]
    place.albums[change.album] = row
    place.renew()
    try:
        row.vk_album_id = place.vk.add_album(place.group_id, change.album)
    except VkError as error:
        return _album_unanswered(place, row, error)
    row.state, row.retry_after = AlbumState.LIVE, None
    return Done()


def _album_unanswered(place: Workplace, row: VkAlbum, error: VkError) -> Done:
    if not error.outcome_unknown:
        _drop_refused_album(place, row)
        return _failed_album(place, error)
    try:
        if market_links.find_album(row, place.vk.albums(place.group_id)):
            return Done()
    except VkError:
        pass  # a later pass looks again before it repeats the call
    row.retry_after = _after_read_lag()
    return Done(EntryOutcome.UNKNOWN, error=error)


def _drop_refused_album(place: Workplace, row: VkAlbum) -> None:
    place.albums.pop(row.title)
    db.session.delete(row)


def _failed_album(place: Workplace, error: VkError) -> Done:
    db.session.commit()
    if not _concerns_this_change_only(error):
        raise error
    place.albums_are_full = place.albums_are_full or error.code == ALBUMS_FULL
    return Done(EntryOutcome.FAILED, error=error)


def _put_in_album(place: Workplace, change: Change) -> Done:
    row, album_id = _in_album(place, change)
    assert row.vk_item_id is not None
    row.album_intent = change.album
    place.renew()
    place.vk.put_in_album(place.group_id, row.vk_item_id, album_id)
    row.album, row.album_intent = change.album, None
    return Done(item_id=row.vk_item_id)


def _remove_from_album(place: Workplace, change: Change) -> Done:
    row = _row(place, change)
    album = place.albums.get(change.album or "")
    row.album_intent = change.album
    row.album = None if row.album == change.album else row.album
    if album is not None and album.vk_album_id is not None and row.vk_item_id is not None:
        place.renew()
        place.vk.remove_from_album(place.group_id, row.vk_item_id, album.vk_album_id)
    row.album_intent = None
    return Done(item_id=row.vk_item_id)


def _in_album(place: Workplace, change: Change) -> tuple[Listing, int]:
    """The item may not exist yet, and neither may the album: then a later pass places it."""
    row = place.listings.get(change.key) if change.key else None
    album = place.albums.get(change.album or "")
    if row is None or row.vk_item_id is None or row.state == LinkState.GONE:
        raise Held
    if album is None or album.vk_album_id is None:
        raise Held
    return row, album.vk_album_id


_ACTIONS: dict[Action, Callable[[Workplace, Change], Done]] = {
    Action.HIDE: _hide,
    Action.EDIT: _edit,
    Action.SHOW: _edit,
    Action.ADD: _add,
    Action.ALBUM_ADD: _add_album,
    Action.ALBUM_PUT: _put_in_album,
    Action.ALBUM_REMOVE: _remove_from_album,
    Action.DELETE: _delete,
}
