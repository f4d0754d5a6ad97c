"""After a large first copy PostgreSQL knows at once what its tables hold."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.clients.evotor.client import GroupList, ProductList
from app.db import db
from app.domain.catalog.goods import Group, Product
from app.models import CatalogProduct, CatalogStore, StoreState, User
from app.models.catalog import SEARCH_INDEX
from app.services.catalog import copy
from app.services.catalog.planner_statistics import MANY
from tests.factories import make_user
from tests.support.statements import heard, noted_statements


@pytest.fixture
def owner(app_on_postgres: Flask) -> User:
    return with_a_store()


def with_a_store() -> User:
    user = make_user()
    db.session.add(CatalogStore(user_id=user.id, store_id="S1", name="Лавка", state=StoreState.OK))
    db.session.commit()
    return user


def read(user: User, count: int) -> bool:
    products = [Product(f"P{number}", f"Чай {number}", "G1") for number in range(count)]
    return copy.replace_goods(user.id, "S1", GroupList([Group("G1", "Чай")], {}), ProductList(products))


def is_renewal(statement: str) -> bool:
    return "ANALYZE" in statement or "gin_clean" in statement


def rows_known(table: str) -> float:
    """By the planner; below none where it never looked."""
    query = sa.text("SELECT reltuples FROM pg_class WHERE relname = :name")
    return float(db.session.execute(query, {"name": table}).scalar_one())


def test_what_was_written_is_known_at_once(owner: User) -> None:
    assert rows_known("catalog_products") == -1
    assert read(owner, MANY)
    assert [rows_known(table) for table in ("catalog_products", "catalog_groups")] == [MANY, 1]


def test_nothing_waits_outside_the_index_of_the_search(owner: User) -> None:
    read(owner, MANY)
    pages = sa.text(f"SELECT gin_clean_pending_list('{SEARCH_INDEX}')")
    assert db.session.scalar(pages) == 0


def test_few_more_goods_are_left_to_the_database(owner: User) -> None:
    read(owner, MANY)
    with noted_statements(is_renewal) as seen:
        assert read(owner, MANY + 100)
    assert seen == []


@pytest.fixture
def without_search(app_on_postgres: Flask) -> Iterator[None]:
    """As where the role may not make the index; the database is other tests' as well."""
    made = sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = :name")
    with db.engine.begin() as connection:
        statement = connection.execute(made, {"name": SEARCH_INDEX}).scalar_one()
        connection.execute(sa.text(f"DROP INDEX {SEARCH_INDEX}"))
    yield
    db.session.remove()
    with db.engine.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.usefixtures("without_search")
def test_no_search_is_needed(owner: User) -> None:
    with capture_logs() as lines:
        assert read(owner, MANY)
    assert [line["event"] for line in lines] == []


def test_a_refusal_harms_nothing_and_is_logged(owner: User) -> None:
    def refuse(statement: str, _parameters: object) -> None:
        if is_renewal(statement):
            raise OperationalError(statement, None, PermissionError())

    with heard(refuse), capture_logs() as lines:
        assert read(owner, MANY)
    assert [(line["event"], line["error"]) for line in lines] == [("statistics_not_renewed", "PermissionError")]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CatalogProduct)) == MANY


@pytest.mark.usefixtures("app")
def test_sqlite_keeps_no_such_figures() -> None:
    with noted_statements(is_renewal) as seen:
        assert read(with_a_store(), MANY)
    assert seen == []
