"""Why a product or a group is in or out: the way from the store down to it, and the one press that changes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.domain.catalog.goods import Product
from app.domain.listing.fitness import SkipReason
from app.domain.planning.selection import StoreGoods, decisions
from app.domain.rules import Decision, EntityType, FilterMode, Mode, RuleSet, decide
from app.models import User
from app.services.catalog.criteria import Criteria
from app.services.catalog.load import load_products, load_store
from app.services.errors import UnknownEntity


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
    rules: RuleSet
    goods: StoreGoods
    lineage: tuple[str, ...]
    product: Product | None

    def decided(self, rules: RuleSet) -> Decision:
        return decide(rules, self.goods.store.id, self.lineage, self.product.id if self.product else None)

    def name_of(self, level: EntityType, entity_id: str) -> str:
        if level is EntityType.STORE:
            return self.goods.store.name
        if level is EntityType.GROUP:
            return self.goods.tree.groups[entity_id].name or entity_id
        return (self.product.name if self.product else "") or entity_id

    @property
    def way(self) -> list[tuple[EntityType, str | None]]:
        """From the store down to what is asked about."""
        groups: tuple[str | None, ...] = tuple(reversed(self.lineage)) or (None,)
        product = [(EntityType.PRODUCT, self.product.id)] if self.product else []
        return [(EntityType.STORE, self.goods.store.id), *((EntityType.GROUP, group) for group in groups), *product]


def explain_product(user: User, store_id: str, product_id: str) -> Explanation:
    """Raises UnknownEntity."""
    goods, criteria = load_store(user.id, store_id, texts=False, facts=False), Criteria.of(user)
    product = load_products(user.id, store_id, [product_id]).get(product_id)
    if product is None:
        raise UnknownEntity
    question = _Question(criteria.rules, goods, goods.tree.lineage(product.group_id), product)
    problem = criteria.skip_reason(goods, product, question.decided(criteria.rules))
    return _answered(question, EntityType.PRODUCT, product.id, problem)


def explain_group(user: User, store_id: str, group_id: str) -> Explanation:
    """Raises UnknownEntity."""
    goods = load_store(user.id, store_id, texts=False, facts=False)
    if group_id not in goods.tree.groups:
        raise UnknownEntity
    question = _Question(Criteria.of(user).rules, goods, goods.tree.lineage(group_id), None)
    return _answered(question, EntityType.GROUP, group_id, None)


def _answered(question: _Question, level: EntityType, entity_id: str, problem: SkipReason | None) -> Explanation:
    decision = question.decided(question.rules)
    return Explanation(
        store_id=question.goods.store.id,
        store_name=question.goods.store.name,
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
    return Remedy(
        level=place[0],
        id=place[1],
        name=question.name_of(place[0], place[1]),
        rule=question.rules.rule_for(place[0], place[1]),
        mode=mode,
        after=question.decided(then),
        selected_now=_selected(question.goods, question.rules),
        selected_then=_selected(question.goods, then),
    )


def _selected(goods: StoreGoods, rules: RuleSet) -> int:
    return sum(decision.included for _, decision in decisions(goods, rules))
