"""How many runs the workers of the queue have room for.

They say so themselves, in our own table: whether a broker tells how many listen to a queue depends on the broker.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db, reading
from app.models import Lane, QueueSlots, RunStatus, SyncRun, SyncState
from app.models.run import ACTIVE
from app.services.runs.claims import is_dead

GONE_AFTER = timedelta(minutes=1)
A_SLOT = 4
"""So many runs may wait in the queue for each slot: enough for the time until it is filled again."""
BULK_PART = 4
"""Of so many slots one is for the rests of long runs."""


def note(worker: str, lanes: Collection[Lane], slots: int) -> None:
    """The worker lives; who has not said so for a while is forgotten. Commits."""
    db.session.execute(sa.delete(QueueSlots).where(QueueSlots.seen_at < utcnow() - GONE_AFTER))
    for lane in lanes:
        db.session.merge(QueueSlots(worker=worker, lane=lane, slots=slots, seen_at=utcnow()))
    db.session.commit()


def forget(worker: str) -> None:
    """It takes nothing more. Commits."""
    db.session.execute(sa.delete(QueueSlots).where(QueueSlots.worker == worker))
    db.session.commit()


def room(queued: Mapping[Lane, int]) -> dict[Lane, int]:
    """How many more of each lane may go into its queue, which holds so many already.

    What waits for longer than a moment waits in our rows, where it keeps its place whatever becomes of the queue. Ends
    the transaction that it looked in.
    """
    with reading():
        slots, bulk_at_work = _slots(), _bulk_at_work()
        db.session.commit()
    most = {lane: slots.get(lane, 0) * A_SLOT for lane in Lane}
    if of_bulk := slots.get(Lane.BULK):
        most[Lane.BULK] = max(1, of_bulk // BULK_PART) - bulk_at_work
    return {lane: max(0, most[lane] - queued[lane]) for lane in Lane}


def _slots() -> dict[str, int]:
    rows = sa.select(QueueSlots.lane, sa.func.sum(QueueSlots.slots)).where(QueueSlots.seen_at > utcnow() - GONE_AFTER)
    return {lane: int(count) for lane, count in db.session.execute(rows.group_by(QueueSlots.lane))}


def _bulk_at_work() -> int:
    run = sa.select(sa.func.count(SyncRun.id)).join(SyncState, SyncState.user_id == SyncRun.user_id)
    is_at_work = (SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.RUNNING, sa.not_(is_dead(utcnow())))
    return db.session.scalar(run.where(SyncState.lane == Lane.BULK, *is_at_work)) or 0
