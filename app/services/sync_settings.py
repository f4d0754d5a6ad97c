"""The owner's switch, confirmation and rules."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db, utcnow
from app.domain.listing.key import digest_of
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet, Status, configuration_status, decide
from app.models import (
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    EventKind,
    RunTrigger,
    StoreState,
    SyncApproval,
    SyncConfig,
    SyncFilter,
    SyncState,
    User,
)
from app.models.types import ID_LENGTH
from app.services import events, runs
from app.services.errors import NotReady, UnknownEntity

SCHEMA_VERSION = 1


def config_of(user: User) -> SyncConfig:
    """The user's configuration; the default one, not stored, where there is none yet."""
    return user.sync_config or SyncConfig(user_id=user.id, is_enabled=False, confirmed_at=None, filters=[])


def ensure_config(user: User) -> SyncConfig:
    if user.sync_config is None:
        user.sync_config = SyncConfig(is_enabled=False)
    if user.sync_state is None:
        user.sync_state = SyncState()
    db.session.flush()
    return user.sync_config


def rules_of(user: User) -> RuleSet:
    return RuleSet(tuple(_to_rule(row) for row in config_of(user).filters))


def _to_rule(row: SyncFilter) -> Rule:
    return Rule(
        EntityType(row.entity_type),
        row.entity_id,
        FilterMode(row.filter_mode),
        row.entity_name,
        row.parent_entity_id,
    )


def status_of(user: User) -> Status:
    config = config_of(user)
    return configuration_status(
        is_enabled=config.is_enabled, is_confirmed=config.confirmed_at is not None, rules=rules_of(user)
    )


def passing_stores(user: User) -> list[str]:
    """Ids of the stores that rules chose; none while no store rule exists: a store has to be chosen knowingly."""
    rules = rules_of(user)
    if not rules.count()[EntityType.STORE]:
        return []
    ids = db.session.scalars(
        _open_stores().where(CatalogStore.user_id == user.id).with_only_columns(CatalogStore.store_id)
    )
    return [store_id for store_id in ids if decide(rules, store_id).included]


def toggle(user: User, enabled: bool | None) -> bool:
    """Set or flip the switch; returns how it stands. Raises NotReady where enabling is refused."""
    config = ensure_config(user)
    wanted = not config.is_enabled if enabled is None else enabled
    if wanted and not config.is_enabled:
        _may_enable(user, config)
    is_change = wanted is not config.is_enabled
    config.is_enabled = wanted
    db.session.flush()
    if not wanted:
        runs.drop_queued(user.id)
    else:
        withdraw_order(user)
        if is_change and not (user.sync_state and user.sync_state.strike_code):
            runs.schedule(user.id, utcnow())  # what waited for the switch need not wait for the next time too
    if is_change:
        events.record(EventKind.ENABLED if wanted else EventKind.DISABLED, user.id)
    return wanted


def _may_enable(user: User, config: SyncConfig) -> None:
    if user.evotor is None or not user.evotor.is_connected:
        raise NotReady("evotor_missing")
    if config.confirmed_at is None and not config.filters:
        raise NotReady("no_rules")


def confirmation_obstacle(user: User) -> str | None:
    """Why «Подтвердить и запустить» is not possible yet; None = it is."""
    if user.evotor is None or not user.evotor.is_connected:
        return "evotor_missing"
    if not rules_of(user).count()[EntityType.STORE]:
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
    runs.request(user.id, RunTrigger.CONFIRMED)
    events.record(EventKind.CONFIRMED, user.id)


def take_confirmation_back(user: User, reason: str) -> None:
    """Another community or another Evotor account: the owner has to look and confirm again."""
    config = ensure_config(user)
    was_enabled, was_confirmed = config.is_enabled, config.confirmed_at is not None
    config.confirmed_at, config.is_enabled = None, False
    db.session.flush()
    runs.cancel(user.id, runs.SWITCHED_OFF)  # also one that would not look before all is confirmed again
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
        user.sync_state.owner_order = user.sync_state.order_run_id = None
        runs.drop_queued(user.id)


def digest_of_rules(user: User) -> str:
    """Tells one set of rules from another."""
    return digest_of(*sorted(f"{rule.entity_type}:{rule.mode}:{rule.entity_id}" for rule in rules_of(user).rules))


def _digest_of_confirmed(user: User) -> str:
    settings = user.sync_state.settings if user.sync_state else {}
    return digest_of(digest_of_rules(user), json.dumps(settings, sort_keys=True))


def run_obstacle(user: User) -> str | None:
    """Why no run may start for this user; None = it may."""
    config = config_of(user)
    if not (config.is_enabled and config.confirmed_at):
        return "not_active"
    if user.evotor is None or not user.evotor.is_connected:
        return "evotor_missing"
    if user.vk is None or not user.vk.is_connected:
        return "vk_missing"
    return None if passing_stores(user) else "no_store_passes"


# Rules


@dataclass(frozen=True, slots=True)
class _Entity:
    id: str
    name: str
    parent_id: str | None


