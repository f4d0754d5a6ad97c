"""The changes of a plan at VK, piece by piece, each with its entry.

The engine alone commits after each step, because VK has already changed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.client import MOST_IDS_A_CALL
from app.clients.vk.error_table import CODES
from app.clients.vk.errors import (
    FAULT_HOLDS,
    METHOD_QUOTA,
    OWNER_HOLDS,
    VkError,
)
from app.clock import utcnow
from app.db import db
from app.domain.listing.key import Value
from app.domain.market.items import MarketItem
from app.domain.planning.changes import Action, Change, Reason
from app.domain.planning.pieces import pieces, requests_of
from app.logs import get_logger
from app.models import EntryOutcome, RunStage, RunStatus, SyncRun, SyncRunEntry
from app.services.engine.changes import adding, albums, editing, refusals, together
from app.services.engine.changes.result import ChangeResult, Deferred, Told
from app.services.engine.context.early_end import FAULTS_IN_A_ROW, RunEnds, concerns_one_change
from app.services.engine.context.run_context import RunContext
from app.services.market.read_lag import read_lag
from app.services.runs import codes
from app.services.vendors.faults import UNREACHABLE, vk_code

log = get_logger()

UNKNOWN_ERRORS_IN_A_ROW = 5
STAGE_OF = {
    Action.HIDE: RunStage.HIDE,
    Action.EDIT: RunStage.EDIT,
    Action.SHOW: RunStage.SHOW,
    Action.ADD: RunStage.ADD,
    Action.ALBUM_RENAME: RunStage.ALBUMS,
    Action.ALBUM_ADD: RunStage.ALBUMS,
    Action.ALBUM_PUT: RunStage.ALBUMS,
    Action.ALBUM_REMOVE: RunStage.ALBUMS,
    Action.DELETE: RunStage.DELETE,
}
CARRIED_OUT_BY: dict[Action, Callable[[RunContext, Change], ChangeResult]] = {
    Action.HIDE: editing.hide,
    Action.EDIT: editing.edit,
    Action.SHOW: editing.edit,
    Action.ADD: adding.add,
    Action.ALBUM_RENAME: albums.rename_album,
    Action.ALBUM_ADD: albums.add_album,
    Action.ALBUM_PUT: albums.put_in_album,
    Action.ALBUM_REMOVE: albums.remove_from_album,
    Action.DELETE: editing.delete,
}
CARRIED_OUT_TOGETHER_BY: dict[Action, Callable[[RunContext, Sequence[Change]], list[Told]]] = {
    Action.HIDE: together.edit,
    Action.EDIT: together.edit,
    Action.SHOW: together.edit,
    Action.ADD: adding.add_together,
    Action.ALBUM_ADD: albums.add_albums,
    Action.ALBUM_PUT: albums.put_together,
    Action.ALBUM_REMOVE: albums.remove_together,
    Action.DELETE: together.delete,
}
"""One request for all of them, and of each what came of it; None where it is still to be made by itself."""
_ENTRIES: Any = SyncRunEntry.__table__
_NEW_ENTRY = sa.insert(_ENTRIES)
LOOKED_UP_BY: dict[Action, Callable[[RunContext, Sequence[Change], Sequence[VkError]], list[Told]]] = {
    Action.ADD: adding.look_up,
    Action.ALBUM_ADD: albums.look_up,
}
"""Whether they stand in VK that may not be made twice; all by one question, after what is known is recorded."""


def apply_all(run: RunContext, changes: Sequence[Change]) -> bool:
    """One after another, until something says that the run must end: then RunEnds or VkError is raised.

    True where answers got lost.
    """
    run.pictures.expect(changes)
    run.lease.outlook.begin(_costs(run, changes))
    unreachable = strange = 0
    answers_lost = False
    for result in _results(run, changes):
        answers_lost = answers_lost or result.outcome is EntryOutcome.UNKNOWN
        unreachable = unreachable + 1 if result.is_vk_unreachable else 0
        strange = strange + 1 if _is_strange(result.error) else 0
        if unreachable >= FAULTS_IN_A_ROW:
            raise RunEnds(RunStatus.CONTINUED, UNREACHABLE, pauses=FAULT_HOLDS)
        if strange >= UNKNOWN_ERRORS_IN_A_ROW:
            raise RunEnds(RunStatus.FAILED, codes.STRANGE_ERRORS, pauses=OWNER_HOLDS)
    return answers_lost


def _results(run: RunContext, changes: Iterable[Change]) -> Iterator[ChangeResult]:
    """What comes of each, when it is recorded; nothing of those that are deferred."""
    for piece in pieces(changes, partial(_room, run)):
        alone: Sequence[Change] = piece
        if len(piece) > 1:
            _begin(run, piece[0].action)
            kept = together.kept(run, piece)
            yield from _settle(run, kept, [ChangeResult(EntryOutcome.KEPT)] * len(kept))
            alone = [change for change in piece if change not in kept]
        if len(alone) > 1:
            told = _carried_out_together(run, alone)
            lost = {number: one for number, one in enumerate(told) if isinstance(one, VkError) and one.outcome_unknown}
            yield from _settle(run, alone, [None if number in lost else one for number, one in enumerate(told)])
            if lost:
                doubtful = [alone[number] for number in lost]
                yield from _settle(run, doubtful, LOOKED_UP_BY[piece[0].action](run, doubtful, list(lost.values())))
            alone = [change for change, one in zip(alone, told, strict=True) if one is None]
        for change in alone:
            _begin(run, change.action)
            if (result := apply_change(run, change)) is not None:
                yield result
        run.lease.outlook.note_done(len(piece))


def _costs(run: RunContext, changes: Iterable[Change]) -> Iterator[float]:
    """In requests, of each change its part of its piece."""
    for piece in pieces(changes, partial(_room, run)):
        cost = requests_of(piece, run.vk.photos.room)
        yield from [cost / len(piece)] * len(piece)


def _carried_out_together(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """Raises VkError where the run cannot go on; else each by itself hears what is wrong."""
    try:
        return CARRIED_OUT_TOGETHER_BY[changes[0].action](run, changes)
    except VkError as error:
        if not concerns_one_change(error) and error.code != METHOD_QUOTA:
            raise
    return [None] * len(changes)


def _room(run: RunContext, action: Action) -> int:
    """How many changes of that kind one request may hold now."""
    if action is Action.ALBUM_PUT:
        return 1 if run.puts_singly or run.findings.is_resting(BulkForm.PUT_IN_ALBUM) else MOST_IDS_A_CALL
    if action is Action.ALBUM_ADD and run.findings.is_resting(BulkForm.ADD_ALBUMS):
        return 1
    return max(run.vk.room, run.vk.photos.room) if action is Action.ADD else run.vk.room


def _begin(run: RunContext, action: Action) -> None:
    run.time_slice.check_time()
    run.lease.enter(STAGE_OF[action])


def is_uncertain(run: RunContext, answers_lost: bool) -> bool:
    """Something may have been made, or not."""
    return answers_lost or run.market.has_lost_adds


def end_unless_complete(run: RunContext, answers_lost: bool) -> None:
    """Raises RunEnds where all was done that can be done now, but that is not all."""
    if is_uncertain(run, answers_lost):
        pauses_after = (read_lag().total_seconds(), *FAULT_HOLDS)
        raise RunEnds(RunStatus.CONTINUED, codes.LOST_ANSWERS, pauses=pauses_after)
    if run.findings.lacks_quota:
        raise RunEnds(RunStatus.CONTINUED, codes.QUOTA_USED_UP)


def _is_strange(error: VkError | None) -> bool:
    """A code that docs/contracts/vk.md §11 does not know."""
    return error is not None and error.code is not None and error.code not in CODES


def apply_change(run: RunContext, change: Change) -> ChangeResult | None:
    """Make the change and write its entry; None where it is deferred. Raises VkError where the run cannot go on."""
    told: Told
    try:
        told = CARRIED_OUT_BY[change.action](run, change)
    except Deferred:
        return None
    except VkError as error:
        told = error
    settled = _settle(run, [change], [told])
    return settled[0] if settled else None


def _settle(run: RunContext, changes: Sequence[Change], told: Sequence[Told]) -> list[ChangeResult]:
    """Write an entry for each change of which something is known; commits. Raises VkError where the run cannot go on.

    That comes last: what VK made is recorded whatever it says of the others.
    """
    results: list[ChangeResult] = []
    entries: list[dict[str, Any]] = []
    errors: list[VkError] = []
    for change, one in zip(changes, told, strict=True):
        if isinstance(one, VkError) and not concerns_one_change(one):
            errors.append(one)
        elif one is not None:
            results.append(refusals.note(run, change, one) if isinstance(one, VkError) else one)
            entries.append(_entry(run.row, change, results[-1]))
    if entries:
        run.row.done += len(entries)
        db.session.execute(_NEW_ENTRY, entries)
        db.session.commit()
    for error in errors:
        if error.code != METHOD_QUOTA or not error.method:
            raise error
    for method in {error.method for error in errors}:
        _note_quota(run, method)
    return results


def hide_duplicate(run: RunContext, item: MarketItem) -> None:
    """A second item of one product: the linked one stays, this one leaves the window."""
    fields: dict[str, Value] = {"deleted": 1}
    change = Change(Action.HIDE, item.title, item_id=item.id, fields=fields, before={"deleted": 0}, reason=Reason.TWIN)
    apply_change(run, change)


def _note_quota(run: RunContext, method: str) -> None:
    if run.findings.is_resting(method):
        run.findings.note_waiting_for_quota()
    else:
        run.findings.note_quota_used_up(method)
    run.lease.renew()


def _entry(run: SyncRun, change: Change, result: ChangeResult) -> dict[str, Any]:
    """As the table takes it: many at once cost a small part of what as many objects would."""
    if result.outcome in (EntryOutcome.FAILED, EntryOutcome.UNKNOWN):
        _log_failure(run, change, result)
    return {
        "run_id": run.id,
        "action": change.action,
        "outcome": result.outcome,
        "store_id": change.key.store_id if change.key else None,
        "product_id": change.key.product_id if change.key else None,
        "vk_item_id": result.item_id or change.item_id,
        "name": change.name,
        "reason": change.reason,
        "before": dict(change.before),
        "after": _after(change),
        "error_code": result.note or (vk_code(result.error) if result.error else None),
        "error_text": (result.error.suffix or result.error.message) if result.error else None,
        "at": utcnow(),
    }


def _after(change: Change) -> dict[str, Value]:
    album: dict[str, Value] = {"album": change.album} if change.album else {}
    photo: dict[str, Value] = {"photo": change.photo} if change.photo else {}
    return {**change.fields, **album, **photo}


def _log_failure(run: SyncRun, change: Change, result: ChangeResult) -> None:
    log.warning(
        "change_failed",
        user_id=run.user_id,
        run_id=run.id,
        action=change.action,
        outcome=result.outcome,
        store_id=change.key.store_id if change.key else None,
        product_id=change.key.product_id if change.key else None,
        item_id=result.item_id or change.item_id,
        error=vk_code(result.error) if result.error else None,
    )
