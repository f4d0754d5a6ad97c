"""A page asks the database as often of a large shop as of a small one, and seldom."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from app.db import db, is_reading
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogGroup, CatalogProduct, SyncConfig, SyncFilter, User
from tests.factories import add_group, add_product, add_store, product_fields, set_rule
from tests.support.page import HTMX, Browser
from tests.support.statements import counted_statements, heard

STORE = "/catalog/stores/S1"
MOST = {
    "/catalog": 6,
    STORE: 7,
    f"{STORE}?page=2": 7,
    f"{STORE}?q=товар": 7,
    f"{STORE}?q=товар&state=problem": 8,
    f"{STORE}?group=tea": 7,
    f"{STORE}?group=none": 7,
    f"{STORE}?state=in": 7,
    f"{STORE}?state=problem": 7,
    f"{STORE}?state=problem&problem=no_price": 7,
    f"{STORE}?sort=-price": 7,
    "/catalog/rules": 9,
    f"{STORE}/groups/tea": 14,
    f"{STORE}/products/P1": 15,
    f"{STORE}/products/P1/why": 8,
    f"{STORE}/groups/tea/why": 7,
    "/sync/settings/categories": 9,
}


@pytest.fixture
def shop(owner: User) -> User:
    add_store(owner, "S1", "Лавка")
    add_group(owner, "tea", "Чай")
    add_group(owner, "coffee", "Кофе")
    add_product(owner, "P1", group_id="tea")
    add_product(owner, "P2", group_id="tea", price=None)
    add_product(owner, "P3")
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    set_rule(owner, EntityType.GROUP, FilterMode.EXCLUDE, "coffee")
    set_rule(owner, EntityType.PRODUCT, FilterMode.EXCLUDE, "P3")
    return owner


def grow(user: User) -> None:
    """500 products in 100 groups, and 100 rules."""
    here = {"user_id": user.id, "store_id": "S1"}
    groups = [{"group_id": f"G{one}", "name": f"Группа {one}", "parent_id": "tea", **here} for one in range(100)]
    db.session.execute(sa.insert(CatalogGroup), groups)
    products = [
        {"product_id": f"X{one}", "group_id": f"G{one % 100}", **here, **product_fields(f"Товар {one}")}
        for one in range(500)
    ]
    db.session.execute(sa.insert(CatalogProduct), products)
    config = db.session.scalars(sa.select(SyncConfig)).one()
    config.filters += [
        SyncFilter(entity_type=EntityType.PRODUCT, entity_id=f"X{one}", entity_name="x", filter_mode=FilterMode.EXCLUDE)
        for one in range(100)
    ]
    db.session.commit()


def asked(browser: Browser, path: str) -> list[str]:
    with counted_statements() as seen:
        browser.get(path)
    return seen


def test_more_goods_and_rules_cost_no_more_queries(browser: Browser, shop: User) -> None:
    browser.get("/catalog")
    few = {path: asked(browser, path) for path in MOST}
    grow(shop)
    browser.get("/catalog")
    many = {path: asked(browser, path) for path in MOST}
    assert {path: len(seen) for path, seen in many.items()} == {path: len(seen) for path, seen in few.items()}
    assert {path: len(seen) for path, seen in many.items() if len(seen) > MOST[path]} == {}


def press(browser: Browser, *ids: str) -> int:
    browser.get(STORE)
    fields = {"entity_type": "product", "entity_ids": list(ids), "filter_mode": "exclude", "next": STORE}
    with counted_statements() as seen:
        browser.post("/catalog/filters/bulk", fields, headers=HTMX)
    return len(seen)


def test_a_press_costs_the_same_in_a_large_shop(browser: Browser, shop: User) -> None:
    few = press(browser, "P1")
    grow(shop)
    browser.get("/catalog")
    assert press(browser, "P2") <= few <= 35


def test_nobody_waits_for_what_was_pressed_while_its_page_is_made(browser: Browser, shop: User) -> None:
    browser.get(STORE)
    fields = {"entity_type": "product", "entity_id": "P1", "filter_mode": "exclude", "next": STORE}
    with noted_commits() as seen:
        browser.post("/catalog/filters", fields, headers=HTMX)
    page = next(
        number for number, one in enumerate(seen) if one.startswith("SELECT") and "catalog_counts.products" in one
    )
    assert "COMMIT" in seen[:page]
    assert not [one for one in seen[page:] if one.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_who_presses_is_looked_up_without_the_writers_turn(browser: Browser, shop: User) -> None:
    browser.get(STORE)
    fields = {"entity_type": "product", "entity_id": "P1", "filter_mode": "exclude", "next": STORE}
    looks: dict[str, bool] = {}

    def note(statement: str, _parameters: object) -> None:
        word = statement.partition(" ")[0]
        looks.setdefault("who" if "FROM user_sessions" in statement else word, is_reading())

    with heard(note):
        browser.post("/catalog/filters", fields, headers=HTMX)
    assert looks["who"] and not looks["INSERT"]


@contextmanager
def noted_commits() -> Iterator[list[str]]:
    """Among the statements."""

    def note(_connection: object) -> None:
        seen.append("COMMIT")

    with counted_statements() as seen:
        sa.event.listen(db.engine, "commit", note)
        try:
            yield seen
        finally:
            sa.event.remove(db.engine, "commit", note)
