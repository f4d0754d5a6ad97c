"""Changes of the rules that the owner may take back: the last one is remembered with what it replaced."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogGroup, CatalogProduct, RuleChange, SyncFilter, User
from app.services import locks
from app.services.errors import ServiceError
from app.services.owner import config as owner_config
from app.services.owner import rule_setting

Key = tuple[str, str]
"""Entity type and id."""
Fields = dict[str, Any]
_KEPT = ("filter_mode", "entity_name", "parent_entity_id")


class UndoTooLate(ServiceError):
    """The rules were changed again since, or that change was taken back already."""

    code = "undo_too_late"


@dataclass(frozen=True, slots=True)
class Changed:
    names: Sequence[str]
    """Of the entities whose rule is another one now, by id where they have no name."""
    token: str | None
    """Takes the change back; None where nothing changed."""


def change(user: User, level: EntityType, ids: Sequence[str], mode: FilterMode | None) -> Changed:
    """One rule for each entity, or none with mode None; all or nothing. Raises UnknownEntity."""
    return _remembered(user, lambda: rule_setting.set_rules(user, level, ids, mode))


def show_whole(user: User, store_id: str) -> Changed:
    """Include the store and drop every rule on its groups and products. Raises UnknownEntity."""
    return _remembered(user, lambda: _show_whole(user, store_id))


def _show_whole(user: User, store_id: str) -> None:
    rule_setting.set_rules(user, EntityType.STORE, [store_id], FilterMode.INCLUDE)
    for level in (EntityType.GROUP, EntityType.PRODUCT):
        rule_setting.set_rules(user, level, rules_within(user, level, store_id), None)


def rules_within(user: User, level: EntityType, store_id: str) -> list[str]:
    """Ids of the store's groups or products that have a rule."""
    ruled = {row.entity_id for row in owner_config.config_of(user).filters if row.entity_type == level}
    if not ruled:
        return []
    table = CatalogGroup if level is EntityType.GROUP else CatalogProduct
    column = CatalogGroup.group_id if level is EntityType.GROUP else CatalogProduct.product_id
    here = db.session.scalars(sa.select(column).where(table.user_id == user.id, table.store_id == store_id))
    return sorted(ruled.intersection(here.all()))


def _remembered(user: User, deed: Callable[[], object]) -> Changed:
    locks.lock(user.id)
    config = owner_config.ensure_config(user)
    before = _snapshot(config.filters)
    deed()
    after = _snapshot(config.filters)
    touched = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    if not touched:
        return Changed((), None)
    names = sorted((after.get(key) or before[key])["entity_name"] or key[1] for key in touched)
    return Changed(names, _remember(user, {key: before.get(key) for key in sorted(touched)}))


def _snapshot(rows: Sequence[SyncFilter]) -> dict[Key, Fields]:
    return {
        (row.entity_type, row.entity_id): {
            **{name: getattr(row, name) for name in _KEPT},
            "created_at": row.created_at.isoformat() if row.created_at else None,
        }
        for row in rows
    }


def _remember(user: User, replaced: Mapping[Key, Fields | None]) -> str:
    token = secrets.token_urlsafe(12)
    last = _last(user) or RuleChange(user_id=user.id)
    last.token = token
    last.replaced = [[*key, fields] for key, fields in replaced.items()]
    db.session.add(last)
    db.session.flush()
    return token


def _last(user: User) -> RuleChange | None:
    return db.session.scalar(sa.select(RuleChange).where(RuleChange.user_id == user.id))


def undo(user: User, token: str) -> int:
    """Put back what the change with that token replaced; returns how many rules. Raises UndoTooLate."""
    locks.lock(user.id)
    last = _last(user)
    if last is None or not secrets.compare_digest(last.token.encode(), token.encode()):
        raise UndoTooLate
    config = owner_config.ensure_config(user)
    rows = {(row.entity_type, row.entity_id): row for row in config.filters}
    for entity_type, entity_id, fields in last.replaced:
        row = rows.get((entity_type, entity_id))
        if fields is not None:
            if row is None:
                row = SyncFilter(entity_type=entity_type, entity_id=entity_id)
                config.filters.append(row)
            _restore(row, fields)
        elif row is not None:
            config.filters.remove(row)
            db.session.delete(row)
    db.session.delete(last)
    db.session.flush()
    return len(last.replaced)


def _restore(row: SyncFilter, fields: Fields) -> None:
    for name in _KEPT:
        setattr(row, name, fields[name])
    if fields["created_at"] is not None:
        row.created_at = datetime.fromisoformat(fields["created_at"])
