"""Making albums at VK and putting items into them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.errors import ALBUMS_FULL, OUT_OF_LIMITS, Treatment, VkError
from app.clock import utcnow
from app.db import db
from app.domain.market.drift import ALBUM, same_text
from app.domain.market.items import Album
from app.domain.planning.changes import Change, LinkState
from app.models import AlbumState, EntryOutcome, Listing, VkAlbum
from app.services.engine.changes.new_ids import ensure_new, only_new
from app.services.engine.changes.result import ChangeResult, Deferred, Told
from app.services.engine.context.early_end import concerns_one_change
from app.services.engine.context.run_context import RunContext
from app.services.market import albums as market_albums
from app.services.market.read_lag import after_read_lag
from app.services.runs import pauses
from app.services.vendors.faults import vk_code


def add_album(run: RunContext, change: Change) -> ChangeResult:
    row = _new_album(run, change)
    run.lease.renew()
    try:
        row.vk_album_id = ensure_new(run.vk.add_album(run.group_id, row.title), _known(run))
    except VkError as error:
        if error.outcome_unknown:
            return _looked_up(row, error, _albums_now(run))
        row.attempted_at = row.retry_after = None
        if not concerns_one_change(error):
            raise
        return _failed_album(run, row, error)
    return _made(row)


def add_albums(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """By one request for all. Raises VkError and RunEnds.

    What is left open was surely not made. An error of unknown outcome is still to be looked up.
    """
    told: list[Told] = [None] * len(changes)
    if run.albums_are_full or len(changes) > run.vk.room:
        return told
    rows = [_new_album(run, change) for change in changes]
    run.lease.renew()
    try:
        answers = only_new(run.vk.add_albums(run.group_id, [row.title for row in rows]), _known(run))
    except VkError:
        _forget_intents(rows)
        raise
    for number, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        if isinstance(answer, int):
            row.vk_album_id = answer
            told[number] = _made(row)
        elif answer is not None and answer.outcome_unknown:
            told[number] = answer
        else:
            _forget_intents([row])
            told[number] = _refused(run, row, answer)
    return told


def look_up(run: RunContext, changes: Sequence[Change], errors: Sequence[VkError]) -> list[Told]:
    """Of new albums of which nobody knows, what their errors say, whether they stand there; by one question for all."""
    if len(changes) > 1:
        run.findings.note_refused(BulkForm.ADD_ALBUMS)  # the next request of many would fare no better
    seen = _albums_now(run)
    rows = [run.market.albums[change.album or ""] for change in changes]
    return [_looked_up(row, error, seen) for row, error in zip(rows, errors, strict=True)]


def _new_album(run: RunContext, change: Change) -> VkAlbum:
    """The album's record, marked for its making. Raises Deferred where VK takes no more of them."""
    assert change.album is not None
    if run.albums_are_full:
        raise Deferred
    if run.seen_albums is None:
        run.seen_albums = run.vk.albums(run.group_id)
    row = run.market.albums.get(change.album) or market_albums.new_album(run.row.user_id, run.group_id, change.album)
    row.attempted_at, row.retry_after = utcnow(), after_read_lag()
    row.strangers = [album.id for album in run.seen_albums if same_text(album.title, change.album)]
    run.market.albums[change.album] = row
    return row


def _known(run: RunContext) -> set[int]:
    """Ids of albums that stand there already: no new one bears one of them."""
    ours = {row.vk_album_id for row in run.market.albums.values() if row.vk_album_id is not None}
    return ours | {album.id for album in run.seen_albums or ()}


def _forget_intents(rows: Iterable[VkAlbum]) -> None:
    """VK surely did not make them."""
    for row in rows:
        row.attempted_at = row.retry_after = None


def _made(row: VkAlbum) -> ChangeResult:
    row.state, row.retry_after, row.error_code = AlbumState.LIVE, None, None
    return ChangeResult()


def _albums_now(run: RunContext) -> Sequence[Album]:
    """Nothing where VK does not say: a later pass asks again."""
    try:
        return run.vk.albums(run.group_id)
    except VkError:
        return ()


def _looked_up(row: VkAlbum, error: VkError, seen: Sequence[Album]) -> ChangeResult:
    """What is not there yet a later pass looks for before it repeats the call."""
    if market_albums.link_lost_album(row, seen):
        return ChangeResult()
    row.retry_after = after_read_lag()
    return ChangeResult(EntryOutcome.UNKNOWN, error=error)


def _refused(run: RunContext, row: VkAlbum, error: VkError | None) -> Told:
    if error is not None and error.code == ALBUMS_FULL and run.albums_are_full:
        return None  # the first one tells it
    return _failed_album(run, row, error) if error is not None and concerns_one_change(error) else error


def _failed_album(run: RunContext, row: VkAlbum, error: VkError) -> ChangeResult:
    """A title that VK refuses is left alone for a while."""
    row.retry_after, row.error_code = utcnow() + pauses.REFUSED, vk_code(error)
    run.albums_are_full = run.albums_are_full or error.code == ALBUMS_FULL
    return ChangeResult(EntryOutcome.FAILED, error=error)


