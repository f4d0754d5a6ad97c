"""The configuration as other programs read it."""

from datetime import datetime
from typing import Any

from app.domain.rules import EntityType, FilterMode, Rule, RuleSet, Status
from app.models import (
    User,
)
from app.services.owner.config import config_of
from app.services.owner.rules import rules_of
from app.services.owner.switch import status_of

SCHEMA_VERSION = 1


def configuration_json(user: User) -> dict[str, Any]:
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
