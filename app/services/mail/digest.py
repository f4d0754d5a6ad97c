"""What a shop's week came to, in numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db, reading
from app.domain.planning.changes import Action
from app.models import EntryOutcome, SyncRun, User
from app.services.planning.pending import pending_plan

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    done: Mapping[Action, int]
    failed: int
    """Changes that did not work out, tries counted singly."""
    waiting: int
    """Products that the next run changes."""


def week_of(user: User) -> Week:
    """The last seven days. May make the plan, and commits then."""
    done, failed = Counter[Action](), 0
    query = sa.select(SyncRun.counts).where(SyncRun.user_id == user.id, SyncRun.created_at > utcnow() - WEEK)
    for counts in db.session.scalars(query):
        for action, outcomes in counts.items():
            done[Action(action)] += outcomes.get(EntryOutcome.DONE, 0)
            failed += outcomes.get(EntryOutcome.FAILED, 0)
    with reading():
        waiting = pending_plan(user).product_count
        db.session.commit()
    return Week(done, failed, waiting)
