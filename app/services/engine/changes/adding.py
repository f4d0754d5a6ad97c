"""Adding items at VK: picture, intent, call, answer; and what becomes of a call without an answer."""

from collections.abc import Mapping

from app.clients.vk.errors import Treatment, VkError
from app.clock import utcnow
from app.domain.listing.key import Value
from app.domain.market.items import Availability, MarketItem
from app.domain.planning.changes import Change, LinkState
from app.models import EntryOutcome, Listing
from app.services.engine.changes import adjusting, pictures
from app.services.engine.changes.result import ChangeResult, Deferred
from app.services.engine.context.run_context import RunContext
from app.services.market import links
from app.services.market.read_lag import after_read_lag
from app.services.vendors.faults import vk_code

ADD = "market.add"
NEWEST_PAGES = 2


def add(run: RunContext, change: Change) -> ChangeResult:
    """A new item for a product. Where VK says that another item has the picture already, it is sent up anew."""
    row = _new_row(run, change)
    if row.photo_id is None or row.photo_hash != change.photo:
        pictures.upload(run, row, change)
    try:
        item_id, taken = _send(run, row, change)
    except VkError as error:
        if not _photo_was_taken(error):
            return _look_up(run, row, error)
        pictures.upload(run, row, change)
        try:
            item_id, taken = _send(run, row, change)
        except VkError as again:
            return _look_up(run, row, again)
    _link(row, item_id, change, taken)
    return ChangeResult(item_id=item_id, note=adjusting.note(change, taken))


def _new_row(run: RunContext, change: Change) -> Listing:
    """The product's record. Raises Deferred where VK takes no items now, before a picture is uploaded in vain."""
    assert change.key is not None
    if run.shop_is_full:
        raise Deferred
    if run.findings.is_resting(ADD):
        run.findings.note_waiting_for_quota()
        raise Deferred
    row = run.market.ensure_listing(change.key)
    row.name, row.failed_digest, row.error_code, row.error_text = change.name, None, None, None
    return row


def _send(run: RunContext, row: Listing, change: Change) -> tuple[int, dict[str, Value]]:
    """The new item's id and the fields that VK took; what it will not have is left out and the call made once more."""
    row.attempted_at, row.retry_after = utcnow(), after_read_lag()
    own: dict[str, Value] = {"sku": row.sku, "main_photo_id": row.photo_id or 0}
    fields = adjusting.without_refused(run.findings, {**change.fields, **own})
    run.begin_write(row)
    try:
        return run.vk.add_item(run.group_id, fields), fields
    except VkError as error:
        adjusted = adjusting.learn_refusal(run.findings, fields, error)
        if adjusted == fields:
            raise
    run.begin_write(row)
    return run.vk.add_item(run.group_id, adjusted), adjusted


def _photo_was_taken(error: VkError) -> bool:
    return error.treatment is Treatment.HEAL and "photo" in error.suffix.lower()


def _link(row: Listing, item_id: int, change: Change, taken: Mapping[str, Value]) -> None:
    row.vk_item_id = item_id
    row.sent = adjusting.recorded_fields(change, taken)
    row.state = LinkState.HIDDEN if change.fields.get("deleted") == 1 else LinkState.LIVE
    row.retry_after = row.out_since = row.hidden_reason = row.hidden_run_id = None


def _look_up(run: RunContext, row: Listing, error: VkError) -> ChangeResult:
    """Look the item up by its sku at once; what is not there yet is left for a later pass.

    Raises the error again where it says that nothing was added.
    """
    if not error.outcome_unknown:
        row.attempted_at = row.retry_after = None
        raise error
    try:
        found = _newest_with_sku(run, row.sku)
    except VkError:
        found, is_vk_unreachable = None, True  # the later pass reads the whole market before it repeats the add
    else:
        is_vk_unreachable = False
    if found is None:
        # An answer may be awaited for longer than the lag, which counts from its end.
        row.error_code, row.retry_after = vk_code(error), after_read_lag()
        return ChangeResult(EntryOutcome.UNKNOWN, error=error, is_vk_unreachable=is_vk_unreachable)
    links.adopt(row, found)
    return ChangeResult(item_id=found.id)


def _newest_with_sku(run: RunContext, sku: str) -> MarketItem | None:
    linked = run.market.linked_ids
    for page in range(NEWEST_PAGES):
        _, items = run.vk.market_page(run.group_id, page * 200)
        fitting = [
            item
            for item in items
            if item.sku == sku and item.id not in linked and item.availability is not Availability.REMOVED
        ]
        if fitting or not items:
            return min(fitting, key=lambda item: item.id, default=None)
    return None
