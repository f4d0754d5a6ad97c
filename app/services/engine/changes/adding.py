"""Adding items at VK: picture, intent, call, answer; and what becomes of a call without an answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from app.clients.vk.errors import SHOP_FULL, Treatment, VkError
from app.clock import utcnow
from app.domain.listing.key import Value
from app.domain.market.items import Availability, MarketItem
from app.domain.planning.changes import Change, LinkState
from app.models import EntryOutcome, Listing
from app.services.engine.changes import adjusting
from app.services.engine.changes.new_ids import ensure_new, only_new
from app.services.engine.changes.result import ChangeResult, Deferred, Told
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
        run.pictures.bring_one(row, change)
    try:
        item_id, taken = _send(run, row, change)
    except VkError as error:
        if not _photo_was_taken(error):
            return _looked_up_or_raised(run, row, error)
        run.pictures.upload(row, change)
        try:
            item_id, taken = _send(run, row, change)
        except VkError as again:
            return _looked_up_or_raised(run, row, again)
    return _link(run, row, item_id, change, taken)


def add_together(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """Many of them: their pictures are brought to VK, then one request is for all. Raises VkError and RunEnds.

    What is left open was surely not made. An error of unknown outcome is still to be looked up.
    """
    rows = _new_rows(run, changes)
    refusals = run.pictures.bring([changes[number] for number in rows]) if rows else {}
    told: dict[int, Told] = {}
    for number, change in enumerate(changes):
        if number in rows and change.listing_key in refusals:
            told[number] = refusals[change.listing_key]
            del rows[number]
    if 1 < len(rows) <= run.vk.room:
        told |= _made_together(run, changes, rows)
    return [told.get(number) for number, _ in enumerate(changes)]


def _made_together(run: RunContext, changes: Sequence[Change], rows: Mapping[int, Listing]) -> dict[int, Told]:
    told: dict[int, Told] = {}
    fields = {number: _intended(run, row, changes[number]) for number, row in rows.items()}
    answers = only_new(_send_together(run, rows.values(), fields.values()), run.known_items)
    for number, answer in zip(rows, answers, strict=True):
        if isinstance(answer, int):
            told[number] = _link(run, rows[number], answer, changes[number], fields[number])
        elif answer is not None and answer.outcome_unknown:
            told[number] = answer
        else:
            _forget_intents([rows[number]])
            told[number] = _refused(run, rows[number], fields[number], answer)
    return _full_shop_told_once(told)


def look_up(run: RunContext, changes: Sequence[Change], errors: Sequence[VkError]) -> list[Told]:
    """Of new items of which nobody knows, what their errors say, whether they stand there; by one question for all."""
    rows = list(map(run.listing_of, changes))
    return [*_looked_up(run, list(zip(rows, errors, strict=True)))]


def _new_rows(run: RunContext, changes: Sequence[Change]) -> dict[int, Listing]:
    """The records of those that may go together, by their number: not deferred, and nothing was amiss the last time.

    If it was a request of many that VK could not answer, the next one would fare no better.
    """
    rows = {}
    for number, change in enumerate(changes):
        known = run.market.listings.get(change.listing_key)
        if known is None or known.error_code is None:
            with suppress(Deferred):
                rows[number] = _new_row(run, change)
    return rows


def _new_row(run: RunContext, change: Change) -> Listing:
    """The product's record. Raises Deferred where VK takes no items now, before a picture is uploaded in vain."""
    if run.shop_is_full:
        raise Deferred
    if run.findings.is_resting(ADD):
        run.findings.note_waiting_for_quota()
        raise Deferred
    row = run.market.ensure_listing(change.listing_key)
    row.name, row.failed_digest, row.error_code, row.error_text = change.name, None, None, None
    return row


def _intended(run: RunContext, row: Listing, change: Change) -> dict[str, Value]:
    """The fields to send, for which the row is marked."""
    row.attempted_at, row.retry_after = utcnow(), after_read_lag()
    own: dict[str, Value] = {"sku": row.sku, "main_photo_id": row.photo_id or 0}
    return adjusting.without_refused(run.findings, {**change.fields, **own})


def _forget_intents(rows: Iterable[Listing]) -> None:
    """VK surely did not make them."""
    for row in rows:
        row.attempted_at = row.retry_after = None


