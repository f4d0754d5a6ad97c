"""The owner's rules as a set, and the stores that they let through."""

from app.db import db
from app.domain.digest import digest_of
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet, decide
from app.models import CatalogStore, SyncFilter, User
from app.services.owner.config import config_of
from app.services.owner.rule_entities import open_stores


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
        open_stores().where(CatalogStore.user_id == user.id).with_only_columns(CatalogStore.store_id)
    )
    return [store_id for store_id in ids if decide(rules, store_id).included]


def digest_of_rules(user: User) -> str:
    """Tells one set of rules from another."""
    return digest_of(*sorted(f"{rule.entity_type}:{rule.mode}:{rule.entity_id}" for rule in rules_of(user).rules))
