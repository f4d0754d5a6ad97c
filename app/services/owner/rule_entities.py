"""The stores, groups and products that rules name, held against the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.rules import EntityType
from app.models import CatalogGroup, CatalogProduct, CatalogStore, SyncConfig, SyncFilter, User
from app.models.types import ID_LENGTH
from app.services.owner.config import config_of


@dataclass(frozen=True, slots=True)
class RuleEntity:
    """A store, a group or a product, as a rule remembers it."""

    id: str
    name: str
    parent_id: str | None


def rule_entities(user_id: int, entity_type: EntityType, ids: Sequence[str]) -> dict[str, RuleEntity]:
    """Those of the ids that the catalog has."""
    query = _entity_query(user_id, entity_type)
    found: dict[str, RuleEntity] = {}
    for some in in_chunks(ids):
        rows = db.session.execute(query.where(query.selected_columns[0].in_(some)))
        found.update({row[0]: RuleEntity(*row) for row in rows})
    return found


def _entity_query(user_id: int | sa.BindParameter[int], entity_type: EntityType) -> sa.Select[str, str, str | None]:
    """(id, name, parent id): the store for a group, the group for a product, its store where it has none.

    The stores are named so that an index leads to an entity by its id.
    """
    stores = sa.select(CatalogStore.store_id).where(CatalogStore.user_id == user_id)
    if entity_type is EntityType.STORE:
        return open_stores().where(CatalogStore.user_id == user_id)
    if entity_type is EntityType.GROUP:
        group = sa.select(CatalogGroup.group_id, CatalogGroup.name, CatalogGroup.store_id)
        return group.where(CatalogGroup.user_id == user_id, CatalogGroup.store_id.in_(stores))
    parent = sa.func.coalesce(CatalogProduct.group_id, CatalogProduct.store_id)
    product = sa.select(CatalogProduct.product_id, CatalogProduct.name, parent)
    return product.where(CatalogProduct.user_id == user_id, CatalogProduct.store_id.in_(stores))


def open_stores() -> sa.Select[str, str, str | None]:
    """Without those that the owner closed for good."""
    query = sa.select(CatalogStore.store_id, CatalogStore.name, sa.null())
    return query.where(CatalogStore.is_open)


def refresh_names(user: User) -> None:
    """Rules carry the names that the catalog has now; a rule whose entity is gone keeps its last one. Flushes."""
    for entity_type in EntityType:
        rows = [row for row in config_of(user).filters if row.entity_type == entity_type]
        entities = rule_entities(user.id, entity_type, [row.entity_id for row in rows])
        for row in rows:
            if (entity := entities.get(row.entity_id)) is not None:
                row.entity_name, row.parent_entity_id = entity.name[:ID_LENGTH], entity.parent_id
    db.session.flush()


def lost_rules(user: User) -> Sequence[SyncFilter]:
    """Rules whose entity is gone. They keep their effect on the mode until the owner drops them."""
    levels = {level: place for place, level in enumerate(EntityType)}
    found = db.session.scalars(_lost_rules(), {"user_id": user.id})
    return sorted(found, key=lambda rule: (levels[EntityType(rule.entity_type)], rule.id))


@cache
def _lost_rules() -> sa.Select[SyncFilter]:
    owner: sa.BindParameter[int] = sa.bindparam("user_id")
    is_gone = [
        sa.and_(SyncFilter.entity_type == level, sa.not_(_standing(owner, level).exists())) for level in EntityType
    ]
    return sa.select(SyncFilter).join(SyncFilter.sync_config).where(SyncConfig.user_id == owner, sa.or_(*is_gone))


def _standing(owner: sa.BindParameter[int], level: EntityType) -> sa.Select[str, str, str | None]:
    """The entity of a rule of that level, where the catalog has it."""
    query = _entity_query(owner, level)
    return query.where(query.selected_columns[0] == SyncFilter.entity_id)
