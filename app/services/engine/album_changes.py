"""Making albums at VK and putting items into them."""

from datetime import timedelta

from app.clients.vk.errors import ALBUMS_FULL, Treatment, VkError
from app.clock import utcnow
from app.db import db
from app.domain.market.drift import ALBUM, same_text
from app.domain.planning.changes import Change, LinkState
from app.models import AlbumState, EntryOutcome, Listing, VkAlbum
from app.services.engine.context import Done, Held, Workplace, after_read_lag, begin_write, concerns_one_change, row_of
from app.services.market import albums
from app.services.vendors.faults import vk_code

REFUSED_PAUSE = timedelta(hours=6)


def add_album(place: Workplace, change: Change) -> Done:
    assert change.album is not None
    if place.albums_are_full:
        raise Held
    if place.seen_albums is None:
        place.seen_albums = place.vk.albums(place.group_id)
    row = place.albums.get(change.album) or albums.new_album(place.run.user_id, place.group_id, change.album)
    row.attempted_at, row.retry_after = utcnow(), after_read_lag()
    row.strangers = [album.id for album in place.seen_albums if same_text(album.title, change.album)]
    place.albums[change.album] = row
    place.renew()
    try:
        row.vk_album_id = place.vk.add_album(place.group_id, change.album)
    except VkError as error:
        return _album_unanswered(place, row, error)
    row.state, row.retry_after, row.error_code = AlbumState.LIVE, None, None
    return Done()


def _album_unanswered(place: Workplace, row: VkAlbum, error: VkError) -> Done:
    if not error.outcome_unknown:
        return _failed_album(place, row, error)
    try:
        if albums.find_album(row, place.vk.albums(place.group_id)):
            return Done()
    except VkError:
        pass  # a later pass looks again before it repeats the call
    row.retry_after = after_read_lag()
    return Done(EntryOutcome.UNKNOWN, error=error)


def _failed_album(place: Workplace, row: VkAlbum, error: VkError) -> Done:
    """Surely not made: a title that VK refuses is left alone for a while."""
    row.attempted_at = row.retry_after = None
    if not concerns_one_change(error):
        raise error
    row.retry_after, row.error_code = utcnow() + REFUSED_PAUSE, vk_code(error)
    place.albums_are_full = place.albums_are_full or error.code == ALBUMS_FULL
    return Done(EntryOutcome.FAILED, error=error)


def rename_album(place: Workplace, change: Change) -> Done:
    """The same album under a new title, with everything in it; sent again until VK answered."""
    old, new = str(change.before["album"]), change.album or ""
    row, other = place.albums.get(old), place.albums.get(new)
    if row is None or row.vk_album_id is None:
        raise Held
    if other is not None and other is not row:
        if other.vk_album_id is not None or other.attempted_at is not None:
            raise Held
        db.session.delete(place.albums.pop(new))  # VK refused to make one of that title
        db.session.flush()
    row.pending_title = new
    place.renew()
    try:
        place.vk.rename_album(place.group_id, row.vk_album_id, new)
    except VkError as error:
        if error.code is not None and error.treatment in (Treatment.FAIL, Treatment.SKIP):
            row.pending_title, row.retry_after = None, utcnow() + REFUSED_PAUSE
            row.error_code = vk_code(error)
        raise
    row.title, row.pending_title, row.error_code = new, None, None
    place.albums[new] = place.albums.pop(old)
    albums.move_to_title(row.user_id, row.vk_group_id, old, new)
    return Done()


def put_in_album(place: Workplace, change: Change) -> Done:
    row, album_id = _in_album(place, change)
    assert row.vk_item_id is not None
    row.album_intent = change.album
    begin_write(place, row)
    place.vk.put_in_album(place.group_id, row.vk_item_id, album_id)
    row.album, row.album_intent, row.album_error = change.album, None, None
    row.drift = {name: seen for name, seen in row.drift.items() if name != ALBUM}
    return Done(item_id=row.vk_item_id)


def remove_from_album(place: Workplace, change: Change) -> Done:
    row = row_of(place, change)
    album = place.albums.get(change.album or "")
    row.album_intent = change.album
    row.album = None if row.album == change.album else row.album
    if album is not None and album.vk_album_id is not None and row.vk_item_id is not None:
        begin_write(place, row)
        place.vk.remove_from_album(place.group_id, row.vk_item_id, album.vk_album_id)
    row.album_intent = row.album_error = None
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
