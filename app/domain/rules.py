"""Which products the owner's rules let through. The only place that decides."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from app.domain.digest import digest_of


class EntityType(StrEnum):
    STORE = "store"
    GROUP = "group"
    PRODUCT = "product"


class FilterMode(StrEnum):
    INCLUDE = "include"
    EXCLUDE = "exclude"


class Mode(StrEnum):
    """How one entity type is filtered: its rules read together."""

    ALL = "all"
    INCLUDE = "include"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Rule:
    entity_type: EntityType
    entity_id: str
    mode: FilterMode
    name: str = ""
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    included: bool
    level: EntityType | None = None
    """The level that decided; None = no rule had a say."""
    decided_by: str | None = None
    """Entity id of the deciding rule; None with a level = a whitelist that names nothing on the way."""


@dataclass(frozen=True)
class RuleSet:
    """All rules of one owner, indexed; immutable. Without slots, so that its digest is worked out once."""

    rules: tuple[Rule, ...] = ()
    _modes: Mapping[tuple[EntityType, str], FilterMode] = field(init=False, repr=False, compare=False)
    _levels: Mapping[EntityType, Mode] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_modes", {(rule.entity_type, rule.entity_id): rule.mode for rule in self.rules})
        object.__setattr__(self, "_levels", {level: _level_mode(self.rules, level) for level in EntityType})

    def mode(self, level: EntityType) -> Mode:
        return self._levels[level]

    def rule_for(self, level: EntityType, entity_id: str) -> FilterMode | None:
        return self._modes.get((level, entity_id))

    def having(self, level: EntityType, entity_id: str, mode: FilterMode | None, name: str = "") -> "RuleSet":
        """The same rules with another one for that entity; without any where `mode` is None."""
        others = tuple(rule for rule in self.rules if (rule.entity_type, rule.entity_id) != (level, entity_id))
        return RuleSet(others if mode is None else (*others, Rule(level, entity_id, mode, name)))

    def of(self, level: EntityType, mode: FilterMode) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if (rule.entity_type, rule.mode) == (level, mode))

    def named(self, level: EntityType) -> set[str]:
        """Ids of the entities of that level that have a rule."""
        return {rule.entity_id for rule in self.rules if rule.entity_type is level}

    def differing(self, other: "RuleSet", level: EntityType) -> set[str]:
        """Ids of the entities for which only one of the two has a rule, or each another."""
        named = self.named(level) | other.named(level)
        return {entity for entity in named if self.rule_for(level, entity) != other.rule_for(level, entity)}

    @cached_property
    def digest(self) -> str:
        """Tells one set of rules from another, in whatever order they stand and whatever their entities are called."""
        return digest_of(*sorted(f"{rule.entity_type}:{rule.mode}:{rule.entity_id}" for rule in self.rules))

    def count(self) -> Counter[EntityType]:
        return Counter(rule.entity_type for rule in self.rules)


def _level_mode(rules: Iterable[Rule], level: EntityType) -> Mode:
    modes = {rule.mode for rule in rules if rule.entity_type == level}
    if FilterMode.INCLUDE in modes:
        return Mode.INCLUDE
    return Mode.EXCLUDE if modes else Mode.ALL


def decide(
    rules: RuleSet, store_id: str, lineage: tuple[str, ...] | None = None, product_id: str | None = None
) -> Decision:
    """In or out, on which level and by which rule.

    `lineage` runs from the product's group up to the root; () for a product without a group, None when a store
    itself is asked about. Without `product_id` the question is about the group at the head of `lineage`.
    """
    questions: list[tuple[EntityType, tuple[str, ...]]] = [(EntityType.STORE, (store_id,))]
    if lineage is not None:
        questions.append((EntityType.GROUP, lineage))
    if product_id is not None:
        questions.append((EntityType.PRODUCT, (product_id,)))
    verdict = Decision(included=True)
    for level, ids in questions:
        decision = _decide_level(rules, level, ids)
        if not decision.included:
            return decision
        if decision.level is not None:
            verdict = decision
    return verdict


def decide_unnamed(rules: RuleSet, store_id: str, lineage: tuple[str, ...]) -> Decision:
    """Of every product in that place that no rule names."""
    return decide(rules, store_id, lineage, _NOBODY)


def unnamed_differ(before: RuleSet, after: RuleSet) -> Callable[[str, tuple[str, ...]], bool]:
    """Asked with a store id and a lineage: whether products there that no rule names are decided on otherwise."""
    is_everywhere = any(before.mode(level) is not after.mode(level) for level in EntityType)
    stores, groups = (before.differing(after, level) for level in (EntityType.STORE, EntityType.GROUP))

    def differ(store_id: str, lineage: tuple[str, ...]) -> bool:
        is_concerned = is_everywhere or store_id in stores or not groups.isdisjoint(lineage)
        return is_concerned and decide_unnamed(before, store_id, lineage) != decide_unnamed(after, store_id, lineage)

    return differ


_NOBODY = "\0"
"""No id of Evotor's."""


def _decide_level(rules: RuleSet, level: EntityType, ids: tuple[str, ...]) -> Decision:
    """`ids` from the entity itself up through its ancestors; the nearest rule is the one that is named."""
    for entity_id in ids:
        if rules.rule_for(level, entity_id) is FilterMode.EXCLUDE:
            return Decision(included=False, level=level, decided_by=entity_id)
    if rules.mode(level) is not Mode.INCLUDE:
        return Decision(included=True)
    for entity_id in ids:
        if rules.rule_for(level, entity_id) is FilterMode.INCLUDE:
            return Decision(included=True, level=level, decided_by=entity_id)
    return Decision(included=False, level=level)


class Status(StrEnum):
    NOT_CONFIGURED = "not_configured"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    ACTIVE = "active"
    PAUSED = "paused"


def configuration_status(*, is_enabled: bool, is_confirmed: bool, rules: RuleSet) -> Status:
    """`paused` and `active` win over the first two."""
    if is_confirmed:
        return Status.ACTIVE if is_enabled else Status.PAUSED
    if rules.mode(EntityType.STORE) is Mode.ALL:
        return Status.NOT_CONFIGURED
    return Status.AWAITING_CONFIRMATION
