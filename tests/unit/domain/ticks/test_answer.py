"""A press on a tick: what it wants holds, nothing else moves, and no smaller change would do."""

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.catalog.goods import GroupTree
from app.domain.rules import EntityType, FilterMode, Mode, Rule, RuleSet, decide
from app.domain.ticks.aim import Catalog, Changes, Key, Press, with_changes
from app.domain.ticks.answer import answer
from app.domain.ticks.tick import Tick, tick
from app.domain.ticks.ways import ways
from tests.factories import a_group

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE
Place = tuple[str, tuple[str, ...], str]


def press(level: EntityType, *ids: str, shown: bool) -> Press:
    return Press(level, frozenset(ids), shown)


def rule_set(**modes: FilterMode) -> RuleSet:
    """By ids that begin with s, g or p."""
    levels = {"s": STORE, "g": GROUP, "p": PRODUCT}
    return RuleSet(tuple(Rule(levels[one[0]], one, mode) for one, mode in modes.items()))


def a_shop(goods: int = 3, ungrouped: int = 1) -> Catalog:
    """One store: a group with some products, another with one, and products without a group."""
    tree = GroupTree.of([a_group("g"), a_group("g2")])
    inside = [f"p{number}" for number in range(goods)]
    apart = ["pu", *(f"pu{number}" for number in range(1, ungrouped))]
    return Catalog({"s": tree}, {("s", "g"): inside, ("s", "g2"): ["pq"], ("s", None): apart})


def all_products(catalog: Catalog) -> Iterator[Place]:
    for (store_id, group_id), ids in catalog.products.items():
        for product_id in ids:
            yield store_id, catalog.trees[store_id].lineage(group_id), product_id


def shown(catalog: Catalog, rules: RuleSet) -> dict[Place, bool]:
    return {place: decide(rules, *place).included for place in all_products(catalog)}


def is_pressed(asked: Press, place: Place) -> bool:
    ids = {STORE: {place[0]}, GROUP: set(place[1]), PRODUCT: {place[2]}}[asked.level]
    return not asked.ids.isdisjoint(ids)


def wanted(catalog: Catalog, rules: RuleSet, asked: Press) -> dict[Place, bool]:
    before = shown(catalog, rules)
    return {place: asked.shown if is_pressed(asked, place) else verdict for place, verdict in before.items()}


def does(catalog: Catalog, rules: RuleSet, asked: Press, after: RuleSet) -> bool:
    """All that an exact answer has to keep, by `decide` alone."""
    if shown(catalog, after) != wanted(catalog, rules, asked):
        return False
    places = list(all_products(catalog))
    for store_id, tree in catalog.trees.items():
        asks: list[tuple[str, tuple[str, ...] | None]] = []
        if asked.level is STORE and store_id in asked.ids and not any(place[0] == store_id for place in places):
            asks.append((store_id, None))
        if asked.level is GROUP:
            here = asked.ids & tree.groups.keys()
            hollow = [one for one in here if not any(place[0] == store_id and one in place[1] for place in places)]
            asks += [(store_id, tree.lineage(group)) for group in hollow]
        if any(decide(after, *ask).included is not asked.shown for ask in asks):
            return False
    return stores_are_chosen(catalog, rules, asked, after)


def stores_are_chosen(catalog: Catalog, rules: RuleSet, asked: Press, after: RuleSet) -> bool:
    is_store_shown = asked.level is STORE and asked.shown
    if (is_store_shown or rules.named(STORE)) and after.mode(STORE) is Mode.ALL:
        return False
    if not is_store_shown or rules.mode(STORE) is Mode.INCLUDE:
        return True
    if after.mode(STORE) is not Mode.INCLUDE:
        return rules.mode(STORE) is not Mode.ALL
    return all(decide(after, one).included for one in catalog.trees if decide(rules, one).included)


def fewest(catalog: Catalog, rules: RuleSet, asked: Press) -> int | None:
    """By trying every set of rules."""
    present = {(rule.entity_type, rule.entity_id): rule.mode for rule in rules.rules}
    known: list[Key] = [(STORE, one) for one in catalog.trees]
    known += [(GROUP, one) for tree in catalog.trees.values() for one in tree.groups]
    known += [(PRODUCT, place[2]) for place in all_products(catalog)]
    choices: dict[Key, Sequence[FilterMode | None]] = dict.fromkeys(known, (None, INCLUDE, EXCLUDE))
    choices |= {key: (present[key], None) for key in present if key not in choices}
    best: int | None = None
    for modes in product(*choices.values()):
        changes = {key: mode for key, mode in zip(choices, modes, strict=True) if present.get(key) is not mode}
        if (best is None or len(changes) < best) and does(catalog, rules, asked, with_changes(rules, changes)):
            best = len(changes)
    return best


