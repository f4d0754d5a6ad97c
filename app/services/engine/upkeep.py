"""Our records brought in line with what is asked for now, before a plan is made from them or carried out."""

from datetime import datetime

from app.clock import utcnow
from app.domain.planning.changes import ALBUM_STEPS, LinkState, Reason
from app.domain.planning.plan import Desired, Plan
from app.services.market.records import MarketRecords, to_link


def note_who_is_out(market: MarketRecords, desired: Desired, now: datetime) -> None:
    """The days until deletion count only while the item is hidden and its product outside the selection."""
    for key, row in market.listings.items():
        is_selected = key in desired.wanted or key in desired.unfit
        is_out = not is_selected and (to_link(row).is_hidden or row.state == LinkState.GONE)
        if not is_out:
            if row.out_since is not None:  # setting it anyway would have every row looked at before it is flushed
                row.out_since = None
        elif row.out_since is None or row.out_since > now:
            row.out_since = now


def forget_what_is_over(market: MarketRecords, plan: Plan) -> None:
    """VK's answers to what nobody asks of it any more."""
    arranged = {change.key for change in plan.changes if change.action in ALBUM_STEPS}
    asked = {change.key for change in plan.changes if change.action not in ALBUM_STEPS}
    asked |= {key for key, reason in plan.skipped.items() if reason in (Reason.REFUSED, Reason.OUTDATED)}
    for key, row in market.listings.items():
        if row.error_code is not None and key not in asked and row.state != LinkState.GONE and not row.is_lost:
            row.error_code = row.error_text = row.failed_digest = row.retry_after = None
        if row.album_error is not None and key not in arranged:
            row.album_error = None
    for title, album in market.albums.items():
        is_left_alone = album.retry_after is not None and album.retry_after > utcnow()
        if album.error_code is not None and title not in plan.crowds and not is_left_alone:
            album.error_code = None
