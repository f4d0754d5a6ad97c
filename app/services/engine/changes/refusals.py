"""What a refused or unanswered change means for our records."""

from app.clients.vk.errors import (
    ALBUM_FULL,
    ALBUM_GONE,
    ITEM_GONE,
    NOT_FOUND,
    SHOP_FULL,
    UNKNOWN_ALBUM,
    Treatment,
    VkError,
)
from app.clock import utcnow
from app.domain.planning.changes import ALBUM_STEPS, Action, Change, LinkState
from app.models import EntryOutcome, Listing
from app.services.engine.changes.result import ChangeResult
from app.services.engine.context.run_context import RunContext
from app.services.market import albums as market_albums
from app.services.runs import pauses
from app.services.vendors.faults import vk_code

_REFUSALS = (Treatment.FAIL, Treatment.ADJUST, Treatment.HEAL)


def note(run: RunContext, change: Change, error: VkError) -> ChangeResult:
    """Noted; what its entry tells."""
    if error.code == SHOP_FULL:
        run.shop_is_full = True
    _mend_album(run, change, error)
    row = run.market.listings.get(change.key) if change.key else None
    if row is not None:
        _mark_failed(row, change, error)
    lost = error.outcome_unknown or (error.code is None and error.treatment is Treatment.RETRY)
    return ChangeResult(EntryOutcome.UNKNOWN if lost else EntryOutcome.FAILED, error=error, is_vk_unreachable=lost)


def _mend_album(run: RunContext, change: Change, error: VkError) -> None:
    title = str(change.before["album"]) if change.action is Action.ALBUM_RENAME else change.album
    album = run.market.albums.get(title or "")
    if album is None:
        return
    if error.code in (ALBUM_GONE, UNKNOWN_ALBUM):
        market_albums.forget_album(run.market.albums.pop(album.title))
    elif error.code == ALBUM_FULL:
        album.full_until = utcnow() + pauses.FULL_ALBUM


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
        row.retry_after = utcnow() + pauses.REFUSED
