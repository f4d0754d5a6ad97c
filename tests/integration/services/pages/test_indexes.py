"""Which index answers what the pages of the catalog ask, on both databases."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.listing.fitness import SkipReason
from app.models import CatalogProduct, User
from app.services.catalog.verdicts import counts as verdict_counts
from app.services.pages.goods import product
from app.services.pages.goods import store as goods_store
from app.services.pages.goods.query import GoodsQuery, Sort, State
from tests.factories import add_group, add_product, add_store, make_user, product_fields
from tests.support.statements import noted_statements, plan_of

BY_NAME, BY_GROUP, SEARCH = (f"ix_catalog_products_{kind}" for kind in ("by_name", "by_group", "search"))
BY_PRICE, BY_QUANTITY = (f"ix_catalog_products_by_{kind}" for kind in ("price", "quantity"))


@pytest.fixture
def user(app: Flask) -> User:
    return shop()


@pytest.fixture
def user_on_postgres(app_on_postgres: Flask) -> User:
    """With so many goods that it matters which index is read."""
    user = shop()
    here = {"user_id": user.id, "store_id": "S1", "group_id": "coffee"}
    rows = [{"product_id": f"X{one}", **here, **product_fields(f"Кофе {one}")} for one in range(1000)]
    db.session.execute(sa.insert(CatalogProduct), rows)
    goods_store.store_page(user, "S1", GoodsQuery())
    db.session.commit()
    for tidied in ("ANALYZE catalog_products", f"SELECT gin_clean_pending_list('{SEARCH}')"):  # as autovacuum does
        db.session.execute(sa.text(tidied))
    return user


def shop() -> User:
    user = make_user()
    add_store(user, "S1", "Лавка")
    add_group(user, "tea", "Чай")
    add_product(user, "P1", name="Чай чёрный", group_id="tea", price=None)
    add_product(user, "P2", name="Чай зелёный", group_id="tea")
    goods_store.store_page(user, "S1", GoodsQuery())
    db.session.commit()
    return user


def looks_at_products(statement: str) -> bool:
    return statement.startswith(("SELECT", "WITH")) and reads_products(statement)


def counts_products(statement: str) -> bool:
    return statement.startswith("INSERT INTO catalog_counts") and reads_products(statement)


def reads_products(statement: str) -> bool:
    return "FROM catalog_products" in statement and "included IS NULL" not in statement


def plans(user: User, query: GoodsQuery) -> list[str]:
    """Of every statement about products that the store's page makes."""
    with noted_statements(looks_at_products) as seen:
        goods_store.store_page(user, "S1", query)
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    return [plan_of(*asked) for asked in seen]


ASKED = [
    (GoodsQuery(), BY_NAME),
    (GoodsQuery(sort=Sort.NAME_DOWN), BY_NAME),
    (GoodsQuery(state=State.IN), BY_NAME),
    (GoodsQuery(state=State.PROBLEM), BY_NAME),
    (GoodsQuery(state=State.PROBLEM, problem=SkipReason.NO_PRICE), BY_NAME),
    (GoodsQuery(group="tea"), BY_GROUP),
    (GoodsQuery(sort=Sort.PRICE), BY_PRICE),
    (GoodsQuery(sort=Sort.QUANTITY), BY_QUANTITY),
]


@pytest.mark.parametrize(("query", "index"), ASKED)
def test_sqlite_reads_a_page_by_its_index_alone(user: User, query: GoodsQuery, index: str) -> None:
    (plan,) = plans(user, query)
    assert f"USING COVERING INDEX {index} (user_id=? AND store_id=?" in plan
    assert "SCAN catalog_products" not in plan


@pytest.mark.parametrize("query", [GoodsQuery(q="чай"), GoodsQuery(q="чай зел", state=State.PROBLEM)])
def test_sqlite_searches_the_narrow_index_alone(user: User, query: GoodsQuery) -> None:
    for plan in plans(user, query):
        assert f"USING COVERING INDEX {SEARCH} (user_id=? AND store_id=?)" in plan


@pytest.mark.parametrize(("query", "index"), [asked for asked in ASKED if asked[0].state is not State.PROBLEM])
def test_postgres_reads_a_page_by_its_index(user_on_postgres: User, query: GoodsQuery, index: str) -> None:
    (plan,) = plans(user_on_postgres, query)
    assert index in plan
    assert "Seq Scan on catalog_products" not in plan


@pytest.mark.parametrize("problem", [None, SkipReason.NO_PRICE])
def test_postgres_reads_no_table_for_problems(user_on_postgres: User, problem: SkipReason | None) -> None:
    (plan,) = plans(user_on_postgres, GoodsQuery(state=State.PROBLEM, problem=problem))
    assert "Seq Scan on catalog_products" not in plan


def test_postgres_searches_by_trigrams(user_on_postgres: User) -> None:
    (plan,) = plans(user_on_postgres, GoodsQuery(q="зел"))
    assert f"Bitmap Index Scan on {SEARCH}" in plan


def test_namesakes_are_looked_for_by_the_index_of_the_search(user: User) -> None:
    with noted_statements(looks_at_products) as seen:
        product.product_page(user, "S1", "P2")
    namesakes = [plan_of(*asked) for asked in seen if "instr" in asked[0]]
    assert len(namesakes) == 1 and SEARCH in namesakes[0]


def test_a_group_is_counted_by_its_own_index(user: User) -> None:
    with noted_statements(counts_products) as seen:
        verdict_counts.recount(user.id, [("S1", "tea")])
    (plan,) = [plan_of(*asked) for asked in seen]
    assert f"{BY_GROUP} (user_id=? AND store_id=? AND group_id=?)" in plan
