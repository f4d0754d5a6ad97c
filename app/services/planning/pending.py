"""What waits for the next run: the plan as it stands, its brakes, and how many products it touches."""

from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.digest import digest_of
from app.domain.planning.plan import Plan
from app.models import CatalogStore, ForeignItem, Listing, Photo, SyncRun, User
from app.services.owner import rules, settings
from app.services.planning import approvals, plans
from app.services.planning.approvals import BrakeCheck

SHORT_CATALOG = 1500
"""Products of a catalog whose plan is made within a page without a thought."""


@dataclass(frozen=True, slots=True)
class PendingPlan:
    plan: Plan
    brake_check: BrakeCheck

    @property
    def product_count(self) -> int:
        """Products that the next run changes in VK; where it only arranges albums, their changes."""
        return len({change.key for change in self.plan.changes if change.key is not None}) or len(self.plan.changes)

    @property
    def needs_approval(self) -> bool:
        return self.brake_check.needs_approval


def pending_plan(user: User) -> PendingPlan:
    plan = plans.plan_for(user)
    return PendingPlan(plan, approvals.check_brakes(user, plan))


@dataclass(frozen=True, slots=True)
class PendingSummary:
    """What waits for the next run, in a few numbers; kept where a whole plan would take too much room."""

    product_count: int = 0
    needs_approval: bool = False
    is_approved: bool = False
    """A brake holds something, and the owner let it through."""


def pending_summary(user: User, known: int, last: SyncRun | None) -> PendingSummary:
    """`known`: products of the catalog. The plan of a long one is made only where something changed since the last
    complete run, and once for all pages until something changes again. A short one is always looked at: the time for a
    deletion may have come. `last`: the last run, whose changes are in our records.
    """
    if known <= SHORT_CATALOG:
        return _summary(user)
    now = settled_digest(inputs_digest(user), user)
    if user.sync_state is not None and user.sync_state.settled_digest == now:
        return PendingSummary()
    run = (last.id, last.status, last.done) if last else ()
    held = (user.sync_state.rules_digest, user.sync_state.confirmed_adds) if user.sync_state else ()
    key = (user.id, now, run, held, approvals.latest_id(user.id), int(utcnow().timestamp() // FRESH_FOR))
    summary = _summaries.get(key)
    if summary is None:
        summary = _summary(user)
        _keep(key, summary)
    return summary


def _keep(key: tuple[object, ...], summary: PendingSummary) -> None:
    with _making_room:
        while len(_summaries) >= MOST_SUMMARIES:
            del _summaries[next(iter(_summaries))]
        _summaries[key] = summary


_summaries: dict[tuple[object, ...], PendingSummary] = {}
_making_room = Lock()
MOST_SUMMARIES, FRESH_FOR = 100, 600
"""FRESH_FOR in seconds: approvals and refusals end with time."""


def _summary(user: User) -> PendingSummary:
    return summary_of(pending_plan(user))


def summary_of(found: PendingPlan) -> PendingSummary:
    return PendingSummary(
        found.product_count, found.needs_approval, bool(found.brake_check.brakes) and found.brake_check.is_covered
    )


def plan_needs_approval(user: User) -> bool:
    return pending_plan(user).needs_approval


def inputs_digest(user: User) -> str:
    """Of everything that a plan is made from, but our records: another digest means that a plan may be another one."""
    vk = user.vk
    stores = sa.select(CatalogStore.store_id, CatalogStore.state, CatalogStore.fetched_at)
    catalog = db.session.execute(stores.where(CatalogStore.user_id == user.id).order_by(CatalogStore.store_id)).all()
    pictures = sa.select(Photo.id, Photo.digest).where(Photo.user_id == user.id).order_by(Photo.id)
    shop = (vk.group_id, vk.is_extended, sorted(vk.refused_categories)) if vk else ()
    return digest_of(
        rules.digest_of_rules(user),
        settings.stored_text(user),
        repr(shop),
        repr([tuple(map(str, row)) for row in catalog]),
        repr([tuple(row) for row in db.session.execute(pictures)]),
    )


def settled_digest(inputs: str, user: User) -> str:
    """Of what a plan was made from (`inputs_digest` of then) and of our records as they are now."""
    count = sa.func.count()
    records = sa.select(Listing.state, count).where(Listing.user_id == user.id).group_by(Listing.state)
    answers = sa.select(ForeignItem.is_left, count).where(ForeignItem.user_id == user.id).group_by(ForeignItem.is_left)
    rows = [sorted(str(tuple(row)) for row in db.session.execute(query)) for query in (records, answers)]
    return digest_of(inputs, repr(rows))
