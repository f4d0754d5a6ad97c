"""Brakes on a plan, and what the owner approved of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.planning.brakes import Brake, BrakeKind, braked, brakes_on, fingerprint
from app.domain.planning.plan import Plan
from app.domain.planning.summary import BrakeSummary, PlanSummary, brakes_of
from app.models import EventKind, RunTrigger, SyncApproval, User
from app.services.accounts import events
from app.services.errors import NotReady
from app.services.owner import config, rules, switch
from app.services.runs import queue, records

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class BrakeCheck:
    """What the brakes say of one plan."""

    brakes: Sequence[Brake]
    is_covered: bool
    """One valid approval names all the braked changes."""
    approved: frozenset[str]
    """Every change that any valid approval names, whether or not a brake holds it now."""
    fingerprint: str
    """Of the braked changes."""

    @property
    def needs_approval(self) -> bool:
        return bool(self.brakes) and not self.is_covered


def check_brakes(user: User, plan: Plan, now: datetime | None = None) -> BrakeCheck:
    brakes = brakes_on(plan, rules_changed=_rules_changed(user), confirmed_adds=_confirmed_adds(user))
    held = braked(brakes)
    valid = [frozenset(approval.changes) for approval in _valid(user.id, now or utcnow())]
    return BrakeCheck(
        brakes,
        is_covered=any(held <= named for named in valid),
        approved=frozenset().union(*valid),
        fingerprint=fingerprint(held),
    )


@dataclass(frozen=True, slots=True)
class SummaryCheck:
    """What the brakes say of a plan in numbers."""

    brakes: Sequence[BrakeSummary] = ()
    is_covered: bool = True
    fingerprint: str = ""

    @property
    def needs_approval(self) -> bool:
        return bool(self.brakes) and not self.is_covered


def check_summary(user: User, summary: PlanSummary, held_names: Callable[[bool], frozenset[str]]) -> SummaryCheck:
    """As `check_brakes` of the plan itself. `held_names`: what is held, with the additions or without; seldom asked."""
    if not summary.brakes:
        return SummaryCheck()
    brakes = brakes_of(summary, rules_changed=_rules_changed(user), confirmed_adds=_confirmed_adds(user))
    if not brakes:
        return SummaryCheck()
    with_additions = any(brake.kind is BrakeKind.ADDITIONS for brake in brakes)
    held = summary.fingerprint_with_additions if with_additions else summary.fingerprint
    valid = _valid(user.id, utcnow())
    is_covered = any(approval.fingerprint == held for approval in valid)
    if valid and not is_covered:
        names = held_names(with_additions)
        # No names at all: the plan was replaced while it was looked at, and the next look tells.
        is_covered = bool(names) and any(names <= frozenset(approval.changes) for approval in valid)
    return SummaryCheck(brakes, is_covered, held)


def _confirmed_adds(user: User) -> int | None:
    return user.sync_state.confirmed_adds if user.sync_state else None


def _rules_changed(user: User) -> bool:
    """Since the last confirmation, approval or complete run; the first run after a confirmation is let through."""
    digest = user.sync_state.rules_digest if user.sync_state else None
    if digest is None or digest == rules.digest_of_rules(user):
        return False
    return not is_first_after_confirmation(user)


def is_first_after_confirmation(user: User) -> bool:
    confirmed_at = config.config_of(user).confirmed_at
    if confirmed_at is None:
        return True  # the run that the owner is asked to confirm
    return not records.has_run_since(user.id, confirmed_at)


def _valid(user_id: int, now: datetime) -> Sequence[SyncApproval]:
    # A clock that was set back must not make an approval valid for ever.
    query = sa.select(SyncApproval).where(
        SyncApproval.user_id == user_id, SyncApproval.expires_at > now, SyncApproval.approved_at <= now
    )
    return db.session.scalars(query).all()


def approve(user: User, plan: Plan, seen: str, now: datetime | None = None) -> None:
    """The owner saw the plan with this fingerprint and lets it through; queues a run. Flushes.

    Raises NotReady where there is nothing to approve, the plan is another one by now, or no run may start.
    """
    now = now or utcnow()
    if obstacle := switch.run_obstacle(user):
        raise NotReady(obstacle)
    brake_check = check_brakes(user, plan, now)
    if not brake_check.brakes:
        raise NotReady("nothing_to_approve")
    if brake_check.fingerprint != seen:
        raise NotReady("plan_changed")
    db.session.execute(sa.delete(SyncApproval).where(SyncApproval.user_id == user.id, SyncApproval.expires_at <= now))
    db.session.add(
        SyncApproval(
            user_id=user.id,
            fingerprint=brake_check.fingerprint,
            changes=sorted(braked(brake_check.brakes)),
            approved_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    if user.sync_state is not None:
        user.sync_state.rules_digest = rules.digest_of_rules(user)
    queue.request(user.id, RunTrigger.MANUAL)
    events.record(EventKind.APPROVED, user.id, fingerprint=brake_check.fingerprint)
