"""Moments that a wrong clock left in our records: further ahead than anything is ever set."""

from collections.abc import Iterable
from datetime import datetime

from app.models import Listing, VkAlbum
from app.services.market.read_lag import read_lag
from app.services.runs.pauses import LONGEST_AHEAD


def mend(listings: Iterable[Listing], albums: Iterable[VkAlbum], now: datetime) -> None:
    """After the clock was set back: nothing waits for weeks, and what was written last counts as written just now."""
    for row in listings:
        if row.written_at is not None and row.written_at > now:
            row.written_at = now
        _mend_wait(row, now)
    for album in albums:
        _mend_wait(album, now)
        if album.full_until is not None and album.full_until > now + LONGEST_AHEAD:
            album.full_until = None


def _mend_wait(row: Listing | VkAlbum, now: datetime) -> None:
    if row.retry_after is not None and row.retry_after > now + LONGEST_AHEAD:
        # An add of unknown outcome must still be given the time to appear in the lists.
        row.retry_after = now + read_lag()
    if row.attempted_at is not None and row.attempted_at > now:
        row.attempted_at = now
