"""One change of a plan at VK, with its entry.

The engine alone commits after each step, because VK has already changed.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog

from app.clients.vk.errors import (
    ALBUM_FULL,
    ALBUM_GONE,
    ITEM_GONE,
    METHOD_QUOTA,
    NOT_FOUND,
    SHOP_FULL,
    UNKNOWN_ALBUM,
    Treatment,
    VkError,
)
from app.clock import utcnow
from app.db import db
from app.domain.listing.key import Value
from app.domain.market.items import MarketItem
from app.domain.planning.changes import ALBUM_STEPS, Action, Change, LinkState, Reason
from app.models import EntryOutcome, Listing, SyncRun, SyncRunEntry
from app.services.engine import album_changes, item_changes
from app.services.engine.context import Done, Held, Workplace, concerns_one_change
from app.services.market import albums
from app.services.vendors.faults import vk_code

log = structlog.get_logger()

REFUSED_PAUSE = timedelta(hours=6)
"""How long a product that VK refused is left alone, unless it changes."""
FULL_ALBUM_PAUSE = timedelta(days=1)
_REFUSALS = (Treatment.FAIL, Treatment.ADJUST, Treatment.HEAL)


def apply_change(place: Workplace, change: Change) -> Done | None:
    """Make the change and write its entry; None where it is held. Raises VkError where the run cannot go on."""
    try:
        done = _ACTIONS[change.action](place, change)
    except Held:
        return None
    except VkError as error:
        if error.code == METHOD_QUOTA and error.method:
            if not place.rests(error.method):
                place.rested.add(error.method)
            place.renew()
            return None
        if not concerns_one_change(error):
            raise
        done = _failed(place, change, error)
    _record(place.run, change, done)
    db.session.commit()
    return done


def hide_twin(place: Workplace, twin: MarketItem) -> None:
    """A second item of one product: the linked one stays, this one leaves the window."""
    fields: dict[str, Value] = {"deleted": 1}
    change = Change(Action.HIDE, twin.title, item_id=twin.id, fields=fields, before={"deleted": 0}, reason=Reason.TWIN)
    apply_change(place, change)


def _record(run: SyncRun, change: Change, done: Done) -> None:
    db.session.add(
        SyncRunEntry(
            run_id=run.id,
            action=change.action,
            outcome=done.outcome,
            store_id=change.key.store_id if change.key else None,
            product_id=change.key.product_id if change.key else None,
            vk_item_id=done.item_id or change.item_id,
            name=change.name,
            reason=change.reason,
            before=dict(change.before),
            after=_after(change),
            error_code=done.note or (vk_code(done.error) if done.error else None),
            error_text=(done.error.suffix or done.error.message) if done.error else None,
            at=utcnow(),
        )
    )
    run.done += 1
    if done.outcome in (EntryOutcome.FAILED, EntryOutcome.UNKNOWN):
        _log_failure(run, change, done)


def _after(change: Change) -> dict[str, Value]:
    album: dict[str, Value] = {"album": change.album} if change.album else {}
    photo: dict[str, Value] = {"photo": change.photo} if change.photo else {}
    return {**change.fields, **album, **photo}


def _log_failure(run: SyncRun, change: Change, done: Done) -> None:
    log.warning(
        "change_failed",
        user_id=run.user_id,
        run_id=run.id,
        action=change.action,
        outcome=done.outcome,
        store_id=change.key.store_id if change.key else None,
        product_id=change.key.product_id if change.key else None,
        item_id=done.item_id or change.item_id,
        error=vk_code(done.error) if done.error else None,
    )


# Failures


def _failed(place: Workplace, change: Change, error: VkError) -> Done:
    """What a refused or unanswered change means for our records."""
    if error.code == SHOP_FULL:
        place.shop_is_full = True
    _mend_album(place, change, error)
    row = place.listings.get(change.key) if change.key else None
    if row is not None:
        _mark_failed(row, change, error)
    lost = error.outcome_unknown or (error.code is None and error.treatment is Treatment.RETRY)
    return Done(EntryOutcome.UNKNOWN if lost else EntryOutcome.FAILED, error=error, vk_is_silent=lost)


def _mend_album(place: Workplace, change: Change, error: VkError) -> None:
    title = str(change.before["album"]) if change.action is Action.ALBUM_RENAME else change.album
    album = place.albums.get(title or "")
    if album is None:
        return
    if error.code in (ALBUM_GONE, UNKNOWN_ALBUM):
        albums.forget_album(place.albums.pop(album.title))
    elif error.code == ALBUM_FULL:
        album.full_until = utcnow() + FULL_ALBUM_PAUSE


def _mark_failed(row: Listing, change: Change, error: VkError) -> None:
    if change.action in ALBUM_STEPS and error.code != ITEM_GONE:
        # A full album is remembered as such; a step without an answer is repeated.
        row.album_error = None if error.code in (None, ALBUM_FULL) else vk_code(error)
        return
    row.error_code, row.error_text = vk_code(error), error.suffix or error.message
    if row.vk_item_id is not None and error.code in (ITEM_GONE, NOT_FOUND):
        row.state, row.album, row.album_intent, row.album_error = LinkState.GONE, None, None, None
    elif change.digest is not None and not error.outcome_unknown and error.treatment in _REFUSALS:
        row.failed_digest = change.digest
        row.retry_after = utcnow() + REFUSED_PAUSE


_ACTIONS: dict[Action, Callable[[Workplace, Change], Done]] = {
    Action.HIDE: item_changes.hide,
    Action.EDIT: item_changes.edit,
    Action.SHOW: item_changes.edit,
    Action.ADD: item_changes.add,
    Action.ALBUM_RENAME: album_changes.rename_album,
    Action.ALBUM_ADD: album_changes.add_album,
    Action.ALBUM_PUT: album_changes.put_in_album,
    Action.ALBUM_REMOVE: album_changes.remove_from_album,
    Action.DELETE: item_changes.delete,
}
