"""A market brought to equal the selection, and kept so."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.vk import answers
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, RunStatus, RunTrigger, VkAlbum
from app.services.engine import run
from tests.factories import make_active_owner
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def test_a_second_run_writes_nothing(app_on_each_database: Flask, sandbox: Sandbox) -> None:
    owner = make_active_owner()
    assert run.run_user(owner, RunTrigger.COMMAND).status == RunStatus.SUCCEEDED
    sandbox.control("calls/reset")

    assert run.run_user(owner, RunTrigger.COMMAND).status == RunStatus.SUCCEEDED

    assert sandbox.writes() == 0


def test_an_unchanged_catalog_costs_vk_one_cheap_question(shop_everywhere: Shop) -> None:
    shop_everywhere.run()
    shop_everywhere.forget_calls()

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED

    calls = shop_everywhere.sandbox.dump()["calls"]
    assert {name: times for name, times in calls.items() if not name.startswith("evotor.")} == {"vk.market.get": 1}


def test_the_market_holds_exactly_the_selection(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    before = sandbox.strangers()
    shop.put("P4", price=0)
    shop.put("P5", quantity=0)
    shop.put("P6", type="ALCOHOL_MARKED")
    shop.put("P7", parent_id="G2")
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P2")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {"P1": "100.00", "P3": "300.00", "P7": "100.00"}
    assert {item["name"] for item in sandbox.items()} == {"Товар P1", "Товар P3", "Товар P7"}
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P7"]}
    assert sandbox.strangers() == before


def test_a_confirmation_written_by_another_program_counts(shop_everywhere: Shop) -> None:
    db.session.execute(sa.text("UPDATE sync_configs SET confirmed_at = '2026-11-23 09:15:00'"))
    db.session.commit()

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED


def test_the_extended_shop_gets_stock_and_rests_when_nothing_changed(extended_shop: Shop, sandbox: Sandbox) -> None:
    extended_shop.patch("P2", quantity=2.7)
    extended_shop.patch("P3", quantity=None)
    extended_shop.run()
    stock = {item["sku"]: item["stock_amount"] for item in sandbox.items(EXTENDED_CLUB)}
    assert stock == {"ev:P1": 5, "ev:P2": 2, "ev:P3": -1}
    extended_shop.forget_calls()

    extended_shop.clock.move(days=2)
    assert extended_shop.run().status == RunStatus.SUCCEEDED

    assert extended_shop.writes() == 0


def test_elements_that_are_false_are_passed_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = answers.elements
    monkeypatch.setattr(answers, "elements", lambda answer: [False, *real(answer), False])

    shop.run()
    assert shop.prices() == ALL
    shop.forget_calls()
    shop.clock.move(days=2)
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0


def test_changes_at_the_register_reach_the_market(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    ids = {product: shop.item(product)["id"] for product in ALL}
    shop.patch("P1", price=150.5, name="Чай новый", parent_id="G2")
    shop.patch("P2", quantity=0)
    shop.put("P4", price=10)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {"P1": "150.50", "P3": "300.00", "P4": "10.00"}
    assert shop.item("P1")["name"] == "Чай новый"
    assert shop.albums()["Чай"] == []
    assert "P1" in shop.albums()["Мёд"]
    assert {product: shop.item(product)["id"] for product in ALL} == ids


def test_our_items_edited_by_hand_elsewhere_and_strangers_stay_untouched(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Чужой", "sku": "ev:unknown", "price": 7}])
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Без артикула", "price": 8}])
    sandbox.control("vk/albums", club=CLUB, add=["Чай"])

    def untouched() -> list[Any]:
        club = sandbox.dump()["vk"]["clubs"][str(CLUB)]
        return [[thing for thing in club[kind] if thing["foreign"]] for kind in ("items", "albums")]

    before = untouched()
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1", "P2", "P3")
    shop.clock.move(days=2)
    shop.run()
    shop.clock.move(days=9)
    shop.run()

    assert untouched() == before


def test_lost_links_are_rebuilt_by_sku(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    ids = {product: shop.item(product)["id"] for product in ALL}
    albums = shop.albums()
    db.session.execute(sa.delete(Listing))
    db.session.commit()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == 0
    assert {product: shop.item(product)["id"] for product in ALL} == ids
    assert shop.albums() == albums
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_a_rebuilt_link_knows_the_album_in_which_the_item_stands(shop: Shop) -> None:
    shop.run()
    db.session.execute(sa.delete(Listing))
    db.session.commit()
    shop.patch("P1", parent_id="G2")

    shop.run()

    assert shop.albums() == {"Чай": [], "Мёд": ["P1", "P2"]}


@pytest.mark.parametrize("lost", [["P3"], ["P2", "P3"]])
def test_links_lost_since_a_backup_make_no_duplicates(shop: Shop, lost: list[str]) -> None:
    """The market was read a moment ago, so nothing but the adds themselves asks for a look."""
    shop.run()
    db.session.execute(sa.delete(Listing).where(Listing.product_id.in_(lost)))
    db.session.commit()
    shop.forget_calls()

    shop.run()

    assert shop.calls("market.add") == 0
    assert shop.prices() == ALL


def test_an_album_deleted_by_hand_is_made_again_and_filled(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    album_id = db.session.scalars(sa.select(VkAlbum.vk_album_id).where(VkAlbum.title == "Чай")).one()
    sandbox.control("vk/albums", club=CLUB, delete=[album_id])
    shop.clock.move(days=2)

    shop.run()

    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


def test_rules_changed_while_the_catalog_is_read_count_at_once(shop: Shop) -> None:
    def exclude() -> None:
        with db.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO sync_filters (sync_config_id, entity_type, entity_id, entity_name, filter_mode)"
                    " SELECT id, 'product', 'P1', 'P1', 'exclude' FROM sync_configs"
                )
            )

    shop.after_call("/products", exclude)

    shop.run()

    assert shop.prices() == {"P2": "200.00", "P3": "300.00"}


def test_an_item_whose_product_left_every_group_leaves_its_album(shop: Shop) -> None:
    shop.run()
    shop.patch("P1", parent_id=None)

    shop.run()

    assert shop.albums() == {"Чай": [], "Мёд": ["P2"]}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("auth", "vk_5"),
        ("captcha", "vk_14"),
        ("error:15", "vk_15"),
        ("access", "vk_205"),
        ("market_off", "vk_1438"),
        ("error:18", "vk_18"),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_what_is_wrong_at_vk_shows_although_there_is_nothing_to_change(
    shop: Shop, fault: str, code: str, waits: bool
) -> None:
    goods = shop.fill(4)
    shop.run()
    if waits:
        shop.patch_all(goods, price=0)
    shop.sandbox.fault("vk", fault)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, code)
    connection = shop.owner.vk
    assert connection is not None
    assert connection.error_code == code
    shop.sandbox.clear_faults()
    assert shop.run().status == (RunStatus.NEEDS_APPROVAL if waits else RunStatus.SUCCEEDED)
    connection = shop.owner.vk
    assert connection is not None
    assert connection.error_code is None, "a waiting plan, too, has heard that all is well again"


def test_a_question_for_which_the_quota_is_used_up_costs_nothing_but_its_answer(shop: Shop) -> None:
    shop.run()
    shop.sandbox.fault("vk", "rate_limit", "market.get")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_29")
    shop.forget_calls()
    shop.patch("P1", price=101)
    assert shop.run().error is None, "the change has asked"
    assert shop.prices()["P1"] == "101.00"
    assert shop.calls("market.get") == 0
