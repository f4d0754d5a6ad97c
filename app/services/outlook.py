"""What waits for the next run: the plan as it stands, its brakes, and how many products it touches."""

import json
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.domain.listing import digest_of
from app.domain.plan import Plan
from app.models import CatalogStore, ForeignItem, Listing, Photo, User
from app.services import approvals, planning, sync_settings
from app.services.approvals import Verdict

CHEAP = 1500
"""Products of a catalog whose plan is made within a page without a thought."""


@dataclass(frozen=True, slots=True)
class Outlook:
    plan: Plan
    verdict: Verdict

    @property
    def pending(self) -> int:
        """Products that the next run changes in VK; where it only arranges albums, their changes."""
        return len({change.key for change in self.plan.changes if change.key is not None}) or len(self.plan.changes)

    @property
    def waits(self) -> bool:
        return self.verdict.needs_approval


def outlook_of(user: User) -> Outlook:
    plan = planning.plan_for(user)
    return Outlook(plan, approvals.judge(user, plan))


def outlook_if_cheap(user: User, known: int) -> Outlook | None:
    """None where nothing waits: the last complete run left all as it should be, and nothing has changed since.

    `known`: products of the catalog. A short one is always looked at: the time for a deletion may have come.
    """
    if known > CHEAP and is_settled(user):
        return None
    return outlook_of(user)


def plan_waits(user: User) -> bool:
    return outlook_of(user).waits


def is_settled(user: User) -> bool:
    stored = user.sync_state.settled_digest if user.sync_state else None
    return stored is not None and stored == settled(wishes(user), user)


def wishes(user: User) -> str:
    """Tells everything that a plan is made from, but our records, from what it was at another time."""
    state, vk = user.sync_state, user.vk
    stores = sa.select(CatalogStore.store_id, CatalogStore.state, CatalogStore.fetched_at)
    catalog = db.session.execute(stores.where(CatalogStore.user_id == user.id).order_by(CatalogStore.store_id)).all()
    pictures = sa.select(Photo.id, Photo.digest).where(Photo.user_id == user.id).order_by(Photo.id)
    shop = (vk.group_id, vk.is_extended, sorted(vk.refused_categories)) if vk else ()
    return digest_of(
        sync_settings.digest_of_rules(user),
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
