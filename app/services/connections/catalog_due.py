"""The catalog of those for whom no run may start yet, read by a pass: a key that Evotor delivered shows its stores."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import clock
from app.clients.budget import Budget
from app.clock import utcnow
from app.db import db, reading
from app.models import EvotorConnection, User, Vendor
from app.services.catalog import refresh
from app.services.catalog.refresh import CatalogUnavailable
from app.services.owner import switch
from app.services.vendors import circuits, clients

MOST_A_PASS, SECONDS_A_PASS = 20, 120.0
SECONDS_BEFORE_RUNS = 15.0
"""Of those of a pass: so long may all of its runs wait for catalogs."""
AGAIN_AFTER = timedelta(minutes=10)
"""Where Evotor is silent, or the process died."""
AWAY_FOR = timedelta(minutes=1)
"""Where it answers nobody, so that it was not asked."""
SECONDS = 60.0
"""For one catalog."""


class Share:
    """What is left of a pass for catalogs."""

    def __init__(self) -> None:
        self.count = MOST_A_PASS
        self._seconds, self._before_runs = SECONDS_A_PASS, SECONDS_BEFORE_RUNS

    def seconds(self, *, is_brief: bool) -> float:
        """For the next one; `is_brief`: while runs wait."""
        left = min(SECONDS, self._seconds, self._before_runs if is_brief else SECONDS)
        return max(0.0, left) if self.count else 0.0

    @contextmanager
    def taken(self, *, is_brief: bool) -> Iterator[None]:
        """By one catalog."""
        began = clock.monotonic()
        try:
            yield
        finally:
            took = clock.monotonic() - began
            self.count -= 1
            self._seconds -= took
            self._before_runs -= took if is_brief else 0.0


def one_is_due() -> sa.ColumnElement[bool]:
    return _due().exists()


def _due() -> sa.Select[int]:
    row = EvotorConnection
    return sa.select(row.user_id).where(row.refresh_due_at <= utcnow(), row.token.is_not(None))


def due_user_ids(most: int) -> Sequence[int]:
    """Ends the transaction that it looked in."""
    in_order = (EvotorConnection.refresh_due_at, EvotorConnection.id)
    with reading():
        found = db.session.scalars(_due().order_by(*in_order).limit(most)).all()
        db.session.commit()
    return found


def read(user_id: int, seconds: float = SECONDS) -> None:
    """Commits. Nothing where another worker is at it, or a run will read it anyway."""
    if not _claimed(user_id, utcnow()):
        return
    user = db.session.get(User, user_id)
    if user is None:
        return
    if switch.run_obstacle(user) is None:
        db.session.execute(_of(user_id).values(refresh_due_at=None))
        db.session.commit()
        return
    if circuits.enter(user, [Vendor.EVOTOR]).away is not None:
        db.session.execute(_of(user_id).values(refresh_due_at=utcnow() + AWAY_FOR))
        db.session.commit()
        return
    budget = Budget(seconds)
    try:
        with clients.within(budget):
            is_cut_off = bool(refresh.refresh(user, is_patient=True).waiting)
    except CatalogUnavailable:  # what that was stands on the connection
        is_cut_off = budget.is_spent and seconds < SECONDS
    if is_cut_off:
        db.session.execute(_of(user_id).values(refresh_due_at=utcnow()))
        db.session.commit()


def _claimed(user_id: int, now: datetime) -> bool:
    claim = _of(user_id).where(EvotorConnection.refresh_due_at <= now).values(refresh_due_at=now + AGAIN_AFTER)
    claimed = db.session.execute(claim)
    db.session.commit()
    return getattr(claimed, "rowcount", 0) == 1


def _of(user_id: int) -> sa.Update:
    row = EvotorConnection
    return sa.update(row).where(row.user_id == user_id).execution_options(synchronize_session=False)