def set_rules(user: User, entity_type: EntityType, entity_ids: Sequence[str], mode: FilterMode | None) -> int:
    """One rule for each entity, or none with mode None; all or nothing. Raises UnknownEntity."""
    config = ensure_config(user)
    existing = {row.entity_id: row for row in config.filters if row.entity_type == entity_type}
    wanted = list(dict.fromkeys(entity_ids))
    entities = _entities(user.id, entity_type, wanted)
    for entity_id in wanted:
        if entity_id not in entities and entity_id not in existing:
            raise UnknownEntity
        if mode is not None and entity_id not in entities:
            raise UnknownEntity
    for entity_id in wanted:
        row = existing.get(entity_id)
        if mode is None:
            if row is not None:
                config.filters.remove(row)
                db.session.delete(row)
            continue
        if row is None:
            row = SyncFilter(entity_type=entity_type, entity_id=entity_id)
            config.filters.append(row)
        row.filter_mode = mode
        row.entity_name = entities[entity_id].name[:ID_LENGTH]
        row.parent_entity_id = entities[entity_id].parent_id
    db.session.flush()
    return len(wanted)


def _entities(user_id: int, entity_type: EntityType, ids: Sequence[str]) -> dict[str, _Entity]:
    query = _entity_query(entity_type).where(sa.column("user_id") == user_id)
    found: dict[str, _Entity] = {}
    for start in range(0, len(ids), 500):
        rows = db.session.execute(query.where(query.selected_columns[0].in_(ids[start : start + 500])))
        found.update({row[0]: _Entity(*row) for row in rows})
    return found


def _entity_query(entity_type: EntityType) -> sa.Select[str, str, str | None]:
    """(id, name, parent id): the store for a group, the group for a product, its store where it has none."""
    if entity_type is EntityType.STORE:
        return _open_stores()
    if entity_type is EntityType.GROUP:
        return sa.select(CatalogGroup.group_id, CatalogGroup.name, CatalogGroup.store_id)
    parent = sa.func.coalesce(CatalogProduct.group_id, CatalogProduct.store_id)
    return sa.select(CatalogProduct.product_id, CatalogProduct.name, parent)


def _open_stores() -> sa.Select[str, str, str | None]:
    """Without those that the owner closed for good."""
    query = sa.select(CatalogStore.store_id, CatalogStore.name, sa.null())
    return query.where(CatalogStore.state != StoreState.CLOSED)


def refresh_names(user: User) -> None:
    """Rules carry the names that the catalog has now; a rule whose entity is gone keeps its last one. Flushes."""
    for entity_type in EntityType:
        rows = [row for row in config_of(user).filters if row.entity_type == entity_type]
        entities = _entities(user.id, entity_type, [row.entity_id for row in rows])
        for row in rows:
            if (entity := entities.get(row.entity_id)) is not None:
                row.entity_name, row.parent_entity_id = entity.name[:ID_LENGTH], entity.parent_id
    db.session.flush()


def rules_not_in_catalog(user: User) -> list[SyncFilter]:
    """Rules whose entity is gone. They keep their effect on the mode until the owner drops them."""
    gone: list[SyncFilter] = []
    for entity_type in EntityType:
        rows = [row for row in config_of(user).filters if row.entity_type == entity_type]
        known = _entities(user.id, entity_type, [row.entity_id for row in rows])
        gone += [row for row in rows if row.entity_id not in known]
    return gone


# The configuration as other programs read it


def exported(user: User) -> dict[str, Any]:
    config, rules = config_of(user), rules_of(user)
    status = status_of(user)
    return {
        "schema_version": SCHEMA_VERSION,
        "user_id": user.id,
        "email": user.email,
        "status": status,
        "is_enabled": config.is_enabled,
        "confirmed_at": iso(config.confirmed_at),
        "is_active": status is Status.ACTIVE,
        "stores": _exported_level(rules, EntityType.STORE),
        "groups": _exported_level(rules, EntityType.GROUP),
        "products": _exported_level(rules, EntityType.PRODUCT),
    }


def _exported_level(rules: RuleSet, level: EntityType) -> dict[str, Any]:
    return {
        "mode": rules.mode(level),
        **{mode: [_exported_rule(rule) for rule in _sorted_rules(rules, level, mode)] for mode in FilterMode},
    }


def _sorted_rules(rules: RuleSet, level: EntityType, mode: FilterMode) -> list[Rule]:
    chosen = [rule for rule in rules.rules if rule.entity_type is level and rule.mode is mode]
    return sorted(chosen, key=lambda rule: (rule.name.casefold(), rule.entity_id))


def _exported_rule(rule: Rule) -> dict[str, str | None]:
    entry: dict[str, str | None] = {"id": rule.entity_id, "name": rule.name}
    if rule.entity_type is not EntityType.STORE:
        entry["parent_id"] = rule.parent_id
    return entry


def iso(moment: datetime | None) -> str | None:
    """Naive UTC as "2026-11-23T09:15:00Z"."""
    return None if moment is None else moment.replace(microsecond=0).isoformat() + "Z"