def _send(run: RunContext, row: Listing, change: Change) -> tuple[int, dict[str, Value]]:
    """The new item's id and the fields that VK took; what it will not have is left out and the call made once more."""
    fields = _intended(run, row, change)
    try:
        return _made(run, row, fields), fields
    except VkError as error:
        adjusted = adjusting.learn_refusal(run.findings, fields, error)
        if adjusted == fields:
            raise
    return _made(run, row, adjusted), adjusted


def _made(run: RunContext, row: Listing, fields: Mapping[str, Value]) -> int:
    run.begin_write(row)
    return ensure_new(run.vk.add_item(run.group_id, fields), run.known_items)


def _send_together(
    run: RunContext, rows: Collection[Listing], items: Iterable[Mapping[str, Value]]
) -> list[int | VkError | None]:
    run.begin_write(*rows)
    try:
        return run.vk.add_items(run.group_id, items)
    except VkError:
        _forget_intents(rows)
        raise


def _refused(run: RunContext, row: Listing, fields: dict[str, Value], error: VkError | None) -> Told:
    if error is None or adjusting.learn_refusal(run.findings, fields, error) != fields:
        return None  # by itself it is made without what VK refused
    if _photo_was_taken(error):
        row.photo_id = row.photo_hash = None
        return None
    return error


def _full_shop_told_once(told: Mapping[int, Told]) -> dict[int, Told]:
    """The others are left for another time, as those that were not sent any more."""
    full = [number for number, one in told.items() if isinstance(one, VkError) and one.code == SHOP_FULL]
    return {**told, **dict.fromkeys(full[1:])}


def _photo_was_taken(error: VkError) -> bool:
    return error.treatment is Treatment.HEAL and "photo" in error.suffix.lower()


def _link(run: RunContext, row: Listing, item_id: int, change: Change, taken: Mapping[str, Value]) -> ChangeResult:
    row.vk_item_id = item_id
    run.known_items.add(item_id)
    row.sent = adjusting.recorded_fields(change, taken)
    row.state = LinkState.HIDDEN if change.fields.get("deleted") == 1 else LinkState.LIVE
    row.retry_after = row.out_since = row.hidden_reason = row.hidden_run_id = None
    return ChangeResult(item_id=item_id, note=adjusting.note(change, taken))


def _looked_up_or_raised(run: RunContext, row: Listing, error: VkError) -> ChangeResult:
    """Raises the error again where it says that nothing was added."""
    if not error.outcome_unknown:
        _forget_intents([row])
        raise error
    (result,) = _looked_up(run, [(row, error)])
    return result


def _looked_up(run: RunContext, lost: Sequence[tuple[Listing, VkError]]) -> list[ChangeResult]:
    """Look for all of them by their skus at once; what is not there yet is left for a later pass."""
    try:
        found = _newest_with_skus(run, {row.sku for row, _ in lost})
    except VkError:
        found, is_vk_unreachable = {}, True  # the later pass reads the whole market before it repeats the add
    else:
        is_vk_unreachable = False
        run.known_items.update(item.id for item in found.values())
    return [_settled(row, error, found.get(row.sku), is_vk_unreachable) for row, error in lost]


def _settled(row: Listing, error: VkError, item: MarketItem | None, is_vk_unreachable: bool) -> ChangeResult:
    if item is None:
        # An answer may be awaited for longer than the lag, which counts from its end.
        row.error_code, row.retry_after = vk_code(error), after_read_lag()
        return ChangeResult(EntryOutcome.UNKNOWN, error=error, is_vk_unreachable=is_vk_unreachable)
    links.adopt(row, item)
    return ChangeResult(item_id=item.id)


def _newest_with_skus(run: RunContext, skus: Collection[str]) -> dict[str, MarketItem]:
    linked = run.market.linked_ids
    found: dict[str, MarketItem] = {}
    for page in range(NEWEST_PAGES):
        _, items = run.vk.market_page(run.group_id, page * 200)
        for item in items:
            is_ours = item.sku in skus and item.id not in linked and item.availability is not Availability.REMOVED
            if is_ours and (item.sku not in found or item.id < found[item.sku].id):
                found[item.sku] = item
        if not items or len(found) == len(skus):
            break
    return found
