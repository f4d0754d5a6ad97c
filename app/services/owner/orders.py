"""What the owner orders in one piece, beside the synchronisation: hide everything, or show again what a run hid.

Either switches the synchronisation off: else the next run would undo it at once.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.domain.planning.changes import LinkState
from app.models import EventKind, Listing, OwnerOrder, RunTrigger, SyncApproval, SyncRun, User
from app.models.run import ACTIVE
from app.services.accounts import events
from app.services.errors import NotReady
from app.services.owner import config as owner_config
from app.services.owner import switch
from app.services.runs import codes, queue, schedule
from app.services.runs.codes import TIME_SLICE

MOST_PARTS = 500


def order_of(user: User) -> OwnerOrder | None:
    chosen = user.sync_state.owner_order if user.sync_state else None
    return OwnerOrder(chosen) if chosen else None


def hide_all(user: User) -> int:
    """Every visible item of ours leaves the window; returns how many we know of. Raises NotReady."""
    _must_have_vk(user)
    count = live_count(user)
    if not count and not _may_have_more(user):
        raise NotReady("nothing_to_hide")
    _give(user, OwnerOrder.HIDE_ALL, None)
    return count


def undo(user: User, run: SyncRun) -> int:
    """What this run hid is shown again; returns how many items that are. Raises NotReady."""
    _must_have_vk(user)
    count = undoable(user, run)
    if not count:
        raise NotReady("nothing_to_undo")
    _give(user, OwnerOrder.UNDO, run.id)
    return count


def stop(user: User) -> None:
    """The run at work, or the queued one, ends and the next comes as usual; an order is not taken up again."""
    queue.cancel(user.id)
    switch.withdraw_order(user)
    schedule.not_before(user.id, utcnow() + timedelta(minutes=settings().sync_interval_minutes))
    events.record(EventKind.RUN_STOPPED, user.id)


def undoable(user: User, run: SyncRun) -> int:
    """How many items that the run hid are hidden still; 0 unless it is the last run that changed anything."""
    if user.vk is None or user.vk.group_id is None or run.status in ACTIVE:
        return 0
    last = _last_with_changes(user.id)
    if last is None or run.id not in parts_of(user.id, last):
        return 0
    hidden = sa.select(sa.func.count()).select_from(Listing)
    return db.session.scalar(hidden.where(*hidden_by(user.id, user.vk.group_id, run.id))) or 0


def hidden_by(user_id: int, group_id: int, run_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions for the listings that the run, with all its parts, hid and that are hidden still."""
    return (
        Listing.user_id == user_id,
        Listing.vk_group_id == group_id,
        Listing.hidden_run_id.in_(parts_of(user_id, run_id)),
        Listing.state == LinkState.HIDDEN,
    )


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


@dataclass(frozen=True, slots=True)
class Window:
    """What of ours stands in the community, also in one that is not connected any more."""

    live: int = 0
    """Visible to buyers."""
    hidden: int = 0
    order: OwnerOrder | None = None
    in_reach: bool = True
    """VK is connected, so that we can hide and show."""
    is_uncertain: bool = False
    """Something was added without an answer, and may stand there or not."""

    @property
    def is_hidden(self) -> bool:
        """Buyers see nothing of what we made."""
        return self.hidden > 0 and not self.live and not self.is_uncertain


def window_of(user: User) -> Window:
    group_id = (user.vk.group_id or user.vk.last_group_id) if user.vk else None
    if group_id is None:
        return Window(order=order_of(user), in_reach=False)
    query = sa.select(Listing.state, sa.func.count()).group_by(Listing.state)
    query = query.where(Listing.user_id == user.id, Listing.vk_group_id == group_id)
    counts: dict[str, int] = {row[0]: row[1] for row in db.session.execute(query)}
    lost = (Listing.user_id == user.id, Listing.vk_group_id == group_id, Listing.is_lost)
    return Window(
        is_uncertain=db.session.scalar(sa.select(Listing.id).where(*lost).limit(1)) is not None,
        live=counts.get(LinkState.LIVE, 0),
        hidden=counts.get(LinkState.HIDDEN, 0),
        order=order_of(user),
        in_reach=user.vk is not None and user.vk.is_connected,
    )


def live_count(user: User) -> int:
    if user.vk is None or user.vk.group_id is None:
        return 0
    live = (Listing.user_id == user.id, Listing.vk_group_id == user.vk.group_id, Listing.state == LinkState.LIVE)
    return db.session.scalar(sa.select(sa.func.count()).select_from(Listing).where(*live)) or 0


def _may_have_more(user: User) -> bool:
    assert user.vk is not None
    ours = (Listing.user_id == user.id, Listing.vk_group_id == user.vk.group_id)
    return db.session.scalar(sa.select(Listing.id).where(*ours, Listing.is_lost).limit(1)) is not None


def order_obstacle(user: User) -> str | None:
    """Why what the owner ordered cannot be done now."""
    return None if user.vk is not None and user.vk.is_connected else "vk_missing"


def _must_have_vk(user: User) -> None:
    if obstacle := order_obstacle(user):
        raise NotReady(obstacle)


def _last_with_changes(user_id: int) -> int | None:
    query = sa.select(sa.func.max(SyncRun.id)).where(SyncRun.user_id == user_id, SyncRun.done > 0)
    return db.session.scalar(query)


def _give(user: User, order: OwnerOrder, run_id: int | None) -> None:
    config = owner_config.ensure_config(user)
    assert user.sync_state is not None
    queue.cancel(
        user.id, codes.OTHER_ORDER
    )  # before the state is touched, as a run that ends does it: else the two wait for each other
    config.is_enabled = False
    if order is OwnerOrder.UNDO:  # the owner thought better of what was approved
        db.session.execute(sa.delete(SyncApproval).where(SyncApproval.user_id == user.id))
    user.sync_state.owner_order, user.sync_state.order_run_id = order, run_id
    queue.request(user.id, RunTrigger(order))
    kind = EventKind.UNDO_ORDERED if order is OwnerOrder.UNDO else EventKind.HIDE_ALL_ORDERED
    events.record(kind, user.id, run_id=run_id)