@st.composite
def catalogs(draw: st.DrawFn, *, largest: int, ids: str = "apart") -> Catalog:
    """Up to two stores with groups that nest, lie in circles or hang on nothing; at most `largest` groups and goods."""
    trees, products, left = dict[str, GroupTree](), dict[tuple[str, str | None], list[str]](), largest
    for store_id in ("s", "s2")[: draw(st.integers(1, 2))]:
        mark = "" if ids == "alike" else store_id
        groups = [f"g{mark}{one}" for one in range(draw(st.integers(0, min(3, left))))]
        parents = st.sampled_from([None, "nowhere", *groups])
        trees[store_id] = GroupTree.of([a_group(group, draw(parents)) for group in groups])
        left -= len(groups)
        goods = [f"p{mark}{one}" for one in range(draw(st.integers(0, min(4, left))))]
        left -= len(goods)
        for product_id in goods:
            products.setdefault((store_id, draw(parents)), []).append(product_id)
    return Catalog(trees, products)


@st.composite
def asks(draw: st.DrawFn, *, largest: int = 8, ids: str = "apart") -> tuple[Catalog, RuleSet, Press]:
    catalog = draw(catalogs(largest=largest, ids=ids))
    known: dict[EntityType, list[str]] = {
        STORE: [*catalog.trees],
        GROUP: sorted({one for tree in catalog.trees.values() for one in tree.groups}),
        PRODUCT: sorted({place[2] for place in all_products(catalog)}),
    }
    keys = [(level, one) for level, ones in known.items() for one in [*ones, f"{level}-gone"]]
    modes = draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(FilterMode), max_size=6))
    level = draw(st.sampled_from([level for level, ones in known.items() if ones]))
    pressed = draw(st.sets(st.sampled_from(known[level]), min_size=1, max_size=3))
    rules = RuleSet(tuple(Rule(*key, mode) for key, mode in modes.items()))
    return catalog, rules, Press(level, frozenset(pressed), draw(st.booleans()))


@settings(deadline=None, max_examples=300)
@given(asks(largest=14))
def test_what_was_pressed_holds_and_nothing_else_moves(asked: tuple[Catalog, RuleSet, Press]) -> None:
    changes = answer(*asked)
    if changes is not None:
        assert does(*asked, with_changes(asked[1], changes)) and len(changes) <= 200


@settings(deadline=None, max_examples=60)
@given(asks(largest=4))
def test_no_fewer_changes_would_do_and_none_is_said_where_none_do(asked: tuple[Catalog, RuleSet, Press]) -> None:
    changes = answer(*asked)
    assert (None if changes is None else len(changes)) == fewest(*asked)


@settings(deadline=None, max_examples=200)
@given(asks(largest=8, ids="alike"))
def test_one_id_in_two_stores_stays_exact(asked: tuple[Catalog, RuleSet, Press]) -> None:
    changes = answer(*asked)
    if changes is not None:
        assert does(*asked, with_changes(asked[1], changes))


@settings(deadline=None, max_examples=200)
@given(asks(largest=10))
def test_the_opposite_press_brings_the_verdicts_back(asked: tuple[Catalog, RuleSet, Press]) -> None:
    catalog, rules, pressed = asked
    before = shown(catalog, rules)
    changes = answer(*asked)
    if changes is None or any(
        verdict is pressed.shown for place, verdict in before.items() if is_pressed(pressed, place)
    ):
        return
    after = with_changes(rules, changes)
    back = answer(catalog, after, Press(pressed.level, pressed.ids, not pressed.shown))
    assert back is None or shown(catalog, with_changes(after, back)) == before


@settings(deadline=None, max_examples=200)
@given(asks(largest=10))
def test_a_way_does_what_was_pressed_and_counts_truly_what_else_moves(asked: tuple[Catalog, RuleSet, Press]) -> None:
    catalog, rules, pressed = asked
    before = shown(catalog, rules)
    offered = ways(catalog, rules, pressed)
    assert len(offered) <= 3 and [way.moved for way in offered] == sorted(way.moved for way in offered)
    for way in offered:
        after = shown(catalog, with_changes(rules, way.changes))
        others = [place for place in before if not is_pressed(pressed, place)]
        assert all(after[place] is pressed.shown for place in before if is_pressed(pressed, place))
        assert way.coming.count == sum(after[place] and not before[place] for place in others)
        assert way.going.count == sum(before[place] and not after[place] for place in others)
        assert len(way.changes) <= 200


