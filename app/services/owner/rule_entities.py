"""The stores, groups and products that rules name, held against the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.rules import EntityType
from app.models import CatalogGroup, CatalogProduct, CatalogStore, SyncFilter, User
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
    query = _entity_query(entity_type).where(sa.column("user_id") == user_id)
    found: dict[str, RuleEntity] = {}
    for some in in_chunks(ids):
        rows = db.session.execute(query.where(query.selected_columns[0].in_(some)))
        found.update({row[0]: RuleEntity(*row) for row in rows})
    return found


def _entity_query(entity_type: EntityType) -> sa.Select[str, str, str | None]:
    """(id, name, parent id): the store for a group, the group for a product, its store where it has none."""
    if entity_type is EntityType.STORE:
        return open_stores()
    if entity_type is EntityType.GROUP:
        return sa.select(CatalogGroup.group_id, CatalogGroup.name, CatalogGroup.store_id)
    parent = sa.func.coalesce(CatalogProduct.group_id, CatalogProduct.store_id)
    return sa.select(CatalogProduct.product_id, CatalogProduct.name, parent)


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


def lost_rules(user: User) -> list[SyncFilter]:
    """Rules whose entity is gone. They keep their effect on the mode until the owner drops them."""
    gone: list[SyncFilter] = []
    for entity_type in EntityType:
        rows = [row for row in config_of(user).filters if row.entity_type == entity_type]
        known = rule_entities(user.id, entity_type, [row.entity_id for row in rows])
        gone += [row for row in rows if row.entity_id not in known]
    return gone
