"""What waits for the next run: the plan as it stands, in numbers, and its brakes."""

from dataclasses import dataclass
from functools import partial

from app.db import is_reading
from app.domain.planning.summary import PlanSummary, held_names, summary_of
from app.models import User
from app.services import plan_version
from app.services.planning import approvals, kept, kept_parts, plans
from app.services.planning.approvals import SummaryCheck
from app.services.planning.kept import Kept


@dataclass(frozen=True, slots=True)
class PendingPlan:
    summary: PlanSummary
    brake_check: SummaryCheck

    @property
    def product_count(self) -> int:
        """Products that the next run changes in VK; where it only arranges albums, their changes."""
        return self.summary.products or self.summary.changes

    @property
    def needs_approval(self) -> bool:
        return self.brake_check.needs_approval

    @property
    def is_approved(self) -> bool:
        """A brake holds something, and the owner let it through."""
        return bool(self.brake_check.brakes) and self.brake_check.is_covered


def pending_plan(user: User) -> PendingPlan:
    """The kept one for who only looks, who may wait for it to be made and commits; else as this transaction sees it."""
    if is_reading():
        return pending_of(user, kept.kept_plan(user))
    if not plan_version.is_touched(user.id) and (found := kept.fresh_plan(user)) is not None:
        return pending_of(user, found)
    plan = plans.plan_for(user)
    summary = summary_of(plan)
    return PendingPlan(summary, approvals.check_summary(user, summary, partial(held_names, plan)))


def pending_of(user: User, found: Kept) -> PendingPlan:
    names = partial(kept_parts.held_names, user.id, found.made_of)
    return PendingPlan(found.summary, approvals.check_summary(user, found.summary, names))
