"""The owner's rules: set, named, held against the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.digest import digest_of
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet, decide
from app.models import (
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    SyncFilter,
    User,
)
from app.models.types import ID_LENGTH
from app.services.errors import UnknownEntity
from app.services.owner.config import config_of, ensure_config


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


def passing_stores(user: User) -> list[str]:
    """Ids of the stores that rules chose; none while no store rule exists: a store has to be chosen knowingly."""
    rules = rules_of(user)
    if not rules.count()[EntityType.STORE]:
        return []
    ids = db.session.scalars(
        _open_stores().where(CatalogStore.user_id == user.id).with_only_columns(CatalogStore.store_id)
    )
    return [store_id for store_id in ids if decide(rules, store_id).included]


def digest_of_rules(user: User) -> str:
    """Tells one set of rules from another."""
    return digest_of(*sorted(f"{rule.entity_type}:{rule.mode}:{rule.entity_id}" for rule in rules_of(user).rules))


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
    for some in in_chunks(ids):
        rows = db.session.execute(query.where(query.selected_columns[0].in_(some)))
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
    return query.where(CatalogStore.is_open)


def refresh_names(user: User) -> None:
    """Rules carry the names that the catalog has now; a rule whose entity is gone keeps its last one. Flushes."""
    for entity_type in EntityType:
        rows = [row for row in config_of(user).filters if row.entity_type == entity_type]
        entities = _entities(user.id, entity_type, [row.entity_id for row in rows])
        for row in rows:
            if (entity := entities.get(row.entity_id)) is not None:
                row.entity_name, row.parent_entity_id = entity.name[:ID_LENGTH], entity.parent_id
    db.session.flush()


def lost_rules(user: User) -> list[SyncFilter]:
    """Rules whose entity is gone. They keep their effect on the mode until the owner drops them."""
    gone: list[SyncFilter] = []
    for entity_type in EntityType:
        rows = [row for row in config_of(user).filters if row.entity_type == entity_type]
        known = _entities(user.id, entity_type, [row.entity_id for row in rows])
        gone += [row for row in rows if row.entity_id not in known]
    return gone
