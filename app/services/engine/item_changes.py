"""Adding, editing, hiding and deleting items at VK: intent recorded, call made, answer recorded."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import structlog

from app.clients.vk.errors import (
    BAD_LINKS,
    NO_VARIANTS,
    NOT_EXTENDED,
    UPLOAD_FAILED,
    WRONG_PARAMETER,
    Treatment,
    VkError,
)
from app.clock import utcnow
from app.domain.listing.card import card_digest
from app.domain.listing.description import long_enough
from app.domain.listing.key import Value
from app.domain.listing.owner_settings import FALLBACK_CATEGORY
from app.domain.market.drift import PHOTO, TEXTS
from app.domain.market.items import Availability, MarketItem
from app.domain.planning.brakes import named
from app.domain.planning.changes import Change, LinkState, Reason
from app.models import EntryOutcome, Listing
from app.services.engine import deletion_proof
from app.services.engine.context import Done, Held, Workplace, after_read_lag, begin_write, row_of
from app.services.market import links
from app.services.photos import cards, files
from app.services.vendors.faults import vk_code

T = TypeVar("T")

log = structlog.get_logger()

ADD = "market.add"
NEWEST_PAGES = 2
LEFT_THE_SELECTION = (Reason.OUT, Reason.MISSING, Reason.CLOSED)
_ADDRESS = re.compile(r"\S*\w[.:/]+\w\S*")


# Adding


def add(place: Workplace, change: Change) -> Done:
    assert change.key is not None
    if place.shop_is_full or place.rests(ADD):
        raise Held  # before a picture is uploaded in vain
    row = place.listings.get(change.key)
    if row is None:
        row = place.listings[change.key] = links.new_listing(place.run.user_id, place.group_id, change.key)
    row.name, row.failed_digest, row.error_code, row.error_text = change.name, None, None, None
    if row.photo_id is None or row.photo_hash != change.photo:
        _upload(place, row, change)
    try:
        item_id, taken = _send_new(place, row, change)
    except VkError as error:
        if not _photo_was_taken(error):
            return _unanswered(place, row, error)
        _upload(place, row, change)
        try:
            item_id, taken = _send_new(place, row, change)
        except VkError as again:
            return _unanswered(place, row, again)
    _linked(row, item_id, change, taken)
    return Done(item_id=item_id, note=_note(change, taken))


def _note(change: Change, taken: Mapping[str, Value]) -> str | None:
    """Tells the owner that the item stands in another category than chosen."""
    return "vk_category" if taken.get("category_id") != change.fields.get("category_id") else None


def _upload(place: Workplace, row: Listing, change: Change) -> None:
    """Until the item carries the photo its hash stays unknown; a photo for an add waits on the row."""
    place.renew()
    row.photo_id = place.vk.upload_product_photo(place.group_id, _picture(place, change))
    row.photo_hash = change.photo if row.vk_item_id is None else None
    place.renew()  # not a bare commit: the row may be gone with its account, and its id another's by now


def _picture(place: Workplace, change: Change) -> bytes:
    """The owner's, or the generated card. Raises VkError: without any it is this one product that cannot be listed."""
    if change.photo is not None and change.photo != card_digest(change.name):
        try:
            return files.read(place.run.user_id, change.photo)
        except OSError:
            # Removed or lost since the plan was made: the next plan knows, and wants another picture.
            log.warning("photo_lost", user_id=place.run.user_id, digest=change.photo)
    try:
        return cards.draw(change.name)
    except (OSError, MemoryError):
        log.exception("card_not_drawn")
        raise VkError(Treatment.FAIL, code=UPLOAD_FAILED, message="no picture could be made") from None


def _send_new(place: Workplace, row: Listing, change: Change) -> tuple[int, dict[str, Value]]:
    row.attempted_at, row.retry_after = utcnow(), after_read_lag()
    extra: dict[str, Value] = {"sku": row.sku, "main_photo_id": row.photo_id or 0}
    fields = {**change.fields, **extra}
    return _sent(place, row, fields, lambda fields: place.vk.add_item(place.group_id, fields))


def _sent(
    place: Workplace, row: Listing, fields: dict[str, Value], send: Callable[[dict[str, Value]], T]
) -> tuple[T, dict[str, Value]]:
    """VK's answer and the fields that it took.

    What VK will not have — stock in a plain shop, links, a lost category — is left out and the call made once more.
    """
    fields = _without_refused(place, fields)
    begin_write(place, row)
    try:
        return send(fields), fields
    except VkError as error:
        adjusted = _adjusted(place, fields, error)
        if adjusted == fields:
            raise
    begin_write(place, row)
    return send(adjusted), adjusted


def _without_refused(place: Workplace, fields: dict[str, Value]) -> dict[str, Value]:
    if place.is_plain_shop:
        fields = _without_stock(fields)
    if fields.get("category_id") in place.refused_categories:
        fields = {**fields, "category_id": FALLBACK_CATEGORY}
    return fields


def _adjusted(place: Workplace, fields: dict[str, Value], error: VkError) -> dict[str, Value]:
    if error.code in (NOT_EXTENDED, NO_VARIANTS) and "stock_amount" in fields:
        place.is_plain_shop = True
        return _without_stock(fields)
    if error.code == BAD_LINKS and "description" in fields:
        return {**fields, "description": _without_addresses(str(fields["description"]))}
    category = fields.get("category_id")
    if (
        error.treatment is Treatment.ADJUST
        and error.code == WRONG_PARAMETER
        and category != FALLBACK_CATEGORY
        and category
    ):
        place.refused_categories.add(int(category))
        return _without_refused(place, fields)
    return fields


