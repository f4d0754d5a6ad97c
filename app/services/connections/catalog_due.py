"""The catalog of those for whom no run may start yet, read by a pass: a key that Evotor delivered shows its stores."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clients.budget import Budget
from app.clock import utcnow
from app.db import db, reading
from app.models import EvotorConnection, User
from app.services.catalog import refresh
from app.services.catalog.refresh import CatalogUnavailable
from app.services.owner import switch
from app.services.vendors import clients

MOST_A_PASS = 20
AGAIN_AFTER = timedelta(minutes=10)
"""Where Evotor is silent, or the process died."""
SECONDS = 60.0


def due_user_ids(now: datetime | None = None) -> Sequence[int]:
    """Ends the transaction that it looked in."""
    row = EvotorConnection
    query = sa.select(row.user_id).where(row.refresh_due_at <= (now or utcnow()), row.token.is_not(None))
    with reading():
        found = db.session.scalars(query.order_by(row.refresh_due_at, row.id).limit(MOST_A_PASS)).all()
        db.session.commit()
    return found


def read(user_id: int) -> None:
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
    with clients.within(Budget(SECONDS)), suppress(CatalogUnavailable):  # what that was stands on the connection
        if refresh.refresh(user, is_patient=True).waiting:
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
