"""What waits for the next run: the plan as it stands, its brakes, and how many products it touches."""

import json
from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.listing.key import digest_of
from app.domain.planning.plan import Plan
from app.models import CatalogStore, ForeignItem, Listing, Photo, SyncRun, User
from app.services.owner import rules
from app.services.planning import approvals, plans
from app.services.planning.approvals import Judgement

CHEAP = 1500
"""Products of a catalog whose plan is made within a page without a thought."""


@dataclass(frozen=True, slots=True)
class Pending:
    plan: Plan
    verdict: Judgement

    @property
    def pending(self) -> int:
        """Products that the next run changes in VK; where it only arranges albums, their changes."""
        return len({change.key for change in self.plan.changes if change.key is not None}) or len(self.plan.changes)

    @property
    def waits(self) -> bool:
        return self.verdict.needs_approval


def pending_of(user: User) -> Pending:
    plan = plans.plan_for(user)
    return Pending(plan, approvals.judge(user, plan))


@dataclass(frozen=True, slots=True)
class Glance:
    """The outlook in a few numbers."""

    pending: int = 0
    waits: bool = False
    is_approved: bool = False
    """A brake holds something, and the owner let it through."""


def glance_at(user: User, known: int, last: SyncRun | None) -> Glance:
    """`known`: products of the catalog. The plan of a long one is made only where something changed since the last
    complete run, and once for all pages until something changes again. A short one is always looked at: the time for a
    deletion may have come. `last`: the last run, whose changes are in our records.
    """
    if known <= CHEAP:
        return _glance(user)
    now = settled(wishes(user), user)
    if user.sync_state is not None and user.sync_state.settled_digest == now:
        return Glance()
    run = (last.id, last.status, last.done) if last else ()
    held = (user.sync_state.rules_digest, user.sync_state.confirmed_adds) if user.sync_state else ()
    key = (user.id, now, run, held, approvals.latest_id(user.id), int(utcnow().timestamp() // FRESH_FOR))
    glance = _seen.get(key)
    if glance is None:
        glance = _glance(user)
        _keep(key, glance)
    return glance


def _keep(key: tuple[object, ...], glance: Glance) -> None:
    with _making_room:
        while len(_seen) >= MOST_SEEN:
            del _seen[next(iter(_seen))]
        _seen[key] = glance


_seen: dict[tuple[object, ...], Glance] = {}
_making_room = Lock()
MOST_SEEN, FRESH_FOR = 100, 600
"""FRESH_FOR in seconds: approvals and refusals end with time."""


def _glance(user: User) -> Glance:
    return glance_of(pending_of(user))


def glance_of(found: Pending) -> Glance:
    return Glance(found.pending, found.waits, bool(found.verdict.brakes) and found.verdict.is_covered)


def plan_waits(user: User) -> bool:
    return pending_of(user).waits


def wishes(user: User) -> str:
    """Tells everything that a plan is made from, but our records, from what it was at another time."""
    state, vk = user.sync_state, user.vk
    stores = sa.select(CatalogStore.store_id, CatalogStore.state, CatalogStore.fetched_at)
    catalog = db.session.execute(stores.where(CatalogStore.user_id == user.id).order_by(CatalogStore.store_id)).all()
    pictures = sa.select(Photo.id, Photo.digest).where(Photo.user_id == user.id).order_by(Photo.id)
    shop = (vk.group_id, vk.is_extended, sorted(vk.refused_categories)) if vk else ()
    return digest_of(
        rules.digest_of_rules(user),
        json.dumps(state.settings if state else {}, sort_keys=True),
        repr(shop),
        repr([tuple(map(str, row)) for row in catalog]),
        repr([tuple(row) for row in db.session.execute(pictures)]),
    )


def settled(wished: str, user: User) -> str:
    """With `wishes` of the time when the plan was made, and our records as they are now."""
    count = sa.func.count()
    records = sa.select(Listing.state, count).where(Listing.user_id == user.id).group_by(Listing.state)
    answers = sa.select(ForeignItem.is_left, count).where(ForeignItem.user_id == user.id).group_by(ForeignItem.is_left)
    rows = [sorted(str(tuple(row)) for row in db.session.execute(query)) for query in (records, answers)]
    return digest_of(wished, repr(rows))