def _without_stock(fields: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name != "stock_amount"}


def _without_addresses(text: str) -> str:
    """Without anything that may pass for a link."""
    return long_enough(_ADDRESS.sub("", text).strip())


def _photo_was_taken(error: VkError) -> bool:
    return error.treatment is Treatment.HEAL and "photo" in error.suffix.lower()


def _unanswered(place: Workplace, row: Listing, error: VkError) -> Done:
    """Look the item up by its sku at once; what is not there yet is left for a later pass."""
    if not error.outcome_unknown:
        row.attempted_at = row.retry_after = None
        raise error
    try:
        found = _newest_with_sku(place, row.sku)
    except VkError:
        found, is_silent = None, True  # the later pass reads the whole market before it repeats the add
    else:
        is_silent = False
    if found is None:
        # An answer may be awaited for longer than the lag, which counts from its end.
        row.error_code, row.retry_after = vk_code(error), after_read_lag()
        return Done(EntryOutcome.UNKNOWN, error=error, vk_is_silent=is_silent)
    links.adopt(row, found)
    return Done(item_id=found.id)


def _newest_with_sku(place: Workplace, sku: str) -> MarketItem | None:
    linked = {row.vk_item_id for row in place.listings.values()}
    for page in range(NEWEST_PAGES):
        _, items = place.vk.market_page(place.group_id, page * 200)
        fitting = [
            item
            for item in items
            if item.sku == sku and item.id not in linked and item.availability is not Availability.REMOVED
        ]
        if fitting or not items:
            return min(fitting, key=lambda item: item.id, default=None)
    return None


def _linked(row: Listing, item_id: int, change: Change, taken: Mapping[str, Value]) -> None:
    row.vk_item_id = item_id
    row.sent = _as_taken(change, taken)
    row.state = LinkState.HIDDEN if change.fields.get("deleted") == 1 else LinkState.LIVE
    row.retry_after = row.out_since = row.hidden_reason = row.hidden_run_id = None


# Editing, hiding, deleting


def edit(place: Workplace, change: Change) -> Done:
    row = row_of(place, change)
    if row.state == LinkState.GONE:
        raise Held
    if row.retry_after is not None and row.retry_after <= utcnow():
        _forget_failure(row)
    fields = dict(change.fields)
    if change.photo is not None:
        _upload(place, row, change)
        fields["main_photo_id"] = row.photo_id or 0
    # Fields in flight are unknown until VK answers, so they leave `sent` before the call.
    row.sent = {name: value for name, value in row.sent.items() if name not in fields}
    item_id = row.vk_item_id or 0
    was_other, taken = _sent(place, row, fields, lambda fields: place.vk.edit_item(place.group_id, item_id, fields))
    if not was_other:
        row.rendered = {
            **row.rendered,
            **{name: row.drift[name] for name in TEXTS if name in row.drift and name in taken},
        }
    row.sent = {**row.sent, **_as_taken(change, taken)}
    if change.photo is not None:
        row.photo_hash, row.keeps_photo = change.photo, False
    mended = {*change.fields} | ({PHOTO} if change.photo else set())
    row.drift = {name: seen for name, seen in row.drift.items() if name not in mended}
    row.name = change.name
    if change.digest is None or row.failed_digest != change.digest:
        _forget_failure(row)
    _note_visibility(place, row, change)
    return Done(item_id=row.vk_item_id, note=_note(change, taken))


def _forget_failure(row: Listing) -> None:
    row.failed_digest = row.retry_after = row.error_code = row.error_text = None


def _as_taken(change: Change, taken: Mapping[str, Value]) -> dict[str, Value]:
    """What was wanted counts as sent even where VK took less of it, but for the category, which is asked for anew."""
    category = {"category_id": taken["category_id"]} if "category_id" in taken else {}
    return {**change.fields, **category}


def _note_visibility(place: Workplace, row: Listing, change: Change) -> None:
    if change.fields.get("deleted") == 1:
        row.state = LinkState.HIDDEN
        row.hidden_reason, row.hidden_run_id = change.reason, place.run.id
        row.hide_approved = named(change) in place.approved
        row.out_since = utcnow() if change.reason in LEFT_THE_SELECTION else None
    elif change.fields.get("deleted") == 0:
        row.state = LinkState.LIVE
        row.hidden_reason = row.hidden_run_id = row.out_since = None
        row.hide_approved = False


def hide(place: Workplace, change: Change) -> Done:
    if change.key is None:
        return _hide_unlinked(place, change)
    if deletion_proof.may_be_there_still(place, change):
        return Done(EntryOutcome.KEPT)
    return edit(place, change)


def _hide_unlinked(place: Workplace, change: Change) -> Done:
    assert change.item_id is not None
    place.renew()
    place.vk.edit_item(place.group_id, change.item_id, change.fields)
    return Done(item_id=change.item_id)


def delete(place: Workplace, change: Change) -> Done:
    if deletion_proof.may_be_there_still(place, change):
        return Done(EntryOutcome.KEPT)
    row = row_of(place, change)
    begin_write(place, row)
    place.vk.delete_item(place.group_id, row.vk_item_id or 0)
    # The row stays until lists cannot show the item any more: else it would be linked again.
    row.state, row.deleted_at, row.gone_answered = LinkState.GONE, utcnow(), True
    return Done(item_id=row.vk_item_id)
