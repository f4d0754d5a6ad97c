"""The cheapest rules that come to what is wanted, found level by level: stores, the trees of their groups, products.

Each level either lets only what is included through, or everything but the excluded: eight ways together. For each of
them every place has its costs, whether it is reached or not; they add up from the leaves to the stores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from app.domain.catalog.goods import GroupTree
from app.domain.rules import EntityType, FilterMode, Mode, decide
from app.domain.ticks.aim import MOST_CHANGES, Key, Place, Question

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE

_RULE, _FLIP, _ELSEWHERE, _SURPRISE, _CHANGE = (1 << 20 * place for place in range(5))
"""Costs in one number, the weightiest first: changes of rules; places whose later goods would surprise; changes of
rules that were not pressed; levels that get another mode; rules that stand afterwards. None comes to a million."""
_LIMIT = (MOST_CHANGES + 1) * _CHANGE

_BITS = {STORE: 1, GROUP: 2, PRODUCT: 4}
"""Of the levels on which a rule has to be found that keeps the mode."""

Plan = object
"""None, a (key, rule), or a list of plans."""
Values = dict[int, tuple[int, Plan]]
"""{levels provided for: (cost, plan)}; empty = it cannot be had."""


class _State(Enum):
    """Of a group, by the rules on the way down to it."""

    DEAD = 0
    UNDECIDED = 1
    INCLUDED = 2


@dataclass(slots=True)
class Node:
    group: str
    above: int
    """Number of the node above; -1 = none."""
    ends: list[str]
    """Groups whose whole way up is gone here: all of a circle at its last one."""
    places: list[Place]


def all_whitelists() -> Iterator[frozenset[EntityType]]:
    for number in range(8):
        yield frozenset(level for level, bit in _BITS.items() if number & bit)


@dataclass(slots=True)
class Search:
    """Over one question and one choice of whitelists; `fixed`: rules that are given, and paid for elsewhere."""

    question: Question
    whitelists: frozenset[EntityType]
    fixed: Mapping[Key, FilterMode | None]
    nodes: Mapping[str, Sequence[Node]]
    needed: int = field(init=False, default=0)
    lost: list[Key] = field(init=False, default_factory=list)

    def cheapest(self) -> tuple[int, dict[Key, FilterMode | None]] | None:
        """The cost and the changes; None where nothing does, or only too many changes would."""
        is_chosen_at_last = self.question.must_choose_stores and self.question.rules.mode(STORE) is Mode.ALL
        if is_chosen_at_last and STORE not in self.whitelists:
            return None
        if any(rule is INCLUDE and key[0] not in self.whitelists for key, rule in self.fixed.items()):
            return None
        self._look_at_what_is_lost()
        total: Values = {0: (self._constant(), [(key, None) for key in self.lost])}
        for store_id in self.question.catalog.trees:
            total = _both(total, self._store(store_id))
        found = total.get(self.needed)
        if found is None or found[0] >= _LIMIT:
            return None
        return found[0], self._changes(found[1])

    def _look_at_what_is_lost(self) -> None:
        """Rules of entities that are no longer in the catalog keep a whitelist, or have to go with it."""
        rules, kept = self.question.rules, 0
        for rule in rules.rules:
            key = (rule.entity_type, rule.entity_id)
            is_wanted = rule.mode is (INCLUDE if rule.entity_type in self.whitelists else EXCLUDE)
            if not self._is_there(key):
                kept |= _BITS[rule.entity_type] if is_wanted else 0
                if rule.mode is INCLUDE and not is_wanted:
                    self.lost.append(key)
        for key, mode in self.fixed.items():
            kept |= _BITS[key[0]] if mode is INCLUDE else 0
        if STORE in self.whitelists or self.question.needs_store_rule:
            self.needed |= _BITS[STORE]
        if not self.question.shows_anything:
            self.needed |= sum(_BITS[level] for level in (GROUP, PRODUCT) if level in self.whitelists)
        self.needed &= ~kept

    def _is_there(self, key: Key) -> bool:
        return key in self.question.present

    def _constant(self) -> int:
        rules = self.question.rules
        flips = sum((rules.mode(level) is Mode.INCLUDE) is not (level in self.whitelists) for level in EntityType)
        is_surprise = (not self.whitelists) is not self.question.elsewhere_wish
        return flips * _FLIP + is_surprise * _SURPRISE + sum(self._cost(key, None) for key in self.lost)

    # From the leaves to the stores

    def _store(self, store_id: str) -> Values:
        below = self._groups(store_id)
        key, found = (STORE, store_id), Values()
        rules = self.question.rules
        is_new_mode = self.question.must_choose_stores and rules.mode(STORE) is not Mode.INCLUDE
        is_chosen = is_new_mode and decide(rules, store_id).included
        for rule in self._allowed(key):
            passes = rule is INCLUDE if STORE in self.whitelists else rule is not EXCLUDE
            if self.question.empty(store_id) and passes is not self.question.aim.shown:
                continue
            if STORE in self.whitelists and is_chosen and not passes:
                continue
            root = self._leaf(self.question.places[store_id, ()], passes and GROUP not in self.whitelists)
            inside = _both(root, below[_State.UNDECIDED if passes else _State.DEAD])
            keeps = rule is (INCLUDE if STORE in self.whitelists else EXCLUDE)
            _either(found, _both(inside, self._set(key, rule, keeps=keeps)))
        return found

    def _groups(self, store_id: str) -> dict[_State, Values]:
        """What all groups of the store cost, for each state of what is above them."""
        nodes = self.nodes[store_id]
        nothing: Values = {0: (0, None)}
        below = [dict.fromkeys(_State, nothing) for _ in nodes]
        roots = dict.fromkeys(_State, nothing)
        for number in range(len(nodes) - 1, -1, -1):
            node = nodes[number]
            here = self._here(store_id, node, below[number])
            around = below[node.above] if node.above >= 0 else roots
            for state in _State:
                around[state] = _both(around[state], self._ruled(node, here, state))
        return roots

    def _here(self, store_id: str, node: Node, below: dict[_State, Values]) -> dict[_State, Values]:
        """By the state of the group itself."""
        here = {}
        is_empty = any(self.question.empty(store_id, group) for group in node.ends)
        for state in _State:
            passes = state is (_State.INCLUDED if GROUP in self.whitelists else _State.UNDECIDED)
            values = below[state]
            for place in node.places:
                values = _both(values, self._leaf(place, passes))
            here[state] = {} if is_empty and passes is not self.question.aim.shown else values
        return here

    def _ruled(self, node: Node, here: dict[_State, Values], above: _State) -> Values:
        found, key = Values(), (GROUP, node.group)
        for rule in self._allowed(key):
            state = above
            if above is not _State.DEAD and rule is not None:
                state = _State.DEAD if rule is EXCLUDE else _State.INCLUDED
            _either(found, _both(here[state], self._set(key, rule, keeps=rule is INCLUDE)))
        return found

    def _leaf(self, place: Place, passes: bool) -> Values:
        only_included = PRODUCT in self.whitelists
        unnamed = passes and not only_included
        cost, plan = (_SURPRISE if unnamed is not place.wish else 0), list[Plan]()
        if place.plain and unnamed is not place.wish:
            if not passes or len(place.plain) > MOST_CHANGES:
                return {}
            rule = INCLUDE if only_included else EXCLUDE
            plan += [((PRODUCT, one), rule) for one in place.plain]
            cost += len(place.plain) * (_CHANGE + _ELSEWHERE + _RULE)
        provided = 0
        for one in place.named:
            key: Key = (PRODUCT, one.id)
            rule_of = self.fixed[key] if key in self.fixed else self._best(one.rule, one.wish, passes)
            shows = passes and (rule_of is INCLUDE if only_included else rule_of is not EXCLUDE)
            if shows is not one.wish:
                return {}
            provided |= _BITS[PRODUCT] if rule_of is INCLUDE else 0
            if key not in self.fixed:
                cost += self._cost(key, rule_of)
                plan.append((key, rule_of))
        provided &= self.needed
        values: Values = {provided: (cost, plan)}
        if self.needed & _BITS[PRODUCT] and not provided and not passes:
            self._keep_whitelist(place, values, cost, plan)
        return values

    def _keep_whitelist(self, place: Place, values: Values, cost: int, plan: list[Plan]) -> None:
        """By an include of a product that nothing shows."""
        keys = [(PRODUCT, one.id) for one in place.named] + [(PRODUCT, one) for one in place.plain[:1]]
        free = [key for key in keys if key not in self.fixed]
        if free:
            best = min(free, key=lambda key: self._cost(key, INCLUDE) - self._cost(key, self._rule(key)))
            values[_BITS[PRODUCT]] = (cost + self._cost(best, INCLUDE), [plan, (best, INCLUDE)])

    def _best(self, rule: FilterMode | None, wish: bool, passes: bool) -> FilterMode | None:
        """The rule that comes to the wish, or the present one where it does not matter."""
        if PRODUCT in self.whitelists:
            if not passes:
                return rule
            return INCLUDE if wish else (None if rule is INCLUDE else rule)
        if not passes:
            return None if rule is INCLUDE else rule
        return None if wish else EXCLUDE

    # Rules and what they cost

    def _allowed(self, key: Key) -> Sequence[FilterMode | None]:
        if key in self.fixed:
            return (self.fixed[key],)
        present = self._rule(key)
        rules: list[FilterMode | None] = [present, None, EXCLUDE, INCLUDE]
        legal = [rule for rule in rules if rule is not INCLUDE or key[0] in self.whitelists]
        return list(dict.fromkeys(legal))

    def _set(self, key: Key, rule: FilterMode | None, *, keeps: bool) -> Values:
        provided = _BITS[key[0]] & self.needed if keeps else 0
        return {provided: (0 if key in self.fixed else self._cost(key, rule), (key, rule))}

    def _rule(self, key: Key) -> FilterMode | None:
        return self.question.rules.rule_for(*key)

    def _cost(self, key: Key, rule: FilterMode | None) -> int:
        return cost_of(self.question, key, rule)

    def _changes(self, plan: Plan) -> dict[Key, FilterMode | None]:
        found, waiting = dict[Key, FilterMode | None](), [plan]
        while waiting:
            one = waiting.pop()
            if isinstance(one, list):
                waiting.extend(reversed(one))
            elif isinstance(one, tuple):
                found[one[0]] = one[1]
        return {key: rule for key, rule in found.items() if rule is not self._rule(key)}


def cost_of(question: Question, key: Key, rule: FilterMode | None) -> int:
    if question.rules.rule_for(*key) is rule:
        return 0
    return _CHANGE + (0 if key in question.aim.keys else _ELSEWHERE) + (0 if rule is None else _RULE)


def _both(one: Values, other: Values) -> Values:
    found = Values()
    for provided, (cost, plan) in one.items():
        for more, (rest, others) in other.items():
            total, key = cost + rest, provided | more
            if total < _LIMIT and (key not in found or total < found[key][0]):
                found[key] = (total, [plan, others])
    return found


def _either(found: Values, other: Values) -> None:
    for provided, option in other.items():
        if provided not in found or option[0] < found[provided][0]:
            found[provided] = option


def nodes_of(question: Question, store_id: str) -> Sequence[Node]:
    """The groups of a store, each below the one above it; those of a circle in one line, with all goods at its end."""
    tree = question.catalog.trees[store_id]
    circles = {group: _circle(tree, group) for group in tree.groups}
    ends = {group: circle[-1] if circle else group for group, circle in circles.items()}
    above: dict[str, str | None] = {}
    below: dict[str | None, list[str]] = {}
    for group, circle in circles.items():
        if circle:
            place = circle.index(group)
            above[group] = circle[place - 1] if place else None
        else:
            lineage = tree.lineage(group)
            above[group] = ends[lineage[1]] if len(lineage) > 1 else None
        below.setdefault(above[group], []).append(group)
    order = list(below.get(None, ()))
    for group in order:
        order += below.get(group, ())
    numbers = {group: number for number, group in enumerate(order)}
    nodes = [Node(group, -1 if above[group] is None else numbers[above[group] or ""], [], []) for group in order]
    for group in tree.groups:
        end = nodes[numbers[ends[group]]]
        end.ends.append(group)
        end.places.append(question.places[store_id, tree.lineage(group)])
    return nodes


def _circle(tree: GroupTree, group: str) -> list[str]:
    """All groups of the circle that the group is in, in one order; empty where it is in none."""
    way = tree.lineage(group)
    return sorted(way) if tree.groups[way[-1]].parent_id == group else []
