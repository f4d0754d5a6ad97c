"""Brakes on a plan, and what the owner approved of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db, utcnow
from app.domain.brakes import Brake, braked, brakes_on, fingerprint
from app.domain.plan import Plan
from app.models import RunTrigger, SyncApproval, User
from app.services import runs, sync_settings
from app.services.errors import NotReady

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the brakes say of one plan."""

    brakes: Sequence[Brake]
    approved: frozenset[str]
    """The braked changes, as approvals name them, if a valid approval covers them all."""
    fingerprint: str
    """Of the braked changes."""

    @property
    def needs_approval(self) -> bool:
        return bool(self.brakes) and not self.approved


def judge(user: User, plan: Plan, now: datetime | None = None) -> Verdict:
    brakes = brakes_on(plan, rules_changed=_rules_changed(user))
    held = braked(brakes)
    is_covered = any(held <= set(approval.changes) for approval in _valid(user.id, now or utcnow())) if held else False
    return Verdict(brakes, held if is_covered else frozenset(), fingerprint(held))


def _rules_changed(user: User) -> bool:
    """No digest: the first run after a confirmation, which was about these very rules."""
    digest = user.sync_state.rules_digest if user.sync_state else None
    return digest is not None and digest != sync_settings.digest_of_rules(user)


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
    if obstacle := sync_settings.run_obstacle(user):
        raise NotReady(obstacle)
    verdict = judge(user, plan, now)
    if not verdict.brakes:
        raise NotReady("nothing_to_approve")
    if verdict.fingerprint != seen:
        raise NotReady("plan_changed")
    db.session.execute(sa.delete(SyncApproval).where(SyncApproval.user_id == user.id, SyncApproval.expires_at <= now))
    db.session.add(
        SyncApproval(
            user_id=user.id,
            fingerprint=verdict.fingerprint,
            changes=sorted(braked(verdict.brakes)),
            approved_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    if user.sync_state is not None and user.sync_state.rules_digest is not None:
        user.sync_state.rules_digest = sync_settings.digest_of_rules(user)
    runs.request(user.id, RunTrigger.MANUAL)
    db.session.flush()
