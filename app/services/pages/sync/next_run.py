"""When the next run comes, as pages say it."""

from datetime import datetime, timedelta

from app.clock import utcnow
from app.models import RunStatus, SyncRun, User
from app.services.owner import orders, shop_window, switch

SOON = timedelta(minutes=1)
"""A run that is due by then is waited for by the page."""


def is_between(run: SyncRun, next_run_at: datetime | None) -> bool:
    """It left the rest to another run, which comes at once."""
    is_part = run.status == RunStatus.CONTINUED
    return is_part and next_run_at is not None and next_run_at <= utcnow() + SOON


def next_run_at(user: User) -> datetime | None:
    """When the next one begins by itself: a synchronisation, or the rest of what was ordered."""
    obstacle = orders.order_obstacle(user) if shop_window.order_of(user) else switch.run_obstacle(user)
    if obstacle is not None:
        return None
    return (user.sync_state.next_run_at if user.sync_state else None) or utcnow()
