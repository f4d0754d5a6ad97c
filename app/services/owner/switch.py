"""The owner's switch and confirmation, and what stands in the way of either or of a run."""

from datetime import datetime

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.digest import digest_of
from app.domain.rules import EntityType, Mode, RuleSet, Status, configuration_status
from app.models import (
    EventKind,
    Lane,
    RunTrigger,
    SyncApproval,
    SyncConfig,
    User,
)
from app.services.accounts import events
from app.services.errors import NotReady
from app.services.owner import settings
from app.services.owner.config import config_of, ensure_config
from app.services.owner.rules import digest_of_rules, passing_stores, rules_of
from app.services.runs import codes, queue, schedule


def status_of(user: User, rules: RuleSet | None = None) -> Status:
    """`rules`: where they are known already."""
    config = config_of(user)
    return configuration_status(
        is_enabled=config.is_enabled, is_confirmed=config.confirmed_at is not None, rules=rules or rules_of(user)
    )


def toggle(user: User, enabled: bool | None) -> bool:
    """Set or flip the switch; returns how it stands. Raises NotReady where enabling is refused."""
    config = ensure_config(user)
    wanted = not config.is_enabled if enabled is None else enabled
    if wanted and not config.is_enabled:
        _must_be_ready(user, config)
    is_change = wanted is not config.is_enabled
    config.is_enabled = wanted
    db.session.flush()
    if not wanted:
        queue.drop_queued(user.id)
    else:
        withdraw_order(user)
        if is_change and not (user.sync_state and user.sync_state.strike_code):
            # What waited for the switch need not wait for the next time too.
            schedule.set_next_run(user.id, utcnow(), Lane.INTERACTIVE)
    if is_change:
        events.record(EventKind.ENABLED if wanted else EventKind.DISABLED, user.id)
    return wanted


def _must_be_ready(user: User, config: SyncConfig) -> None:
    if user.evotor is None or not user.evotor.is_connected:
        raise NotReady("evotor_missing")
    if config.confirmed_at is None and not config.filters:
        raise NotReady("no_rules")


def confirmation_obstacle(user: User) -> str | None:
    """Why «Подтвердить и запустить» is not possible yet; None = it is."""
    if user.evotor is None or not user.evotor.is_connected:
        return "evotor_missing"
    if rules_of(user).mode(EntityType.STORE) is Mode.ALL:
        return "no_store_rule"
    if not passing_stores(user):
        return "no_store_passes"
    if not config_of(user).is_enabled:
        return "not_enabled"
    return None


def confirm(user: User, now: datetime | None = None, *, adds: int | None = None) -> None:
    """`adds`: what the plan would add now, where that was counted. Raises NotReady."""
    if obstacle := confirmation_obstacle(user):
        raise NotReady(obstacle)
    ensure_config(user).confirmed_at = now or utcnow()
    assert user.sync_state is not None
    user.sync_state.pause_reason = None
    user.sync_state.confirmation = _digest_of_confirmed(user)
    user.sync_state.confirmed_adds = adds
    user.sync_state.rules_digest = digest_of_rules(user)
    queue.request(user.id, RunTrigger.CONFIRMED)
    events.record(EventKind.CONFIRMED, user.id)


def take_confirmation_back(user: User, reason: str) -> None:
    """Another community or another Evotor account: the owner has to look and confirm again."""
    config = ensure_config(user)
    was_enabled, was_confirmed = config.is_enabled, config.confirmed_at is not None
    config.confirmed_at, config.is_enabled = None, False
    db.session.flush()
    queue.cancel(user.id, codes.SWITCHED_OFF)  # also one that would not look before all is confirmed again
    withdraw_order(user)
    if not was_confirmed and not was_enabled:
        return
    db.session.execute(sa.delete(SyncApproval).where(SyncApproval.user_id == user.id))
    if was_enabled:
        events.record(EventKind.DISABLED, user.id, reason=reason)
    if user.sync_state is not None:
        user.sync_state.pause_reason = reason
        user.sync_state.market_read_at = None


def withdraw_order(user: User) -> None:
    """What the owner ordered in one piece is not wanted any more."""
    if user.sync_state is not None and user.sync_state.owner_order is not None:
        queue.drop_queued(user.id)  # before the state is touched, as a worker that takes the run up does it
        user.sync_state.owner_order = user.sync_state.order_run_id = None


def _digest_of_confirmed(user: User) -> str:
    return digest_of(digest_of_rules(user), settings.stored_text(user))


def run_obstacle(user: User) -> str | None:
    """Why no run may start for this user; None = it may."""
    config = config_of(user)
    if not (config.is_enabled and config.confirmed_at):
        return "not_active"
    if user.halted_at is not None:
        return codes.HALTED
    if user.evotor is None or not user.evotor.is_connected:
        return "evotor_missing"
    if user.vk is None or not user.vk.is_connected:
        return "vk_missing"
    return None if passing_stores(user) else "no_store_passes"
