"""The owner's rules as a set, and the stores that they let through."""

from functools import cache
from typing import Any

import sqlalchemy as sa

from app.db import db, once_while_reading
from app.domain.rules import EntityType, FilterMode, Mode, Rule, RuleSet, decide
from app.models import SyncConfig, SyncFilter, User
from app.services.owner.known_stores import known_stores


@once_while_reading
def rules_of(user: User) -> RuleSet:
    """As they stand now, whatever was loaded before."""
    return RuleSet(
        tuple(
            Rule(_LEVELS[level], entity_id, _MODES[mode], name, parent_id)
            for level, entity_id, mode, name, parent_id in db.session.execute(_rules(), {"user_id": user.id})
        )
    )


_LEVELS = {level.value: level for level in EntityType}
_MODES = {mode.value: mode for mode in FilterMode}


@cache
def _rules() -> sa.Select[Any]:
    rule = SyncFilter.__table__.c
    columns = (rule.entity_type, rule.entity_id, rule.filter_mode, rule.entity_name, rule.parent_entity_id)
    owner = SyncConfig.user_id == sa.bindparam("user_id", type_=sa.Integer)
    config = sa.select(SyncConfig.id).where(owner).scalar_subquery()
    return sa.select(*columns).where(rule.sync_config_id == config).order_by(rule.id)


@once_while_reading
def passing_stores(user: User) -> list[str]:
    """Ids of the stores that rules chose; none while no store rule exists: a store has to be chosen knowingly."""
    rules = rules_of(user)
    if rules.mode(EntityType.STORE) is Mode.ALL:
        return []
    stores = known_stores(user.id)
    return [store.id for store in stores if store.is_open and decide(rules, store.id).included]


def digest_of_rules(user: User) -> str:
    """Tells one set of rules from another."""
    return rules_of(user).digest
