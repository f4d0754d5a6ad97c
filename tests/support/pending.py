"""What waits for the next run, by a plan made afresh whatever is kept."""

from functools import partial

from app.domain.planning.summary import held_names, summary_of
from app.models import User
from app.services.planning import approvals, plans
from app.services.planning.pending import PendingPlan


def pending_afresh(user: User) -> PendingPlan:
    plan = plans.plan_for(user)
    summary = summary_of(plan)
    return PendingPlan(summary, approvals.check_summary(user, summary, partial(held_names, plan)))
