"""Rules set and dropped, all or nothing."""

from collections.abc import Sequence

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import SyncFilter, User
from app.models.types import ID_LENGTH
from app.services.errors import UnknownEntity
from app.services.owner.config import ensure_config
from app.services.owner.rule_entities import rule_entities


def set_rules(user: User, entity_type: EntityType, entity_ids: Sequence[str], mode: FilterMode | None) -> int:
    """One rule for each entity, or none with mode None; all or nothing. Raises UnknownEntity."""
    config = ensure_config(user)
    existing = {row.entity_id: row for row in config.filters if row.entity_type == entity_type}
    wanted = list(dict.fromkeys(entity_ids))
    entities = rule_entities(user.id, entity_type, wanted)
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
