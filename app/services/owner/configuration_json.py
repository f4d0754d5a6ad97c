"""The configuration as other programs read it. Made from plain rows: of thousands of users one after another."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet, Status, configuration_status
from app.models.sync import SyncConfig, SyncFilter
from app.models.user import User

SCHEMA_VERSION = 1
AT_ONCE = 200
"""Users of one statement: enough that its cost does not count, few enough that their rules take little memory."""

_users, _configs, _filters = User.__table__.c, SyncConfig.__table__.c, SyncFilter.__table__.c
_OWNERS = sa.select(
    _users.id.label("user_id"), _users.email, _configs.id.label("config_id"), _configs.is_enabled, _configs.confirmed_at
)
_RULES = (
    _filters.entity_type,
    _filters.entity_id,
    _filters.filter_mode,
    _filters.entity_name,
    _filters.parent_entity_id,
)


def configuration_json(user_id: int) -> dict[str, Any] | None:
    """The default one, which is not stored, where there is none yet; None where there is no such user."""
    owner = _OWNERS.outerjoin_from(User.__table__, SyncConfig.__table__).where(_users.id == user_id)
    rows = db.session.execute(_with_rules(owner)).all()
    return _exported(rows) if rows else None


def active_configurations() -> Iterator[dict[str, Any]]:
    """Of everybody whose synchronisation is enabled and confirmed, by number.

    Each lot is read in a transaction of its own, which has ended when it is handed out: whoever takes them may take
    their time.
    """
    active = _OWNERS.join_from(User.__table__, SyncConfig.__table__).where(
        _configs.is_enabled, _configs.confirmed_at.is_not(None)
    )
    last = 0
    while lot := _lot(active.where(_users.id > last)):
        for rows in lot:
            yield _exported(rows)
        last = lot[-1][0].user_id


def _lot(owners: sa.Select[Any]) -> list[list[sa.Row[Any]]]:
    """The first of them, each with the rows of their rules."""
    first = owners.order_by(_users.id).limit(AT_ONCE)
    with db.engine.connect() as connection:
        rows = connection.execute(_with_rules(first)).all()
    return [list(of_one) for _, of_one in groupby(rows, attrgetter("user_id"))]


def _with_rules(owners: sa.Select[Any]) -> sa.Select[Any]:
    """In one statement, so that switch and rules are those of one moment: a row for each rule, or one without any."""
    owner = owners.subquery()
    return (
        sa.select(owner, *_RULES)
        .outerjoin_from(owner, SyncFilter.__table__, _filters.sync_config_id == owner.c.config_id)
        .order_by(owner.c.user_id)
    )


def _exported(rows: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    owner, ruled = rows[0], _by_level_and_mode(rows)
    rules = RuleSet(tuple(Rule(EntityType(level), "", FilterMode(mode)) for level, mode in ruled))
    is_enabled, is_confirmed = bool(owner.is_enabled), owner.confirmed_at is not None
    status = configuration_status(is_enabled=is_enabled, is_confirmed=is_confirmed, rules=rules)
    return {
        "schema_version": SCHEMA_VERSION,
        "user_id": owner.user_id,
        "email": owner.email,
        "status": status,
        "is_enabled": is_enabled,
        "confirmed_at": iso(owner.confirmed_at),
        "is_active": status is Status.ACTIVE,
        **{
            f"{level}s": {
                "mode": rules.mode(level),
                **{mode: _exported_rules(level, ruled.get((level, mode), [])) for mode in FilterMode},
            }
            for level in EntityType
        },
    }


def _by_level_and_mode(rows: Sequence[sa.Row[Any]]) -> dict[tuple[str, str], list[sa.Row[Any]]]:
    """One rule of each says how a level is filtered; so no object is made of all the others."""
    ruled: dict[tuple[str, str], list[sa.Row[Any]]] = {}
    for row in rows:
        if row.entity_id is not None:
            ruled.setdefault((row.entity_type, row.filter_mode), []).append(row)
    return ruled


def _exported_rules(level: EntityType, rows: list[sa.Row[Any]]) -> list[dict[str, str | None]]:
    rules = sorted((row.entity_name.casefold(), row.entity_id, row.entity_name, row.parent_entity_id) for row in rows)
    if level is EntityType.STORE:
        return [{"id": entity_id, "name": name} for _, entity_id, name, _ in rules]
    return [{"id": entity_id, "name": name, "parent_id": parent_id} for _, entity_id, name, parent_id in rules]


def iso(moment: datetime | None) -> str | None:
    """Naive UTC as "2026-11-23T09:15:00Z"."""
    return None if moment is None else moment.replace(microsecond=0).isoformat() + "Z"
