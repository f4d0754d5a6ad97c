"""Why a product or a group is in or out, and the list of all rules."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogProduct, User
from app.services.errors import UnknownEntity
from app.services.pages.goods import explanation, rule_list
from app.services.pages.goods.counts import Tally
from app.services.pages.goods.explanation import Explanation, LevelOutcome
from tests.factories import add_group, add_product, add_store, make_user, set_rule

pytestmark = pytest.mark.usefixtures("app")
STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE
PASSES, SILENT, STOPS, UNREACHED = LevelOutcome


@pytest.fixture
def user(app: Flask) -> User:
    user = make_user()
    add_store(user, "S1", "Лавка")
    add_group(user, "drinks", "Напитки")
    add_group(user, "tea", "Чай", parent_id="drinks")
    add_product(user, "P1", name="Ассам", group_id="tea")
    add_product(user, "P2", name="Хлеб", price=None)
    return user


def steps(answer: Explanation) -> list[tuple[str, LevelOutcome, bool]]:
    return [(step.name, step.outcome, step.decides) for step in answer.steps]


def press(answer: Explanation) -> tuple[object, ...] | None:
    remedy = answer.remedy
    return (remedy.level, remedy.id, remedy.mode, remedy.after.included) if remedy else None


def test_without_rules_everything_passes_and_the_product_itself_may_be_left_out(user: User) -> None:
    answer = explanation.explain_product(user, "S1", "P1")
    names = ("Лавка", "Напитки", "Чай", "Ассам")
    assert steps(answer) == [(name, PASSES, False) for name in names]
    assert press(answer) == (PRODUCT, "P1", EXCLUDE, False)
    assert answer.remedy and (answer.remedy.selected_now, answer.remedy.selected_then) == (2, 1)


def test_a_group_above_that_is_excluded_stops_and_its_rule_may_be_dropped(user: User) -> None:
    set_rule(user, GROUP, EXCLUDE, "drinks")
    answer = explanation.explain_product(user, "S1", "P1")
    assert steps(answer) == [
        ("Лавка", PASSES, False),
        ("Напитки", STOPS, True),
        ("Чай", UNREACHED, False),
        ("Ассам", UNREACHED, False),
    ]
    assert press(answer) == (GROUP, "drinks", None, True)


def test_a_whitelist_that_names_nothing_on_the_way_stops_at_the_nearest_group(user: User) -> None:
    add_group(user, "bread", "Выпечка")
    set_rule(user, GROUP, INCLUDE, "bread")
    answer = explanation.explain_product(user, "S1", "P1")
    assert steps(answer)[1:] == [("Напитки", SILENT, False), ("Чай", STOPS, True), ("Ассам", UNREACHED, False)]
    assert press(answer) == (GROUP, "tea", INCLUDE, True)


def test_a_chosen_group_above_decides_for_what_lies_below(user: User) -> None:
    set_rule(user, GROUP, INCLUDE, "drinks")
    answer = explanation.explain_product(user, "S1", "P1")
    assert answer.decision.included
    assert steps(answer)[1:] == [("Напитки", PASSES, True), ("Чай", SILENT, False), ("Ассам", PASSES, False)]
    assert press(answer) == (PRODUCT, "P1", EXCLUDE, False)


def test_what_is_in_may_be_left_out_alone_and_keeps_its_store_chosen(user: User) -> None:
    set_rule(user, STORE, INCLUDE, "S1")
    assert press(explanation.explain_product(user, "S1", "P1")) == (PRODUCT, "P1", EXCLUDE, False)
    assert press(explanation.explain_group(user, "S1", "tea")) == (GROUP, "tea", EXCLUDE, False)


def test_a_product_without_a_group_has_no_press_while_only_groups_are_let_through(user: User) -> None:
    set_rule(user, GROUP, INCLUDE, "tea")
    answer = explanation.explain_product(user, "S1", "P2")
    assert steps(answer) == [("Лавка", PASSES, False), ("", STOPS, True), ("Хлеб", UNREACHED, False)]
    assert answer.remedy is None


def test_a_store_and_a_product_that_are_not_chosen(user: User) -> None:
    add_store(user, "S2", "Киоск")
    set_rule(user, STORE, INCLUDE, "S2")
    assert press(explanation.explain_product(user, "S1", "P1")) == (STORE, "S1", INCLUDE, True)
    set_rule(user, STORE, INCLUDE, "S1")
    set_rule(user, PRODUCT, INCLUDE, "P2")
    assert press(explanation.explain_product(user, "S1", "P1")) == (PRODUCT, "P1", INCLUDE, True)


def test_a_press_that_is_not_enough_says_so(user: User) -> None:
    set_rule(user, GROUP, EXCLUDE, "tea", "drinks")
    assert press(explanation.explain_product(user, "S1", "P1")) == (GROUP, "tea", None, False)


def test_a_group_is_explained_too(user: User) -> None:
    set_rule(user, GROUP, EXCLUDE, "drinks")
    answer = explanation.explain_group(user, "S1", "tea")
    assert [step.name for step in answer.steps] == ["Лавка", "Напитки", "Чай"]
    assert press(answer) == (GROUP, "drinks", None, True)


def test_a_chosen_product_that_cannot_be_shown_tells_its_problem(user: User) -> None:
    assert explanation.explain_product(user, "S1", "P2").problem is SkipReason.NO_PRICE


@pytest.mark.parametrize(("store", "product", "group"), [("nothing", "P1", "tea"), ("S1", "nothing", "nothing")])
def test_what_is_not_in_the_catalog_is_not_explained(user: User, store: str, product: str, group: str) -> None:
    with pytest.raises(UnknownEntity):
        explanation.explain_product(user, store, product)
    with pytest.raises(UnknownEntity):
        explanation.explain_group(user, store, group)
    with pytest.raises(UnknownEntity):
        explanation.explain_product(make_user("stranger@example.ru"), "S1", "P1")


def test_every_rule_is_listed_with_its_place(user: User) -> None:
    set_rule(user, STORE, INCLUDE, "S1")
    set_rule(user, GROUP, EXCLUDE, "tea")
    set_rule(user, PRODUCT, EXCLUDE, "P1")
    found = rule_list.rule_list(user)
    ((store,), (group,), (product,)) = (found.by_level[level] for level in EntityType)
    assert store.place and store.place.path == () and store.place.tally == Tally(1, 2)
    assert group.place and group.place.path == ("Лавка", "Напитки") and group.place.tally == Tally(0, 1)
    assert product.place and product.place.path == ("Лавка", "Напитки", "Чай")
    assert found.tally == Tally(1, 2)


def test_a_rule_without_its_entity_has_no_place(user: User) -> None:
    set_rule(user, PRODUCT, EXCLUDE, "P1")
    db.session.execute(sa.delete(CatalogProduct))
    (lost,) = rule_list.rule_list(user).by_level[PRODUCT]
    assert (lost.name, lost.place) == ("Ассам", None)
