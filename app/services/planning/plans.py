"""The plan for one user, from what is stored; calls nobody."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.clock import utcnow
from app.db import db
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Change, published
from app.domain.planning.plan import Desired, Plan, make_plan
from app.domain.planning.selection import select
from app.garbage import uncollected
from app.models import ConnectionState, ForeignItem, User
from app.services.catalog.load import load_goods
from app.services.locks import held_still
from app.services.market.records import load_albums, load_links, pictured_in_vk
from app.services.owner.rules import rules_of
from app.services.owner.settings import owner_settings
from app.services.planning.approvals import BrakeCheck


@uncollected()
def desired_for(user: User, read_now: Collection[str] | None = None) -> Desired:
    """`read_now`: the stores that the run at work read whole; without a run, those of the last refresh count."""
    with held_still(user.id):
        read_anew(user)
        return _desired(user, read_now)


def _desired(user: User, read_now: Collection[str] | None = None) -> Desired:
    extended = user.vk.is_extended if user.vk else False
    settings = owner_settings(user)
    pictured = pictured_in_vk(user, settings)
    desired = select(load_goods(user.id), rules_of(user), settings, extended_shop=extended, pictured=pictured)
    if read_now is None:
        # The states of the stores are from before, if not even the list of them could be read last time.
        is_read = user.evotor is not None and user.evotor.state == ConnectionState.OK
        read_now = desired.whole_stores if is_read else ()
    return replace(desired, whole_stores=desired.whole_stores.intersection(read_now))


@uncollected()
def plan_for(user: User, now: datetime | None = None) -> Plan:
    """Without a community yet the plan is for an empty market."""
    now = now or utcnow()
    with held_still(user.id):
        read_anew(user)
        group_id = user.market_id
        return make_plan(
            _desired(user),
            load_links(user.id, group_id),
            load_albums(user, group_id, now),
            owner_settings(user),
            now=now,
            undecided=undecided(user.id, group_id),
        )


def read_anew(user: User) -> None:
    """What plans and runs ask of the user's own rows: as it stands, not as a page may have read it long ago."""
    asked = (User.sync_state, User.sync_config, User.vk, User.evotor)
    query = sa.select(User).where(User.id == user.id).options(*map(joinedload, asked))
    db.session.scalar(query, execution_options={"populate_existing": True})


def undecided(user_id: int, group_id: int) -> frozenset[ListingKey]:
    """Products like an item that was there before us, while the owner has not said whether it is the same."""
    query = sa.select(ForeignItem.store_id, ForeignItem.product_id)
    query = query.where(ForeignItem.in_market(user_id, group_id), ForeignItem.is_left.is_(False))
    return frozenset(ListingKey(*row) for row in db.session.execute(query))


def as_json(plan: Plan, brake_check: BrakeCheck) -> dict[str, Any]:
    return {
        "counts": dict(sorted(plan.counts.items())),
        "skipped": published(plan.skipped_counts),
        "needs_approval": brake_check.needs_approval,
        "fingerprint": brake_check.fingerprint,
        "changes": [_change_json(change) for change in plan.changes],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "store_id": change.key.store_id if change.key else None,
        "product_id": change.key.product_id if change.key else None,
        "vk_item_id": change.item_id,
        "name": change.name,
        "reason": change.reason,
        "before": dict(change.before),
        "after": dict(change.fields),
        "album": change.album,
    }
