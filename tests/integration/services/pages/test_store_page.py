"""Stores, groups and products as their owner looks at them."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType, FilterMode, Mode
from app.models import CatalogGroup, SyncState, User
from app.services.errors import UnknownEntity
from app.services.pages.goods import store as goods_store
from app.services.pages.goods.named_verdict import Verdict
from app.services.pages.goods.query import GoodsQuery, Sort, State
from app.services.pages.goods.store import StorePage
from tests.factories import add_group, add_product, add_store, make_user, set_rule
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("app")
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE


@pytest.fixture
def user(app: Flask) -> User:
    user = make_user()
    add_store(user, "S1", "Лавка")
    add_group(user, "drinks", "Напитки")
    add_group(user, "wine", "Вино", parent_id="drinks")
    add_group(user, "tea", "Чай")
    add_product(user, "P1", name="Чай Ёлочка 10", group_id="tea", price=Decimal("90"), article="A-1")
    add_product(user, "P2", name="чай Ёлочка 9", group_id="tea", price=None, code="K77")
    add_product(user, "P3", name="Вино красное", group_id="wine", price=Decimal("700"), type="ALCOHOL_MARKED")
    add_product(user, "P4", name="Квас", group_id="drinks", price=Decimal("50"), quantity=None, barcodes=["4600123"])
    add_product(user, "P5", name="Пакет", group_id="lost", price=Decimal("5"), quantity=Decimal("0"))
    return user


def look_at(user: User, **asked: object) -> StorePage:
    db.session.expire_all()
    return goods_store.store_page(user, "S1", GoodsQuery(**asked))  # type: ignore[arg-type]  # a test's own fields


def names(page: StorePage) -> list[str]:
    return [row.product.name for row in page.page.items]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("чАй", ["чай Ёлочка 9", "Чай Ёлочка 10"]),
        ("елочка 10", ["Чай Ёлочка 10"]),
        ("10 ЧАЙ", ["Чай Ёлочка 10"]),
        ("a-1", ["Чай Ёлочка 10"]),
        ("k77", ["чай Ёлочка 9"]),
        ("00123", ["Квас"]),
        ("кофе", []),
        ("%", []),
    ],
)
def test_search_reads_names_and_codes_whatever_their_case(user: User, q: str, found: list[str]) -> None:
    assert names(look_at(user, q=q)) == found


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ("drinks", ["Вино красное", "Квас"]),
        ("wine", ["Вино красное"]),
        ("none", ["Пакет"]),
        ("never heard of", []),
    ],
)
def test_a_group_is_shown_with_everything_below_it(user: User, group: str, found: list[str]) -> None:
    assert names(look_at(user, group=group)) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (Sort.NAME, ["P3", "P4", "P5", "P2", "P1"]),
        (Sort.NAME_DOWN, ["P1", "P2", "P5", "P4", "P3"]),
        (Sort.PRICE, ["P5", "P4", "P1", "P3", "P2"]),
        (Sort.PRICE_DOWN, ["P3", "P1", "P4", "P5", "P2"]),
        (Sort.QUANTITY, ["P5", "P3", "P2", "P1", "P4"]),
    ],
)
def test_numbers_in_names_count_and_what_is_unknown_comes_last(user: User, sort: Sort, found: list[str]) -> None:
    assert [row.product.id for row in look_at(user, sort=sort).page.items] == found


def test_each_state_shows_its_own_products(user: User) -> None:
    set_rule(user, EntityType.GROUP, EXCLUDE, "tea")
    assert names(look_at(user, state=State.OUT)) == ["чай Ёлочка 9", "Чай Ёлочка 10"]
    assert names(look_at(user, state=State.IN)) == ["Вино красное", "Квас", "Пакет"]
    problems = {row.product.name: row.problem for row in look_at(user, state=State.PROBLEM).page.items}
    assert problems == {"Вино красное": SkipReason.RESTRICTED, "Пакет": SkipReason.SOLD_OUT}


def test_what_is_out_has_no_problem_to_solve(user: User) -> None:
    set_rule(user, EntityType.GROUP, EXCLUDE, "drinks")
    rows = {row.product.id: row for row in look_at(user).page.items}
    assert rows["P3"].problem is None
    assert rows["P2"].problem is SkipReason.NO_PRICE


@pytest.mark.parametrize(
    ("level", "mode", "entity", "product", "verdict"),
    [
        (EntityType.GROUP, EXCLUDE, "drinks", "P3", Verdict(False, EntityType.GROUP, "Напитки")),
        (EntityType.GROUP, INCLUDE, "drinks", "P3", Verdict(True, EntityType.GROUP, "Напитки")),
        (EntityType.GROUP, INCLUDE, "drinks", "P5", Verdict(False, EntityType.GROUP)),
        (EntityType.STORE, EXCLUDE, "S1", "P1", Verdict(False, EntityType.STORE, "Лавка")),
        (EntityType.PRODUCT, EXCLUDE, "P1", "P1", Verdict(False, EntityType.PRODUCT, "Чай Ёлочка 10")),
        (EntityType.PRODUCT, EXCLUDE, "P1", "P2", Verdict(True)),
    ],
)
def test_a_verdict_names_the_rule_that_decided(
    user: User, level: EntityType, mode: FilterMode, entity: str, product: str, verdict: Verdict
) -> None:
    set_rule(user, level, mode, entity)
    rows = {row.product.id: row for row in look_at(user).page.items}
    assert rows[product].verdict == verdict


def test_a_group_row_tells_its_depth_its_goods_and_its_own_verdict(user: User) -> None:
    set_rule(user, EntityType.GROUP, EXCLUDE, "drinks")
    rows = [
        (row.node.group.name, row.node.depth, row.node.tally.total, row.rule, row.verdict.included)
        for row in look_at(user).groups
    ]
    assert rows == [
        ("Напитки", 0, 2, EXCLUDE, False),
        ("Вино", 1, 1, None, False),
        ("Чай", 0, 2, None, True),
    ]


def test_groups_that_contain_each_other_are_still_shown(user: User) -> None:
    add_group(user, "a", "А", parent_id="b")
    add_group(user, "b", "Б", parent_id="a")
    add_group(user, "c", "В", parent_id="a")
    assert {row.node.group.id for row in look_at(user).groups} >= {"a", "b", "c"}


def test_a_large_tree_unfolds_only_on_the_way_to_the_chosen_group(user: User) -> None:
    for number in range(70):
        add_group(user, f"g{number}", f"Группа {number}", parent_id="tea")
    folded = [row.node.group.id for row in look_at(user).groups]
    assert folded == ["drinks", "tea"]
    assert len(look_at(user, group="g5").groups) == 72


@pytest.mark.parametrize(("asked", "shown"), [(1, 1), (2, 2), (10**9, 2), (0, 1), (-5, 1)])
def test_any_page_number_leads_to_a_page(user: User, asked: int, shown: int) -> None:
    for number in range(50):
        add_product(user, f"X{number}")
    page = look_at(user, page=asked)
    assert page.query.page == shown
    assert len(page.page.items) == (50 if shown == 1 else 5)
    assert page.page.total == 55


def test_what_is_sold_out_is_no_problem_where_the_owner_shows_it_always(user: User) -> None:
    assert look_at(user, group="none").page.items[0].problem is SkipReason.SOLD_OUT
    db.session.execute(sa.update(SyncState).values(settings={"stock_rule": "show"}))
    db.session.commit()
    assert look_at(user, group="none").page.items[0].problem is None


def test_a_strangers_store_does_not_exist(user: User) -> None:
    stranger = make_user("stranger@example.ru")
    with pytest.raises(UnknownEntity):
        goods_store.store_page(stranger, "S1", GoodsQuery())
    assert goods_store.catalog_page(stranger).stores == []


def test_the_overview_counts_what_is_selected_and_keeps_lost_rules(user: User) -> None:
    set_rule(user, EntityType.STORE, INCLUDE, "S1")
    set_rule(user, EntityType.GROUP, EXCLUDE, "tea")
    db.session.delete(db.session.scalars(sa.select(CatalogGroup).where(CatalogGroup.group_id == "tea")).one())
    db.session.commit()
    shown = goods_store.catalog_page(user)
    assert [(store.name, store.tally.total, store.tally.selected, store.rule) for store in shown.stores] == [
        ("Лавка", 5, 5, INCLUDE)
    ]
    assert shown.rules.mode(EntityType.GROUP) is Mode.EXCLUDE
    assert [rule.entity_name for rule in shown.lost_rules] == ["Чай"]
    assert not shown.is_connected


def _queries(user: User) -> tuple[int, int]:
    db.session.expire_all()
    with counted_statements() as of_store:
        look_at(user, q="товар", group="tea", state=State.IN)
    db.session.expire_all()
    with counted_statements() as of_all:
        goods_store.catalog_page(user)
    return len(of_store), len(of_all)


def test_more_goods_cost_no_more_queries(user: User) -> None:
    add_product(user, "X", group_id="tea")
    few = _queries(user)
    for number in range(200):
        add_product(user, f"X{number}", group_id="tea")
        add_group(user, f"g{number}", f"Группа {number}", parent_id="tea")
    assert _queries(user) == few
    assert max(few) <= 11
