"""Products that Evotor sends in a form we cannot trust: kept as they were, told, and nobody's trouble but their own."""

from typing import Any

import pytest

from app.db import db
from app.models import CatalogProduct, CatalogStore, CatalogUnreadable, RunStatus, StoreState
from app.services.catalog import refresh, unreadable
from app.services.pages.goods import product
from app.services.pages.sync.problem_kinds import Kind
from app.services.pages.sync.problems import problems
from tests.support.shop import TINY, Shop


def stored(product_id: str) -> CatalogProduct | None:
    db.session.remove()
    return db.session.query(CatalogProduct).filter_by(product_id=product_id).one_or_none()


def store_state() -> str:
    db.session.remove()
    return db.session.query(CatalogStore).filter_by(store_id=TINY).one().state


@pytest.mark.parametrize(
    ("fields", "field", "sent"),
    [({"price": "1e9999999"}, "price", '"1e9999999"'), ({"name": {"ru": "x"}}, "name", '{"ru": "x"}')],
)
def test_it_keeps_its_old_copy_and_is_told_with_what_came(
    shop_everywhere: Shop, fields: dict[str, Any], field: str, sent: str
) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", **fields)
    shop.patch("P2", price=250)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {"P1": "100.00", "P2": "250.00", "P3": "300.00"}
    assert store_state() == StoreState.OK
    owner = shop.owner
    (told,) = [problem for problem in problems(owner, {}) if problem.kind is Kind.UNREADABLE]
    assert [(row.found.id, row.found.field, row.found.sent) for row in told.unreadable] == [("P1", field, sent)]
    page = product.product_page(owner, TINY, "P1")
    assert page.unreadable is not None
    assert page.unreadable.field == field

    shop.patch("P1", name="P1", price=120)
    shop.run()
    assert shop.prices()["P1"] == "120.00"
    assert unreadable.count(shop.owner_id) == 0


def test_one_that_was_never_readable_is_told_by_its_id_and_harms_nothing(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.put("NEW", price=-5)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert stored("NEW") is None
    assert [row.found.id for row in unreadable.first_rows(shop.owner_id, 5)] == ["NEW"]
    assert shop.prices().keys() == {"P1", "P2", "P3"}


def test_one_whose_copy_is_lost_is_neither_asked_for_nor_hidden(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    stored("P1")
    db.session.query(CatalogProduct).filter_by(product_id="P1").delete()
    db.session.commit()
    shop.patch("P1", price="?")
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0
    assert shop.prices().keys() == {"P1", "P2", "P3"}


def test_one_without_an_id_may_be_any_that_the_list_lacks(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.drop("P1")
    shop.put("", price=100)
    shop.patch("P2", price=250)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {"P1": "100.00", "P2": "250.00", "P3": "300.00"}
    assert [row.found.field for row in unreadable.first_rows(shop.owner_id, 5)] == ["id"]


def test_a_store_of_unreadable_products_alone_is_no_empty_one(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    for product_id in ("P1", "P2", "P3"):
        shop.patch(product_id, price="?")

    report = refresh.refresh(shop.owner)

    assert (report.stores_read, report.products, report.unreadable, report.failed) == (1, 0, 3, [])
    assert store_state() == StoreState.OK
    assert db.session.query(CatalogProduct).count() == 3


def test_what_stays_unreadable_is_not_written_again(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.patch("P1", price="?")
    refresh.refresh(shop.owner)
    ids = [row.id for row in db.session.query(CatalogUnreadable)]

    refresh.refresh(shop.owner)

    assert [row.id for row in db.session.query(CatalogUnreadable)] == ids != []


@pytest.mark.parametrize(
    "group",
    [
        {"id": "G1", "name": 7},
        {"id": "G1", "attributes": {}},
        {"id": "G1", "attributes": "x"},
        {"id": "G1", "parent_id": []},
        {"id": "G1", "parent_id": "G1"},
    ],
)
def test_an_odd_group_stops_nothing(shop_everywhere: Shop, group: dict[str, Any]) -> None:
    shop = shop_everywhere
    shop.run()
    shop.sandbox.control("evotor/groups", store=TINY, upsert=[group])
    shop.patch("P1", price=150)

    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices()["P1"] == "150.00"
