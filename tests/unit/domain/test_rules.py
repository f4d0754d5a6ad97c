"""The rules of the product, as tables and as properties that hold for every catalog."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog.goods import Group, GroupTree, Product, Store
from app.domain.planning.selection import StoreGoods, decisions
from app.domain.rules import (
    Decision,
    EntityType,
    FilterMode,
    Mode,
    Rule,
    RuleSet,
    Status,
    configuration_status,
    decide,
    decide_unnamed,
    unnamed_differ,
)
from tests.factories import a_group

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE

TREE = GroupTree.of([a_group("G"), a_group("S", "G"), a_group("H")])
"""G holds the subgroup S; H stands apart."""


def include(entity_type: EntityType, *ids: str) -> list[Rule]:
    return [Rule(entity_type, entity_id, INCLUDE) for entity_id in ids]


def exclude(entity_type: EntityType, *ids: str) -> list[Rule]:
    return [Rule(entity_type, entity_id, EXCLUDE) for entity_id in ids]


def verdict(rules: list[Rule], store: str = "A", group: str | None = None, product: str = "P") -> Decision:
    return decide(RuleSet(tuple(rules)), store, TREE.lineage(group), product)


def is_in(level: EntityType | None = None, decided_by: str | None = None) -> Decision:
    return Decision(included=True, level=level, decided_by=decided_by)


def out(level: EntityType, decided_by: str | None = None) -> Decision:
    return Decision(included=False, level=level, decided_by=decided_by)


@pytest.mark.parametrize(
    ("rules", "place", "expected"),
    [
        pytest.param([], {}, is_in(), id="no rules"),
        pytest.param([], {"store": "B", "group": "S"}, is_in(), id="no rules, deep in another store"),
        pytest.param(include(STORE, "A"), {"store": "A"}, is_in(STORE, "A"), id="include store A: of A"),
        pytest.param(include(STORE, "A"), {"store": "B"}, out(STORE), id="include store A: of B"),
        pytest.param(exclude(STORE, "A"), {"store": "A"}, out(STORE, "A"), id="exclude store A: of A"),
        pytest.param(exclude(STORE, "A"), {"store": "B"}, is_in(), id="exclude store A: of B"),
        pytest.param(
            [*exclude(STORE, "A"), *include(PRODUCT, "P")], {}, out(STORE, "A"), id="exclude store A, include product P"
        ),
        pytest.param(
            [*exclude(STORE, "A"), *include(GROUP, "G")],
            {"group": "G"},
            out(STORE, "A"),
            id="exclude store A, include its group G",
        ),
        pytest.param(include(GROUP, "G"), {"group": "G"}, is_in(GROUP, "G"), id="include group G: in G"),
        pytest.param(include(GROUP, "G"), {"group": "S"}, is_in(GROUP, "G"), id="include group G: in its subgroup"),
        pytest.param(include(GROUP, "G"), {"group": "H"}, out(GROUP), id="include group G: in H"),
        pytest.param(include(GROUP, "G"), {}, out(GROUP), id="include group G: without group"),
        pytest.param(include(GROUP, "S"), {"group": "G"}, out(GROUP), id="include subgroup S: in its parent"),
        pytest.param(exclude(GROUP, "G"), {"group": "S"}, out(GROUP, "G"), id="exclude group G: in its subgroup"),
        pytest.param(exclude(GROUP, "G"), {"group": "H"}, is_in(), id="exclude group G: in H"),
        pytest.param(exclude(GROUP, "G"), {}, is_in(), id="exclude group G: without group"),
        pytest.param(
            [*include(GROUP, "G"), *exclude(GROUP, "S")],
            {"group": "S"},
            out(GROUP, "S"),
            id="include G, exclude its subgroup S: in S",
        ),
        pytest.param(
            [*include(GROUP, "G"), *exclude(GROUP, "S")],
            {"group": "G"},
            is_in(GROUP, "G"),
            id="include G, exclude its subgroup S: elsewhere in G",
        ),
        pytest.param(
            [*exclude(GROUP, "G"), *include(GROUP, "S")],
            {"group": "S"},
            out(GROUP, "G"),
            id="exclude G, include its subgroup S: in S",
        ),
        pytest.param(
            [*include(PRODUCT, "P"), *exclude(GROUP, "G")],
            {"group": "G"},
            out(GROUP, "G"),
            id="include product P, exclude its group",
        ),
        pytest.param(include(PRODUCT, "P"), {}, is_in(PRODUCT, "P"), id="include product P: P"),
        pytest.param(include(PRODUCT, "P"), {"product": "Q"}, out(PRODUCT), id="include product P: any other"),
        pytest.param(
            [*exclude(PRODUCT, "P"), *include(GROUP, "G")],
            {"group": "G"},
            out(PRODUCT, "P"),
            id="exclude product P, include its group: P",
        ),
        pytest.param(
            [*exclude(PRODUCT, "P"), *include(GROUP, "G")],
            {"group": "G", "product": "Q"},
            is_in(GROUP, "G"),
            id="exclude product P, include its group: Q",
        ),
        pytest.param(
            [*include(STORE, "A"), *include(GROUP, "G"), *include(PRODUCT, "P")],
            {"group": "G"},
            is_in(PRODUCT, "P"),
            id="the lowest rule that lets pass is the one named",
        ),
    ],
)
def test_a_product_is_judged_as_the_table_says(rules: list[Rule], place: dict[str, str], expected: Decision) -> None:
    assert verdict(rules, **place) == expected


def test_a_store_is_verdicts_digest_store_rules_alone() -> None:
    rules = RuleSet((*include(STORE, "A"), *include(GROUP, "G"), *include(PRODUCT, "P")))

    assert decide(rules, "A") == is_in(STORE, "A")


def test_a_group_is_judged_without_product_rules() -> None:
    rules = RuleSet((*include(GROUP, "G"), *include(PRODUCT, "P")))

    assert decide(rules, "A", TREE.lineage("S")) == is_in(GROUP, "G")


@pytest.mark.parametrize(
    ("rules", "mode"),
    [
        ([], Mode.ALL),
        (exclude(GROUP, "x"), Mode.EXCLUDE),
        (include(GROUP, "x"), Mode.INCLUDE),
        ([*exclude(GROUP, "x"), *include(GROUP, "y")], Mode.INCLUDE),
        (include(STORE, "x"), Mode.ALL),
    ],
)
def test_one_include_makes_a_whitelist_of_its_type_only(rules: list[Rule], mode: Mode) -> None:
    assert RuleSet(tuple(rules)).mode(GROUP) is mode


@pytest.mark.parametrize("level", EntityType)
def test_an_include_rule_for_what_left_the_catalog_keeps_the_whitelist(level: EntityType) -> None:
    assert verdict(include(level, "gone"), group="G") == out(level)


@pytest.mark.parametrize("level", EntityType)
def test_an_exclude_rule_for_what_left_the_catalog_shuts_nothing_else_out(level: EntityType) -> None:
    assert verdict(exclude(level, "gone"), group="G") == is_in()


def test_a_group_and_a_product_of_one_id_are_told_apart() -> None:
    assert verdict(exclude(PRODUCT, "G"), group="G", product="P").included


# The way up


def test_the_way_up_runs_from_the_group_to_its_root() -> None:
    tree = GroupTree.of([a_group("a"), a_group("b", "a"), a_group("c", "b")])

    assert tree.lineage("c") == ("c", "b", "a")


def test_a_cycle_of_groups_ends_the_way_up() -> None:
    tree = GroupTree.of([a_group("a", "c"), a_group("b", "a"), a_group("c", "b")])

    assert tree.lineage("c") == ("c", "b", "a")


def test_a_group_that_is_its_own_parent_stands_alone() -> None:
    assert GroupTree.of([a_group("a", "a")]).lineage("a") == ("a",)


def test_a_rule_on_a_group_of_a_cycle_covers_the_whole_cycle() -> None:
    tree = GroupTree.of([a_group("a", "b"), a_group("b", "a")])

    assert decide(RuleSet(tuple(exclude(GROUP, "a"))), "A", tree.lineage("b")) == out(GROUP, "a")


def test_a_parent_that_does_not_exist_ends_the_way_up() -> None:
    assert GroupTree.of([a_group("a", "nowhere")]).lineage("a") == ("a",)


def test_a_product_of_an_unknown_group_counts_as_one_without_group() -> None:
    assert verdict(include(GROUP, "G"), group="nowhere") == out(GROUP)


# Status


@pytest.mark.parametrize(
    ("is_enabled", "is_confirmed", "rules", "status"),
    [
        (False, False, [], Status.NOT_CONFIGURED),
        (True, False, [], Status.NOT_CONFIGURED),
        (False, False, [*include(GROUP, "G"), *exclude(PRODUCT, "P")], Status.NOT_CONFIGURED),
        (False, False, include(STORE, "A"), Status.AWAITING_CONFIRMATION),
        (False, False, exclude(STORE, "A"), Status.AWAITING_CONFIRMATION),
        (True, False, include(STORE, "A"), Status.AWAITING_CONFIRMATION),
        (True, True, include(STORE, "A"), Status.ACTIVE),
        (True, True, [], Status.ACTIVE),
        (False, True, include(STORE, "A"), Status.PAUSED),
        (False, True, [], Status.PAUSED),
    ],
)
def test_the_status_follows_switch_confirmation_and_store_rules(
    is_enabled: bool, is_confirmed: bool, rules: list[Rule], status: Status
) -> None:
    found = configuration_status(is_enabled=is_enabled, is_confirmed=is_confirmed, rules=RuleSet(tuple(rules)))

    assert found is status


# What holds for every catalog and every set of rules

GROUP_IDS, PRODUCT_IDS, STORE_IDS = list("abcde"), list("pqrstu"), ["A", "B"]
ids_of: dict[EntityType, list[str]] = {STORE: STORE_IDS, GROUP: [*GROUP_IDS, "gone"], PRODUCT: [*PRODUCT_IDS, "gone"]}

entities = st.sampled_from([(kind, entity_id) for kind, ids in ids_of.items() for entity_id in ids])


def rules_from(modes: dict[tuple[EntityType, str], FilterMode]) -> tuple[Rule, ...]:
    return tuple(Rule(*entity, mode) for entity, mode in modes.items())


rule_lists = st.dictionaries(entities, st.sampled_from(FilterMode), max_size=8).map(rules_from)


@st.composite
def stores_goods(draw: st.DrawFn) -> StoreGoods:
    """Any store: groups with parents that exist, are missing or run in circles."""
    parents = st.sampled_from([None, "nowhere", *GROUP_IDS])
    groups = [Group(group_id, group_id, draw(parents)) for group_id in GROUP_IDS]
    products = [Product(product_id, product_id, group_id=draw(parents)) for product_id in PRODUCT_IDS]
    return StoreGoods(Store(draw(st.sampled_from(STORE_IDS)), "Лавка"), GroupTree.of(groups), products)


def selected(store_goods: StoreGoods, rules: tuple[Rule, ...]) -> set[str]:
    return {product.id for product, decision in decisions(store_goods, RuleSet(rules)) if decision.included}


@given(stores_goods(), rule_lists)
def test_all_verdicts_of_a_store_are_those_of_single_products(store_goods: StoreGoods, rules: tuple[Rule, ...]) -> None:
    rule_set = RuleSet(rules)

    assert list(decisions(store_goods, rule_set)) == [
        (product, decide(rule_set, store_goods.store.id, store_goods.tree.lineage(product.group_id), product.id))
        for product in store_goods.products
    ]


@given(stores_goods())
def test_without_rules_everything_is_in(store_goods: StoreGoods) -> None:
    assert selected(store_goods, ()) == set(PRODUCT_IDS)


@given(stores_goods(), rule_lists)
def test_an_excluded_ancestor_always_wins(store_goods: StoreGoods, rules: tuple[Rule, ...]) -> None:
    excluded = {(rule.entity_type, rule.entity_id) for rule in rules if rule.mode is EXCLUDE}

    for product, decision in decisions(store_goods, RuleSet(rules)):
        above = {(GROUP, group_id) for group_id in store_goods.tree.lineage(product.group_id)}
        if excluded & {(STORE, store_goods.store.id), (PRODUCT, product.id), *above}:
            assert not decision.included


@given(stores_goods(), rule_lists, entities)
def test_one_more_exclude_never_adds_a_product(
    store_goods: StoreGoods, rules: tuple[Rule, ...], entity: tuple[EntityType, str]
) -> None:
    if any((rule.entity_type, rule.entity_id) == entity for rule in rules):
        return

    assert selected(store_goods, (*rules, Rule(*entity, EXCLUDE))) <= selected(store_goods, rules)


@given(stores_goods(), rule_lists, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(
    store_goods: StoreGoods, rules: tuple[Rule, ...], chance: random.Random
) -> None:
    shuffled = list(rules)
    chance.shuffle(shuffled)

    assert list(decisions(store_goods, RuleSet(rules))) == list(decisions(store_goods, RuleSet(tuple(shuffled))))


@given(stores_goods(), rule_lists)
def test_a_decision_names_a_rule_that_exists(store_goods: StoreGoods, rules: tuple[Rule, ...]) -> None:
    for _, decision in decisions(store_goods, RuleSet(rules)):
        if decision.level is not None and decision.decided_by is not None:
            mode = INCLUDE if decision.included else EXCLUDE
            assert Rule(decision.level, decision.decided_by, mode) in rules


@given(stores_goods(), rule_lists, rule_lists)
def test_two_sets_of_rules_differ_where_they_decide_otherwise(
    store_goods: StoreGoods, before: tuple[Rule, ...], after: tuple[Rule, ...]
) -> None:
    differ = unnamed_differ(RuleSet(before), RuleSet(after))
    store_id = store_goods.store.id

    for group_id in (None, *GROUP_IDS):
        lineage = store_goods.tree.lineage(group_id)
        decided = [decide_unnamed(RuleSet(rules), store_id, lineage) for rules in (before, after)]
        assert differ(store_id, lineage) is (decided[0] != decided[1])


def test_another_rule_of_a_product_is_no_question_to_its_neighbours() -> None:
    differ = unnamed_differ(
        RuleSet((Rule(PRODUCT, "P1", EXCLUDE),)), RuleSet((Rule(PRODUCT, "P1", EXCLUDE), Rule(PRODUCT, "P2", EXCLUDE)))
    )

    assert not differ("S1", ("G1",))