def rename_album(run: RunContext, change: Change) -> ChangeResult:
    """The same album under a new title, with everything in it; sent again until VK answered."""
    old, new = str(change.before["album"]), change.album or ""
    row, other = run.market.albums.get(old), run.market.albums.get(new)
    if row is None or row.vk_album_id is None:
        raise Deferred
    if other is not None and other is not row:
        if other.vk_album_id is not None or other.attempted_at is not None:
            raise Deferred
        db.session.delete(run.market.albums.pop(new))  # VK refused to make one of that title
        db.session.flush()
    row.pending_title = new
    run.lease.renew()
    try:
        run.vk.rename_album(run.group_id, row.vk_album_id, new)
    except VkError as error:
        if error.code is not None and error.treatment in (Treatment.FAIL, Treatment.SKIP):
            row.pending_title, row.retry_after = None, utcnow() + pauses.REFUSED
            row.error_code = vk_code(error)
        raise
    row.title, row.pending_title, row.error_code = new, None, None
    run.market.albums[new] = run.market.albums.pop(old)
    market_albums.move_to_title(row.user_id, row.vk_group_id, old, new)
    return ChangeResult()


def put_in_album(run: RunContext, change: Change) -> ChangeResult:
    row, album_id = _in_album(run, change)
    assert row.vk_item_id is not None
    row.album_intent = change.album
    run.begin_write(row)
    run.vk.put_in_album(run.group_id, [row.vk_item_id], album_id)
    return _note_put(row, change)


def put_together(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """Several items into one album by one call.

    Where VK did not say yes to all, each is put by itself, which is right for those that stand there, too.
    """
    told: list[Told] = [None] * len(changes)
    ready = _ready(run, changes)
    if len(ready) < 2:
        return told
    for number, (row, _) in ready.items():
        row.album_intent = changes[number].album
    rows, album_ids = zip(*ready.values(), strict=True)
    run.begin_write(*rows)
    try:
        is_done = run.vk.put_in_album(run.group_id, [row.vk_item_id or 0 for row in rows], album_ids[0])
    except VkError as error:
        if not concerns_one_change(error) and error.code != OUT_OF_LIMITS:
            return [error if number in ready else None for number in range(len(changes))]
        _learn_refusal(run, error)
        return told
    for number, (row, _) in ready.items() if is_done else ():
        told[number] = _note_put(row, changes[number])
    return told


def _ready(run: RunContext, changes: Iterable[Change]) -> dict[int, tuple[Listing, int]]:
    """Item and album of those that are not deferred, by their number."""
    ready = {}
    for number, change in enumerate(changes):
        with suppress(Deferred):
            ready[number] = _in_album(run, change)
    return ready


def _learn_refusal(run: RunContext, error: VkError) -> None:
    """What VK has against one of the items, or against the album, is no refusal of the form."""
    if error.treatment in (Treatment.HEAL, Treatment.SKIP):
        return
    run.puts_singly = True
    if error.permanent:
        run.findings.note_refused(BulkForm.PUT_IN_ALBUM)


def _note_put(row: Listing, change: Change) -> ChangeResult:
    row.album, row.album_intent, row.album_error = change.album, None, None
    row.drift = {name: seen for name, seen in row.drift.items() if name != ALBUM}
    return ChangeResult(item_id=row.vk_item_id)


def remove_from_album(run: RunContext, change: Change) -> ChangeResult:
    row = run.listing_of(change)
    standing = _leaving(run, row, change)
    if standing is not None:
        run.begin_write(row)
        run.vk.remove_from_album(run.group_id, *standing)
    return _note_removed(row)


def remove_together(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """Each from its album, by one request. Raises VkError and RunEnds.

    What is left open may be made once more, whether VK made it or not.
    """
    told: list[Told] = [None] * len(changes)
    rows = {number: run.listing_of(change) for number, change in enumerate(changes)}
    standing = {number: _leaving(run, row, changes[number]) for number, row in rows.items()}
    there = {number: ids for number, ids in standing.items() if ids is not None}
    if not 1 < len(there) <= run.vk.room:
        return told
    run.begin_write(*(rows[number] for number in there))
    for number, answer in zip(there, run.vk.remove_from_albums(run.group_id, there.values()), strict=True):
        told[number] = _note_removed(rows[number]) if isinstance(answer, bool) else answer
    return told


def _leaving(run: RunContext, row: Listing, change: Change) -> tuple[int, int] | None:
    """Item and album, where both stand in VK. From here on nobody knows whether it is there."""
    album = run.market.albums.get(change.album or "")
    row.album_intent = change.album
    row.album = None if row.album == change.album else row.album
    if album is None or album.vk_album_id is None or row.vk_item_id is None:
        return None
    return row.vk_item_id, album.vk_album_id


def _note_removed(row: Listing) -> ChangeResult:
    row.album_intent = row.album_error = None
    return ChangeResult(item_id=row.vk_item_id)


def _in_album(run: RunContext, change: Change) -> tuple[Listing, int]:
    """The item may not exist yet, and neither may the album: then a later pass places it."""
    row = run.market.listings.get(change.key) if change.key else None
    album = run.market.albums.get(change.album or "")
    if row is None or row.vk_item_id is None or row.state == LinkState.GONE:
        raise Deferred
    if row.album_intent not in (None, change.album):
        raise Deferred  # VK did not take it out of another album yet, and that must not be forgotten
    if album is None or album.vk_album_id is None:
        raise Deferred
    return row, album.vk_album_id
