"""What the owner orders in one piece, beside the synchronisation: hide everything, or show again what a run hid.

Either switches the synchronisation off: else the next run would undo it at once.
"""

import sqlalchemy as sa

from app.db import db, once_while_reading
from app.domain.planning.changes import LinkState
from app.models import EventKind, Listing, OwnerOrder, RunTrigger, SyncApproval, SyncRun, User
from app.models.run import ACTIVE
from app.services.accounts import events
from app.services.errors import NotReady
from app.services.owner import config as owner_config
from app.services.owner.shop_window import has_lost_items, listing_counts, live_count
from app.services.runs import codes, queue
from app.services.runs.codes import TIME_SLICE

MOST_PARTS = 500
"""So many runs are looked through for the parts of one piece of work."""


def hide_all(user: User) -> int:
    """Every visible item of ours leaves the window; returns how many we know of. Raises NotReady."""
    _must_have_vk(user)
    count = live_count(user)
    if not count and not has_lost_items(user):
        raise NotReady("nothing_to_hide")
    _place(user, OwnerOrder.HIDE_ALL, None)
    return count


def undo(user: User, run: SyncRun) -> int:
    """What this run hid is shown again; returns how many items that are. Raises NotReady."""
    _must_have_vk(user)
    count = undoable(user, run)
    if not count:
        raise NotReady("nothing_to_undo")
    _place(user, OwnerOrder.UNDO, run.id)
    return count


def undoable(user: User, run: SyncRun) -> int:
    """How many items that the run hid are hidden still; 0 unless it is the last run that changed anything."""
    if user.vk is None or user.vk.group_id is None or run.status in ACTIVE or not run.done:
        return 0
    if not listing_counts(user.id, user.vk.group_id).hidden:
        return 0
    last = _last_with_changes(user.id)
    if last is None or run.id not in parts_of(user.id, last):
        return 0
    hidden = sa.select(sa.func.count()).select_from(Listing)
    return db.session.scalar(hidden.where(*hidden_by(user.id, user.vk.group_id, run.id))) or 0


def hidden_by(user_id: int, group_id: int, run_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions for the listings that the run, with all its parts, hid and that are hidden still."""
    return (
        Listing.in_market(user_id, group_id),
        Listing.hidden_run_id.in_(parts_of(user_id, run_id)),
        Listing.state == LinkState.HIDDEN,
    )


@once_while_reading
def parts_of(user_id: int, run_id: int) -> list[int]:
    """Ids of the runs that did one piece of work: a long one is done in slices, each a run of its own."""
    query = sa.select(SyncRun.id, SyncRun.trigger, SyncRun.error_code).where(SyncRun.user_id == user_id)
    query = query.where(SyncRun.id <= run_id, SyncRun.done > 0).order_by(SyncRun.id.desc()).limit(MOST_PARTS)
    parts: list[int] = []
    last = None
    for part, trigger, code in db.session.execute(query):
        last = last or trigger
        is_order = last == trigger == RunTrigger.HIDE_ALL
        is_slice = {last, trigger}.isdisjoint(OwnerOrder) and code == TIME_SLICE
        if parts and not (is_order or is_slice):
            break
        parts.append(part)
    return parts


def order_obstacle(user: User) -> str | None:
    """Why what the owner ordered cannot be done now."""
    if user.vk is None or not user.vk.is_connected:
        return "vk_missing"
    return codes.HALTED if user.halted_at is not None else None


def _must_have_vk(user: User) -> None:
    if obstacle := order_obstacle(user):
        raise NotReady(obstacle)


def _last_with_changes(user_id: int) -> int | None:
    query = sa.select(sa.func.max(SyncRun.id)).where(SyncRun.user_id == user_id, SyncRun.done > 0)
    return db.session.scalar(query)


def _place(user: User, order: OwnerOrder, run_id: int | None) -> None:
    config = owner_config.ensure_config(user)
    assert user.sync_state is not None
    config.is_enabled = False
    db.session.flush()
    # After the switch and before the state, as others do it: else two wait for each other.
    queue.cancel(user.id, codes.OTHER_ORDER)
    if order is OwnerOrder.UNDO:  # the owner thought better of what was approved
        db.session.execute(sa.delete(SyncApproval).where(SyncApproval.user_id == user.id))
    user.sync_state.owner_order, user.sync_state.order_run_id = order, run_id
    queue.request(user.id, RunTrigger(order))
    kind = EventKind.UNDO_ORDERED if order is OwnerOrder.UNDO else EventKind.HIDE_ALL_ORDERED
    events.record(kind, user.id, run_id=run_id)
