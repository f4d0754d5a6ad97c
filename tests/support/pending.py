"""What waits for the next run, by a plan made afresh whatever is kept."""

from functools import partial

from app.db import db, reading
from app.domain.planning.summary import held_names, summary_of
from app.models import User
from app.services.planning import approvals, plans
from app.services.planning.pending import PendingPlan, pending_plan
from tests.support.shop import Shop


def pending_afresh(user: User) -> PendingPlan:
    plan = plans.plan_for(user)
    summary = summary_of(plan)
    return PendingPlan(summary, approvals.check_summary(user, summary, partial(held_names, plan)))


def look(shop: Shop) -> PendingPlan:
    """As a page does."""
    db.session.commit()
    with reading():
        found = pending_plan(shop.owner)
        db.session.rollback()
    return found