@pytest.mark.parametrize(
    ("rules", "pressed", "changes"),
    [
        (rule_set(s=INCLUDE), press(PRODUCT, "p0", shown=False), {(PRODUCT, "p0"): EXCLUDE}),
        (rule_set(s=INCLUDE), press(GROUP, "g2", shown=False), {(GROUP, "g2"): EXCLUDE}),
        (rule_set(s=INCLUDE, p0=EXCLUDE), press(PRODUCT, "p0", shown=True), {(PRODUCT, "p0"): None}),
        (
            rule_set(s=INCLUDE, g=EXCLUDE),
            press(PRODUCT, "p0", shown=True),
            {(GROUP, "g"): None, (PRODUCT, "p1"): EXCLUDE, (PRODUCT, "p2"): EXCLUDE},
        ),
        (rule_set(s=INCLUDE), press(STORE, "s", shown=False), {(STORE, "s"): EXCLUDE}),
        (rule_set(), press(STORE, "s", shown=True), {(STORE, "s"): INCLUDE}),
        (rule_set(s=EXCLUDE), press(STORE, "s", shown=True), {(STORE, "s"): INCLUDE}),
        (rule_set(s=INCLUDE), press(STORE, "s", shown=True), {}),
        (rule_set(s=INCLUDE, g=INCLUDE), press(GROUP, "g2", shown=True), {(GROUP, "g2"): INCLUDE}),
        (
            rule_set(s=INCLUDE, g=INCLUDE),
            press(PRODUCT, "pu", shown=True),
            {(GROUP, "g"): None, (GROUP, "g2"): EXCLUDE},
        ),
    ],
)
def test_a_press_changes_as_little_as_can_be(rules: RuleSet, pressed: Press, changes: Changes) -> None:
    assert answer(a_shop(), rules, pressed) == changes


def test_a_store_is_chosen_together_with_all_that_were_shown_before() -> None:
    catalog = Catalog({"s": GroupTree({}), "s2": GroupTree({})}, {("s", None): ["p"]})
    found = answer(catalog, rule_set(), press(STORE, "s", shown=True))
    assert found == {(STORE, "s"): INCLUDE, (STORE, "s2"): INCLUDE}


def test_more_than_two_hundred_changes_are_none() -> None:
    rules = rule_set(s=INCLUDE, g=EXCLUDE)
    asked = press(PRODUCT, "p0", shown=True)
    assert len(answer(a_shop(200, ungrouped=300), rules, asked) or ()) == 200
    assert answer(a_shop(201, ungrouped=300), rules, asked) is None


def test_one_of_a_large_group_comes_with_the_group_or_alone() -> None:
    rules = rule_set(s=INCLUDE, g=EXCLUDE)
    offered = ways(a_shop(2_209, ungrouped=300), rules, press(PRODUCT, "p0", shown=True))
    told = [(way.name, way.coming.count, way.going.count) for way in offered]
    assert told == [("only", 0, 301), ("group", 2_208, 0)]
    assert offered[1].within == ((GROUP, "g"),) and offered[1].changes == {(GROUP, "g"): None}


def test_new_goods_follow_a_pressed_group() -> None:
    catalog = Catalog({"s": GroupTree.of([a_group("g")])}, {("s", "g"): ["p"], ("s", None): ["pu"]})
    assert answer(catalog, rule_set(s=INCLUDE), press(GROUP, "g", shown=False)) == {(GROUP, "g"): EXCLUDE}
    assert answer(catalog, rule_set(s=INCLUDE), press(PRODUCT, "p", shown=False)) == {(PRODUCT, "p"): EXCLUDE}


@pytest.mark.parametrize(
    ("selected", "total", "passes", "expected"),
    [
        (0, 3, True, Tick.HIDDEN),
        (3, 3, False, Tick.SHOWN),
        (1, 3, True, Tick.PARTLY),
        (0, 0, True, Tick.SHOWN),
        (0, 0, False, Tick.HIDDEN),
    ],
)
def test_a_tick_follows_the_counts(selected: int, total: int, passes: bool, expected: Tick) -> None:
    assert tick(selected, total, passes=passes) is expected
