"""Why a product or a group is in or out: the way from the store down to it, and the one press that changes it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.catalog.goods import GroupTree, Product, Store
from app.domain.listing.fitness import SkipReason
from app.domain.rules import Decision, EntityType, FilterMode, Mode, RuleSet, decide, decide_unnamed
from app.models import CatalogProduct, User
from app.services.catalog.verdicts import stored
from app.services.errors import UnknownEntity
from app.services.pages.goods.counts import counts_of
from app.services.pages.goods.group_tree import store_of, tree_of

_C = CatalogProduct.__table__.c


class LevelOutcome(StrEnum):
    PASSES = "passes"
    SILENT = "silent"
    """Has no say of its own: a group above or below the one that decides."""
    STOPS = "stops"
    UNREACHED = "unreached"
    """Something above stopped it already."""


@dataclass(frozen=True, slots=True)
class ExplainedLevel:
    level: EntityType
    id: str | None
    """None = the product stands in no group."""
    name: str
    rule: FilterMode | None
    mode: Mode
    """Of the whole level."""
    outcome: LevelOutcome
    decides: bool


@dataclass(frozen=True, slots=True)
class Remedy:
    """One rule whose change would turn the verdict, or at least take away what decides now.

    What is in by a rule of something larger is left out by a rule of its own: the others stay.
    """

    level: EntityType
    id: str
    name: str
    rule: FilterMode | None
    """The rule that it has now."""
    mode: FilterMode | None
    """The rule that it would get; None = none."""
    after: Decision
    """What would be decided then."""
    selected_now: int
    selected_then: int
    """Products of the store that the rules let through."""


@dataclass(frozen=True, slots=True)
class Explanation:
    store_id: str
    store_name: str
    name: str
    level: EntityType
    id: str
    decision: Decision
    steps: tuple[ExplainedLevel, ...]
    remedy: Remedy | None
    """None where no single rule would do: a product without a group while only some groups are let through."""
    problem: SkipReason | None


@dataclass(frozen=True, slots=True)
class _Question:
    user_id: int
    rules: RuleSet
    store: Store
    tree: GroupTree
    lineage: tuple[str, ...]
    product: Product | None

    def decided(self, rules: RuleSet) -> Decision:
        return decide(rules, self.store.id, self.lineage, self.product.id if self.product else None)

    def name_of(self, level: EntityType, entity_id: str) -> str:
        if level is EntityType.STORE:
            return self.store.name
        if level is EntityType.GROUP:
            return self.tree.groups[entity_id].name or entity_id
        return (self.product.name if self.product else "") or entity_id

    @property
    def way(self) -> list[tuple[EntityType, str | None]]:
        """From the store down to what is asked about."""
        groups: tuple[str | None, ...] = tuple(reversed(self.lineage)) or (None,)
        product = [(EntityType.PRODUCT, self.product.id)] if self.product else []
        return [(EntityType.STORE, self.store.id), *((EntityType.GROUP, group) for group in groups), *product]


def explain_product(user: User, store_id: str, product_id: str) -> Explanation:
    """Raises UnknownEntity."""
    rules = stored.ensure_current(user).rules
    store, tree = store_of(user.id, store_id), tree_of(user.id, store_id)
    product = sa.select(_C.name, _C.group_id, _C.included, _C.problem).where(
        _C.user_id == user.id, _C.store_id == store_id, _C.product_id == product_id
    )
    row = db.session.execute(product).one_or_none()
    if row is None:
        raise UnknownEntity
    asked = Product(product_id, row.name, row.group_id)
    question = _Question(user.id, rules, store, tree, tree.lineage(row.group_id), asked)
    problem = SkipReason(row.problem) if row.included and row.problem else None
    return _answered(question, EntityType.PRODUCT, product_id, problem)


def explain_group(user: User, store_id: str, group_id: str) -> Explanation:
    """Raises UnknownEntity."""
    rules = stored.ensure_current(user).rules
    store, tree = store_of(user.id, store_id), tree_of(user.id, store_id)
    if group_id not in tree.groups:
        raise UnknownEntity
    question = _Question(user.id, rules, store, tree, tree.lineage(group_id), None)
    return _answered(question, EntityType.GROUP, group_id, None)


def _answered(question: _Question, level: EntityType, entity_id: str, problem: SkipReason | None) -> Explanation:
    decision = question.decided(question.rules)
    return Explanation(
        store_id=question.store.id,
        store_name=question.store.name,
        name=question.name_of(level, entity_id),
        level=level,
        id=entity_id,
        decision=decision,
        steps=tuple(_steps(question, decision)),
        remedy=_remedy(question, decision, level, entity_id),
        problem=problem,
    )


def _steps(question: _Question, decision: Decision) -> Iterator[ExplainedLevel]:
    deciding = _deciding(question, decision)
    is_stopped = False
    for place in question.way:
        level, entity_id = place
        stops = place == deciding and not decision.included
        yield ExplainedLevel(
            level=level,
            id=entity_id,
            name=question.name_of(level, entity_id) if entity_id else "",
            rule=question.rules.rule_for(level, entity_id) if entity_id else None,
            mode=question.rules.mode(level),
            outcome=_outcome(question, decision, place, is_stopped=is_stopped, stops=stops),
            decides=place == deciding,
        )
        is_stopped = is_stopped or stops


def _deciding(question: _Question, decision: Decision) -> tuple[EntityType, str | None] | None:
    """A whitelist that names nothing on the way stops at the last place of its level."""
    if decision.level is None:
        return None
    if decision.decided_by is not None:
        return decision.level, decision.decided_by
    return [place for place in question.way if place[0] is decision.level][-1]


def _outcome(
    question: _Question, decision: Decision, place: tuple[EntityType, str | None], *, is_stopped: bool, stops: bool
) -> LevelOutcome:
    if stops:
        return LevelOutcome.STOPS
    if is_stopped:
        return LevelOutcome.UNREACHED
    level, entity_id = place
    rule = question.rules.rule_for(level, entity_id) if entity_id else None
    is_open = level is not EntityType.GROUP or question.rules.mode(level) is not Mode.INCLUDE
    if rule is FilterMode.INCLUDE or (is_open and not (level is decision.level and not decision.included)):
        return LevelOutcome.PASSES
    return LevelOutcome.SILENT


def _remedy(question: _Question, decision: Decision, level: EntityType, entity_id: str) -> Remedy | None:
    place, mode = _deciding(question, decision), None
    if decision.included:  # to drop the rule that lets it in may let everything in, or leave no store chosen
        place, mode = (level, entity_id), FilterMode.EXCLUDE
    elif decision.decided_by is None:
        mode = FilterMode.INCLUDE
    if place is None or place[1] is None:
        return None
    then = question.rules.having(place[0], place[1], mode)
    goods = _Goods.of(question)
    return Remedy(
        level=place[0],
        id=place[1],
        name=question.name_of(place[0], place[1]),
        rule=question.rules.rule_for(place[0], place[1]),
        mode=mode,
        after=question.decided(then),
        selected_now=goods.selected(question.rules),
        selected_then=goods.selected(then),
    )


@dataclass(frozen=True, slots=True)
class _Goods:
    """All of one store: by number where no rule names a product, those that one names apart."""

    store_id: str
    tree: GroupTree
    others: Mapping[str | None, int]
    """By group, as products name it."""
    named: Mapping[str, str | None]
    """{product id: its group}, that of the product in question among them."""

    @classmethod
    def of(cls, question: _Question) -> "_Goods":
        store_id = question.store.id
        named = _named_by_rules(question.user_id, store_id, question.rules)
        if question.product is not None:
            named[question.product.id] = question.product.group_id
        others: Counter[str | None] = Counter()
        for count in counts_of(question.user_id, store_id):
            others[count.group_id] += count.products
        others.subtract(Counter(group_id or None for group_id in named.values()))
        return cls(store_id, question.tree, others, named)

    def selected(self, rules: RuleSet) -> int:
        """How many products those rules let through."""
        way = self.tree.lineage
        unnamed = (
            number for group, number in self.others.items() if decide_unnamed(rules, self.store_id, way(group)).included
        )
        named = (decide(rules, self.store_id, way(group), product).included for product, group in self.named.items())
        return sum(unnamed) + sum(named)


def _named_by_rules(user_id: int, store_id: str, rules: RuleSet) -> dict[str, str | None]:
    here = sa.select(_C.product_id, _C.group_id).where(_C.user_id == user_id, _C.store_id == store_id)
    ids = (rule.entity_id for rule in rules.rules if rule.entity_type is EntityType.PRODUCT)
    found = (db.session.execute(here.where(_C.product_id.in_(some))) for some in in_chunks(ids))
    return {row[0]: row[1] for rows in found for row in rows}
