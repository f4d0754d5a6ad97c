"""Products that Evotor's lists lack: asked for one by one, since only a single 404 proves a deletion.

docs/contracts/evotor.md §9.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from app.clients.evotor.errors import EvotorError
from app.clock import utcnow
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Change, Reason
from app.models import Listing
from app.services.engine.context import Workplace

KEPT_FOR = timedelta(days=1)
"""So long a product that only the lists lack is not asked about again."""
PROOF_HOLDS_FOR = timedelta(hours=1)
"""And never longer than the run that asked: by the next one the whole store may be gone, and every question a 404."""


def forget_old_answers(listings: Mapping[ListingKey, Listing], known: Collection[ListingKey], now: datetime) -> None:
    """`known`: what the lists have now; if they lack it one day, that is another question."""
    for key, row in listings.items():
        if row.evotor_asked_at is None:
            continue
        if key in known or not timedelta(0) <= now - row.evotor_asked_at < KEPT_FOR:
            row.evotor_asked_at, row.evotor_has_it = None, False


def ask_about(place: Workplace, changes: Iterable[Change], check_time: Callable[[], None]) -> bool:
    """Ask Evotor for every missing product without an answer yet; True if anything was learnt. Commits.

    `check_time` may end the run between two questions; the answers stay.
    """
    learnt = False
    for change in changes:
        row = place.listings.get(change.key) if change.key and change.reason is Reason.MISSING else None
        if row is not None and row.evotor_asked_at is None and row.store_id in place.whole_stores:
            check_time()
            if _ask(place, row) is None:
                break
            learnt = True
    place.renew()
    return learnt


def may_be_there_still(place: Workplace, change: Change) -> bool:
    """Whether nothing may be taken away: Evotor has the product, or does not say, or its 404 would prove nothing."""
    if change.reason is not Reason.MISSING or change.key is None:
        return False
    if change.key.store_id not in place.whole_stores:
        return True
    row, proved_at = place.listings[change.key], place.proofs.get(change.key)
    if proved_at is not None and timedelta(0) <= utcnow() - proved_at < PROOF_HOLDS_FOR:
        return False
    return _ask(place, row) is not False


def _ask(place: Workplace, row: Listing) -> bool | None:
    """Evotor's answer, which the row keeps; None where there is none."""
    place.renew()  # thousands of such questions must not outlast the lease
    if place.evotor is None:
        return None
    try:
        row.evotor_has_it = place.evotor.product_exists(row.store_id, row.product_id)
    except EvotorError:
        return None
    row.evotor_asked_at = utcnow()
    if not row.evotor_has_it:
        place.proofs[ListingKey(row.store_id, row.product_id)] = row.evotor_asked_at
    return row.evotor_has_it
