"""Products that Evotor's lists lack: asked for one by one, since only a single 404 proves a deletion.

docs/contracts/evotor.md §9.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from app.clients.evotor.errors import EvotorError
from app.clock import utcnow
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Change, Reason
from app.models import Listing
from app.services.engine.context.run_context import RunContext

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


def ask_about(run: RunContext, changes: Iterable[Change]) -> bool:
    """Ask Evotor for every missing product without an answer yet; True if anything was learnt. Commits.

    The run may end between two questions; the answers stay.
    """
    learnt = False
    for change in changes:
        row = run.market.listings.get(change.key) if change.key and change.reason is Reason.MISSING else None
        if row is not None and row.evotor_asked_at is None and row.store_id in run.whole_stores:
            run.time_slice.check_time()
            if _ask(run, row) is None:
                break
            learnt = True
    run.lease.renew()
    return learnt


def confirm_removal(run: RunContext, change: Change) -> bool:
    """Ask Evotor for a missing product before it is taken away; True where that may be done.

    False where Evotor has the product, or does not say, or its 404 would prove nothing.
    """
    if change.reason is not Reason.MISSING or change.key is None:
        return True
    if change.key.store_id not in run.whole_stores:
        return False
    row, proved_at = run.market.listings[change.key], run.proofs.get(change.key)
    if proved_at is not None and timedelta(0) <= utcnow() - proved_at < PROOF_HOLDS_FOR:
        return True
    return _ask(run, row) is False


def _ask(run: RunContext, row: Listing) -> bool | None:
    """Evotor's answer, which the row keeps; None where there is none."""
    run.lease.renew()  # thousands of such questions must not outlast the lease
    if run.evotor is None:
        return None
    try:
        row.evotor_has_it = run.evotor.product_exists(row.store_id, row.product_id)
    except EvotorError:
        return None
    row.evotor_asked_at = utcnow()
    if not row.evotor_has_it:
        run.proofs[ListingKey(row.store_id, row.product_id)] = row.evotor_asked_at
    return row.evotor_has_it
