"""What is stored with each product is what `decide` and fitness say of it, whatever happened before."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.evotor.client import GroupList, ProductList
from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Group, Product
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import (
    CatalogProduct,
    CatalogStore,
    Listing,
    Photo,
    Pictured,
    StoreState,
    User,
)
from app.services.catalog import copy
from app.services.owner import rule_changes
from app.services.owner import settings as owner_settings
from app.services.photos import files
from tests.factories import add_group, add_product, make_user
from tests.support.verdicts import check


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    """With two products in a group, and only what has a photo is to be shown."""
    user = make_user()
    db.session.add(CatalogStore(user_id=user.id, store_id="S1", name="Лавка", state=StoreState.OK))
    add_group(user, "G1", "Чай")
    for product_id in ("P1", "P2"):
        add_product(user, product_id, group_id="G1")
    owner_settings.change(user, photo_required=True)
    db.session.commit()
    return user


def problems(user: User) -> dict[str, str | None]:
    db.session.commit()
    rows = db.session.execute(sa.select(CatalogProduct.__table__).filter_by(user_id=user.id))
    return {row.product_id: row.problem for row in rows}


def add_photo(user: User, kind: Pictured, entity_id: str) -> None:
    files.write(user.id, "0" * 32, b"jpeg")
    row = Photo(user_id=user.id, store_id="S1", entity_type=kind, entity_id=entity_id, digest="0" * 32)
    row.width = row.height = 1
    row.created_at = utcnow()
    db.session.add(row)


def test_a_photo_of_a_product_ends_its_problem(owner: User) -> None:
    add_photo(owner, Pictured.PRODUCT, "P1")

    assert problems(owner) == {"P1": None, "P2": "no_photo"}


def test_a_photo_of_a_group_ends_the_problems_of_what_stands_in_it(owner: User) -> None:
    add_photo(owner, Pictured.GROUP, "G1")

    assert problems(owner) == {"P1": None, "P2": None}


def test_a_photo_chosen_in_vk_ends_the_problem_of_its_product(owner: User) -> None:
    names: dict[str, Any] = {"vk_group_id": 0, "store_id": "S1", "product_id": "P2", "sku": "ev:P2"}
    db.session.add(Listing(user_id=owner.id, state=LinkState.LIVE, keeps_photo=True, **names))

    assert problems(owner) == {"P1": "no_photo", "P2": None}


def test_two_refreshes_and_a_change_of_rules_at_once_leave_what_is_decided(
    owner: User, app_on_each_database: Flask
) -> None:
    user_id, start = owner.id, threading.Barrier(3)
    db.session.add(CatalogStore(user_id=user_id, store_id="S2", name="Лавка", state=StoreState.OK))
    db.session.commit()
    groups = GroupList([Group("G1", "Чай"), Group("G2", "Кофе", "G1")])

    def refresh(store_id: str) -> None:
        start.wait()
        products = [Product(f"P{number}", f"Чай {number}", "G2", price=Decimal(1)) for number in range(40)]
        copy.replace_goods(user_id, store_id, groups, ProductList(products), is_believed=True)

    def exclude(group_id: str) -> None:
        user = db.session.get_one(User, user_id)
        start.wait()
        rule_changes.change(user, EntityType.GROUP, [group_id], FilterMode.EXCLUDE)
        db.session.commit()

    def at_once(deed: Callable[[str], None], named: str) -> None:
        with app_on_each_database.app_context():
            deed(named)

    with ThreadPoolExecutor(3) as workers:
        deeds = ((refresh, "S1"), (refresh, "S2"), (exclude, "G1"))
        for done in [workers.submit(at_once, *deed) for deed in deeds]:
            done.result()

    db.session.remove()
    check(db.session.get_one(User, user_id))
    assert db.session.query(CatalogProduct).filter_by(included=True).count() == 0


def test_no_row_is_written_whose_verdict_stays(owner: User, count_rows: Counter[str]) -> None:
    count_rows.clear()
    rule_changes.change(owner, EntityType.PRODUCT, ["P1"], FilterMode.EXCLUDE)
    db.session.commit()

    assert count_rows["catalog_products"] == 1


@pytest.fixture
def count_rows(owner: User) -> Iterator[Counter[str]]:
    """Rows updated so far, by table."""
    counted: Counter[str] = Counter()

    def note(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE"):
            counted[statement.split()[1]] += cursor.rowcount

    sa.event.listen(db.engine, "after_cursor_execute", note)
    yield counted
    sa.event.remove(db.engine, "after_cursor_execute", note)


def test_a_savepoint_that_is_taken_back_takes_no_change_along(owner: User) -> None:
    add_photo(owner, Pictured.PRODUCT, "P1")
    db.session.flush()
    db.session.begin_nested().rollback()

    assert problems(owner) == {"P1": None, "P2": "no_photo"}


def test_a_listing_that_goes_takes_its_photo_in_vk_along(owner: User) -> None:
    names: dict[str, Any] = {"vk_group_id": 0, "store_id": "S1", "product_id": "P2", "sku": "ev:P2"}
    row = Listing(user_id=owner.id, state=LinkState.LIVE, keeps_photo=True, **names)
    db.session.add(row)
    db.session.commit()

    db.session.delete(row)

    assert problems(owner) == {"P1": "no_photo", "P2": "no_photo"}


def test_rows_from_before_are_stated_whole_with_the_first_change(owner: User) -> None:
    nothing = {"included": None, "problem": None, "search_text": "", "sort_key": ""}
    db.session.execute(sa.update(CatalogProduct).values(nothing))
    db.session.execute(sa.update(User).values(verdicts_digest=None))
    db.session.commit()

    rule_changes.change(owner, EntityType.GROUP, ["G1"], FilterMode.EXCLUDE)

    check(owner)
