"""The answer to a press: the fewest changes of rules after which it holds and nothing else is another."""

from collections.abc import Iterator, Mapping
from itertools import product

from app.domain.rules import EntityType, FilterMode, Mode, RuleSet, decide
from app.domain.ticks.aim import MOST_CHANGES, Aim, Catalog, Changes, Key, Press, Question, with_changes
from app.domain.ticks.search import Search, all_whitelists, cost_of, nodes_of

STORE, GROUP = EntityType.STORE, EntityType.GROUP
_TRIED = 800
"""So many places are gone through, again for every choice of rules of the ids that stand in several of them; where it
would be more, those that were not pressed keep theirs."""


def answer(catalog: Catalog, rules: RuleSet, press: Press) -> Changes | None:
    """Empty where it holds already; None where at most 200 changes come to nothing that is exact."""
    return solved(Question(catalog, rules, Aim.of(press), catalog.shared()))


def solved(question: Question) -> Changes | None:
    """The cheapest changes that come to what the question asks; None where there are none."""
    nodes = {store_id: nodes_of(question, store_id) for store_id in question.catalog.trees}
    found: list[tuple[int, Changes]] = []
    for fixed in _fixed(question):
        paid = sum(cost_of(question, key, rule) for key, rule in fixed.items())
        for whitelists in all_whitelists():
            if best := Search(question, whitelists, fixed, nodes).cheapest():
                changes: Changes = {**best[1], **_differing(question.rules, fixed)}
                found.append((best[0] + paid, changes))
    for _, changes in sorted(found, key=lambda option: option[0]):
        if holds(question, changes):
            return changes
    return None


def _differing(rules: RuleSet, fixed: Mapping[Key, FilterMode | None]) -> Changes:
    return {key: rule for key, rule in fixed.items() if rules.rule_for(*key) is not rule}


def _fixed(question: Question) -> Iterator[dict[Key, FilterMode | None]]:
    """Rules given for the ids that stand in several places: each in turn, in a small catalog with few of them."""
    shared, rules = question.shared, (None, *FilterMode)
    if len(rules) ** min(len(shared), _TRIED) * len(question.places) <= _TRIED:
        for some in product(rules, repeat=len(shared)):
            yield dict(zip(shared, some, strict=True))
        return
    present = {key: question.rules.rule_for(*key) for key in shared}
    yield present
    if pressed := question.aim.keys.intersection(shared):
        for rule in rules:
            yield {**present, **dict.fromkeys(pressed, rule)}


def holds(question: Question, changes: Changes) -> bool:
    """By `decide`, over all products: those that no rule names are decided on together."""
    if len(changes) > MOST_CHANGES:
        return False
    after = with_changes(question.rules, changes)
    for place in question.places.values():
        for one, _, verdict in place.verdicts(after, changes):
            if verdict is not (one.wish if one else place.wish):
                return False
    return _stores_hold(question, after) and all(
        decide(after, store_id, lineage).included is question.aim.shown for store_id, lineage in _empty(question)
    )


def _stores_hold(question: Question, after: RuleSet) -> bool:
    if question.needs_store_rule and after.mode(STORE) is Mode.ALL:
        return False
    if not question.must_choose_stores or question.rules.mode(STORE) is Mode.INCLUDE:
        return True
    if after.mode(STORE) is not Mode.INCLUDE:
        return question.rules.mode(STORE) is not Mode.ALL
    passed = [store_id for store_id in question.catalog.trees if decide(question.rules, store_id).included]
    return all(decide(after, store_id).included for store_id in passed)


def _empty(question: Question) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    for store_id, tree in question.catalog.trees.items():
        if question.empty(store_id):
            yield store_id, None
        for group in tree.groups:
            if question.empty(store_id, group):
                yield store_id, tree.lineage(group)
