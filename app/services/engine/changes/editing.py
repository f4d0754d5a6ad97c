"""Editing, hiding and deleting items at VK: intent recorded, call made, answer recorded."""

from collections.abc import Mapping

from app.clients.vk.errors import VkError
from app.clock import utcnow
from app.domain.listing.key import Value
from app.domain.market.drift import PHOTO, TEXTS
from app.domain.planning.brakes import named
from app.domain.planning.changes import Change, LinkState, Reason
from app.models import EntryOutcome, Listing
from app.services.engine.changes import adjusting, deletion_proof
from app.services.engine.changes.result import ChangeResult, Deferred
from app.services.engine.context.run_context import RunContext

LEFT_THE_SELECTION = (Reason.OUT, Reason.MISSING, Reason.CLOSED)


def edit(run: RunContext, change: Change) -> ChangeResult:
    row = run.listing_of(change)
    if row.state == LinkState.GONE:
        raise Deferred
    forget_old_failure(row)
    fields = dict(change.fields)
    if change.photo is not None:
        run.pictures.bring_one(row, change)
        fields["main_photo_id"] = row.photo_id or 0
    note_in_flight(row, fields)
    was_other, taken = _send(run, row, fields)
    return note_edited(run, change, taken, was_other=was_other)


def forget_old_failure(row: Listing) -> None:
    if row.retry_after is not None and row.retry_after <= utcnow():
        _forget_failure(row)


def note_in_flight(row: Listing, fields: Mapping[str, Value]) -> None:
    """The fields are unknown until VK answers, so they leave `sent` before the call."""
    row.sent_before = {**row.sent_before, **{name: value for name, value in row.sent.items() if name in fields}}
    row.sent = {name: value for name, value in row.sent.items() if name not in fields}


def note_edited(run: RunContext, change: Change, taken: Mapping[str, Value], *, was_other: bool) -> ChangeResult:
    """VK took these fields. `was_other`: the item did not hold these very ones before."""
    row = run.listing_of(change)
    _note_taken(row, change, taken, was_other=was_other or change.key in run.perhaps_made)
    if change.digest is None or row.failed_digest != change.digest:
        _forget_failure(row)
    _note_visibility(run, row, change)
    return ChangeResult(item_id=row.vk_item_id, note=adjusting.note(change, taken))


def _send(run: RunContext, row: Listing, fields: dict[str, Value]) -> tuple[bool, dict[str, Value]]:
    """VK's answer and the fields that it took; what it will not have is left out and the call made once more."""
    item_id = row.vk_item_id or 0
    fields = adjusting.without_refused(run.findings, fields)
    run.begin_write(row)
    try:
        return run.vk.edit_item(run.group_id, item_id, fields), fields
    except VkError as error:
        adjusted = adjusting.learn_refusal(run.findings, fields, error)
        if adjusted == fields:
            raise
    run.begin_write(row)
    return run.vk.edit_item(run.group_id, item_id, adjusted), adjusted


def _note_taken(row: Listing, change: Change, taken: Mapping[str, Value], *, was_other: bool) -> None:
    if not was_other:
        shown = {name: row.drift[name] for name in TEXTS if name in row.drift and name in taken}
        row.rendered = {**row.rendered, **shown}
    row.sent = {**row.sent, **adjusting.recorded_fields(change, taken)}
    row.sent_before = {name: value for name, value in row.sent_before.items() if name not in row.sent}
    if change.photo is not None:
        row.photo_hash, row.keeps_photo = change.photo, False
    mended = {*change.fields} | ({PHOTO} if change.photo else set())
    row.drift = {name: seen for name, seen in row.drift.items() if name not in mended}
    row.name = change.name


def _forget_failure(row: Listing) -> None:
    row.failed_digest = row.retry_after = row.error_code = row.error_text = None


def _note_visibility(run: RunContext, row: Listing, change: Change) -> None:
    if change.fields.get("deleted") == 1:
        row.state = LinkState.HIDDEN
        row.hidden_reason, row.hidden_run_id = change.reason, run.row.id
        row.hide_approved = named(change) in run.approved
        row.out_since = utcnow() if change.reason in LEFT_THE_SELECTION else None
    elif change.fields.get("deleted") == 0:
        row.state = LinkState.LIVE
        row.hidden_reason = row.hidden_run_id = row.out_since = None
        row.hide_approved = False


def hide(run: RunContext, change: Change) -> ChangeResult:
    if change.key is None:
        return _hide_unlinked(run, change)
    if not deletion_proof.confirm_removal(run, change):
        return ChangeResult(EntryOutcome.KEPT)
    return edit(run, change)


def _hide_unlinked(run: RunContext, change: Change) -> ChangeResult:
    assert change.item_id is not None
    run.lease.renew()
    run.vk.edit_item(run.group_id, change.item_id, change.fields)
    return ChangeResult(item_id=change.item_id)


def delete(run: RunContext, change: Change) -> ChangeResult:
    if not deletion_proof.confirm_removal(run, change):
        return ChangeResult(EntryOutcome.KEPT)
    row = run.listing_of(change)
    run.begin_write(row)
    run.vk.delete_item(run.group_id, row.vk_item_id or 0)
    return note_deleted(run, change)


def note_deleted(run: RunContext, change: Change) -> ChangeResult:
    row = run.listing_of(change)
    # The row stays until lists cannot show the item any more: else it would be linked again.
    row.state, row.deleted_at, row.gone_answered = LinkState.GONE, utcnow(), True
    return ChangeResult(item_id=row.vk_item_id)
