"""What needs the owner in the register's stores and goods, and in the rules about them."""

from collections.abc import Iterator, Mapping

from app.domain.listing.emptiness import Emptiness
from app.domain.listing.fitness import SkipReason
from app.models import User
from app.services.catalog import unreadable
from app.services.owner import rule_entities, rules
from app.services.owner.known_stores import known_stores
from app.services.owner.settings import owner_settings
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.services.planning import look_alikes

EXAMPLES_SHOWN = 5
NEEDS_OWNER = (SkipReason.NO_PRICE, SkipReason.NO_NAME, SkipReason.NO_PHOTO)
"""What keeps a product out and can be mended; the other reasons are as the owner wants them."""


def empty_problem(user: User, empty: Emptiness | None) -> Problem | None:
    """Nobody asks for goods to be shown before a store is chosen."""
    if empty is None or not rules.passing_stores(user):
        return None
    return Problem(Kind.EMPTY, next(iter(empty.reasons), ""), emptiness=empty)


def store_problems(user: User) -> Iterator[Problem]:
    """Where Evotor itself does not answer, or is not connected, the stores are no trouble of their own."""
    if user.evotor is None or not user.evotor.is_connected or user.evotor.error_code:
        return
    names: dict[str, list[str]] = {}
    for store in known_stores(user.id):
        if store.is_stale:
            names.setdefault(store.error_code or "", []).append(store.name)
    for code, stores in names.items():
        yield Problem(Kind.STORE, code, count=len(stores), names=stores)


def goods_problems(user: User, held: Mapping[SkipReason, int]) -> Iterator[Problem]:
    if count := unreadable.count(user.id):
        yield Problem(Kind.UNREADABLE, count=count, unreadable=unreadable.first_rows(user.id, EXAMPLES_SHOWN))
    settings = owner_settings(user)
    chosen = {settings.category_id, *settings.category_by_group.values()}
    if lost := chosen & settings.refused_categories:
        yield Problem(Kind.CATEGORY, count=len(lost))
    if count := held.get(SkipReason.REVIEW, 0):
        yield Problem(Kind.REVIEW, count=count)
    if (alike := look_alikes.recorded(user)).count:
        yield Problem(Kind.ALIKE, count=alike.count, names=alike.names)
    for reason in NEEDS_OWNER:
        if count := held.get(reason, 0):
            yield Problem(Kind.UNFIT, reason, count=count)


def rule_problems(user: User) -> Iterator[Problem]:
    if lost := rule_entities.lost_rules(user):
        yield Problem(Kind.LOST_RULES, count=len(lost), names=[rule.entity_name or rule.entity_id for rule in lost])
