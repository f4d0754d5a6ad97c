"""The copy of Evotor's catalog: complete, or as it was."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogGroup, CatalogProduct, CatalogStore, EntryOutcome, RunStatus, StoreState
from app.services.catalog import refresh, stores
from app.services.catalog.refresh import CatalogUnavailable
from app.services.catalog.stores import StoreStillListed
from app.services.errors import UnknownEntity
from app.services.owner import rules as owner_rules
from tests.factories import set_rule
from tests.support.sandbox import ACCOUNT, Sandbox
from tests.support.shop import TINY, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def product(product_id: str) -> CatalogProduct | None:
    db.session.remove()
    return db.session.query(CatalogProduct).filter_by(product_id=product_id).one_or_none()


def test_what_does_not_change_is_not_written(shop_everywhere: Shop) -> None:
    ids = {row.product_id: row.id for row in db.session.query(CatalogProduct)}
    shop_everywhere.patch("P1", price=1)

    report = refresh.refresh(shop_everywhere.owner)

    assert (report.stores_read, report.products, report.failed) == (1, 3, [])
    assert {row.product_id: row.id for row in db.session.query(CatalogProduct)} == ids


ODD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"name": "Ё" * 300}, {"name": "Ё" * 300}),
    ({"name": "Чай 😀👨‍👩‍👧 зелёный"}, {"name": "Чай 😀👨‍👩‍👧 зелёный"}),
    ({"name": "Чай\x00 с\x1b нулём", "description": "a\x00b", "code": "\x00"}, {"name": "Чай с нулём", "code": ""}),
    ({"name": "", "barcodes": ["\x00", "460", None]}, {"name": "", "barcodes": ["460"]}),
    ({"price": 0}, {"price": Decimal("0.00")}),
    ({"price": None}, {"price": None}),
    ({"price": 0.005}, {"price": Decimal("0.01")}),
    ({"price": 9999999999.99}, {"price": Decimal("9999999999.99")}),
    ({"quantity": -3}, {"quantity": Decimal("-3.000")}),
    ({"quantity": 1.3755}, {"quantity": Decimal("1.376")}),
    ({"quantity": None}, {"quantity": None}),
    ({"price": "999.00", "code": 392}, {"price": Decimal("999.00"), "code": "392"}),
    ({"quantity": 4607126901523}, {"quantity": Decimal(999_999_999)}),
    ({"quantity": "много", "description": ["x"]}, {"quantity": None, "description": ""}),
    ({"type": "X" * 300, "measure_name": "ж" * 300}, {"type": "X" * 300}),
]


def test_strange_values_are_stored_as_well_as_can_be(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    for number, (fields, _) in enumerate(ODD):
        shop.put(f"ODD{number}", **fields)

    assert shop.run().status == RunStatus.SUCCEEDED

    for number, (_, stored) in enumerate(ODD):
        found = product(f"ODD{number}")
        assert found is not None
        assert {name: getattr(found, name) for name in stored} == stored
    assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.DONE}
    assert ALL.items() <= shop.prices().items()
    unlisted = {f"ODD{number}" for number, (fields, _) in enumerate(ODD) if not fields.get("price", 1)} | {
        "ODD3",
        "ODD8",
    }
    assert shop.prices().keys() == {*ALL, *(f"ODD{number}" for number in range(len(ODD)))} - unlisted
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0


@pytest.mark.parametrize("fields", [{"price": 1e12}, {"price": -1}, {"price": "много"}, {"name": None}])
def test_a_product_in_a_form_we_cannot_trust_keeps_its_last_good_copy(
    shop_everywhere: Shop, fields: dict[str, Any]
) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", **fields)
    shop.put("NEW", **fields)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert product("NEW") is None
    kept = product("P1")
    assert kept is not None
    assert kept.price == Decimal("100.00")


def test_pages_are_put_together(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.control("evotor/settings", page_size=1)
    shop.put("P4")

    assert refresh.refresh(shop.owner).products == 4


def test_a_dangling_parent_and_a_cycle_do_no_harm(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    loop = [{"id": "A", "name": "А", "parent_id": "B"}, {"id": "B", "name": "Б", "parent_id": "A"}]
    sandbox.control("evotor/groups", store=TINY, upsert=loop)
    shop.put("P4", parent_id="A")
    shop.put("P5", parent_id="nowhere")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices().keys() == {*ALL, "P4", "P5"}


def test_known_groups_that_a_list_lacks_stay_while_something_stands_in_them(shop: Shop, sandbox: Sandbox) -> None:
    """Even up the tree: G1 holds IN, which holds P3."""
    sandbox.control("evotor/groups", store=TINY, upsert=[{"id": "IN", "name": "Внутри", "parent_id": "G1"}])
    shop.patch("P1", parent_id=None)
    shop.patch("P3", parent_id="IN")
    refresh.refresh(shop.owner)
    sandbox.control("evotor/groups", store=TINY, delete=["G1", "IN"])

    refresh.refresh(shop.owner)
    assert {row.group_id for row in db.session.query(CatalogGroup)} == {"G1", "G2", "IN"}

    shop.patch("P3", parent_id="G2")
    refresh.refresh(shop.owner)
    assert {row.group_id for row in db.session.query(CatalogGroup)} == {"G2"}


def test_without_evotor_nothing_is_read(shop: Shop) -> None:
    owner = shop.owner
    assert owner.evotor is not None
    owner.evotor.token = None

    with pytest.raises(CatalogUnavailable) as refusal:
        refresh.refresh(owner)

    assert refusal.value.code == "evotor_missing"


def test_a_store_may_be_closed_only_when_evotor_no_longer_lists_it(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    with pytest.raises(StoreStillListed):
        stores.close_store(shop.owner, TINY)
    with pytest.raises(UnknownEntity):
        stores.close_store(shop.owner, "no such store")
    shop.put("P4", quantity=0)
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])
    refresh.refresh(shop.owner)

    assert stores.close_store(shop.owner, TINY) == "Лавка"
    db.session.commit()

    assert db.session.query(CatalogStore).one().state == StoreState.CLOSED
    assert db.session.query(CatalogProduct).count() == 0


def test_a_store_that_is_back_is_read_again(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "402", "products", store=TINY, times=1)
    assert refresh.refresh(shop.owner).failed == ["Лавка"]
    assert db.session.query(CatalogStore).one().state == StoreState.PAYMENT_REQUIRED

    assert refresh.refresh(shop.owner).failed == []
    db.session.expire_all()
    assert db.session.query(CatalogStore).one().state == StoreState.OK


def test_a_rule_follows_its_entity_to_another_name(shop_everywhere: Shop) -> None:
    set_rule(shop_everywhere.owner, EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop_everywhere.patch("P1", name="Новое имя")

    refresh.refresh(shop_everywhere.owner)

    rules = owner_rules.rules_of(shop_everywhere.owner).rules
    assert [rule.name for rule in rules if rule.entity_type is EntityType.PRODUCT] == ["Новое имя"]


def stored_names() -> set[str]:
    db.session.remove()
    return {row.name for row in db.session.query(CatalogProduct)}


def rename_past_us(**store: Any) -> None:
    """As a program does that knows nothing of what was heard."""
    db.session.remove()
    with db.engine.begin() as connection:
        connection.execute(sa.update(CatalogProduct).values(name="Другое"))
        if store:
            connection.execute(sa.update(CatalogStore).values(**store))


def test_lists_that_are_heard_once_more_are_not_held_against_the_copy(shop_everywhere: Shop) -> None:
    refresh.refresh(shop_everywhere.owner)
    rename_past_us()

    report = refresh.refresh(shop_everywhere.owner)

    assert (report.stores_read, report.products, report.failed) == (1, 3, [])
    assert stored_names() == {"Другое"}, "nothing was read of it"


def test_they_are_where_another_program_has_made_the_copy(shop_everywhere: Shop) -> None:
    refresh.refresh(shop_everywhere.owner)
    shop_everywhere.clock.move(minutes=1)
    rename_past_us(fetched_at=shop_everywhere.clock.utcnow())

    refresh.refresh(shop_everywhere.owner)

    assert "Другое" not in stored_names()
