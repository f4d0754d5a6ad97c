"""Connecting, reconnecting and losing a connection; a community that changes hands."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.rules import EntityType, FilterMode, Status
from app.models import (
    CatalogProduct,
    CatalogStore,
    ConnectionState,
    EvotorConnection,
    Listing,
    RunStatus,
    RunTrigger,
    User,
    VkAlbum,
    VkConnection,
)
from app.services.connections import evotor, vk
from app.services.engine import run
from app.services.errors import ConnectionRefused
from app.services.owner import switch
from app.services.runs import schedule
from tests.factories import connect_both, make_active_owner, make_user
from tests.support.sandbox import (
    CLOSED_CLUB,
    CLUB,
    EVOTOR_FORBIDDEN_TOKEN,
    EVOTOR_OTHER_TOKEN,
    EVOTOR_TOKEN,
    EXTENDED_CLUB,
    STORE,
    VK_TOKEN,
    Sandbox,
)
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}
MODERATED_CLUB, UNKNOWN_CLUB = 777000333, 999
NO_STOCK_TOKEN = "0b9d8c1e-0000-4000-8000-00000000d3a1"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clients.evotor.client.BACK_OFF", ())
    monkeypatch.setattr("app.clients.vk.failures.Failure.pause_before", lambda *_, **__: None)


def confirmed(user: User) -> bool:
    db.session.refresh(user)
    assert user.sync_config is not None
    db.session.refresh(user.sync_config)
    return user.sync_config.is_enabled and user.sync_config.confirmed_at is not None


# Refusals


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "evotor_unauthorized"),
        ("no such token", "evotor_unauthorized"),
        ("токен\n", "evotor_unauthorized"),
        (EVOTOR_FORBIDDEN_TOKEN, "evotor_forbidden"),
    ],
)
def test_a_token_that_evotor_refuses_is_not_stored(app: Flask, sandbox: Sandbox, token: str, code: str) -> None:
    user = make_user()

    with pytest.raises(ConnectionRefused) as refusal:
        evotor.connect_evotor(user, token)

    assert refusal.value.code == code
    assert db.session.query(EvotorConnection).count() == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("500", "evotor_server_error"),
        ("drop", "evotor_unreachable"),
        ("html", "evotor_malformed"),
        ("truncated", "evotor_malformed"),
        ("402", "evotor_payment_required"),
    ],
)
def test_while_evotor_is_down_nothing_is_stored(app: Flask, sandbox: Sandbox, kind: str, code: str) -> None:
    user = make_user()
    sandbox.fault("evotor", kind, "stores")

    with pytest.raises(ConnectionRefused) as refusal:
        evotor.connect_evotor(user, EVOTOR_TOKEN)

    assert refusal.value.code == code
    assert EVOTOR_TOKEN not in repr(refusal.getrepr())
    assert db.session.query(EvotorConnection).count() == 0


def test_a_store_that_cannot_be_read_does_not_refuse_the_token(app: Flask, sandbox: Sandbox) -> None:
    user = make_user()
    sandbox.fault("evotor", "402", "products", store=STORE)

    evotor.connect_evotor(user, EVOTOR_TOKEN)

    assert user.evotor is not None
    assert user.evotor.state == ConnectionState.OK
    assert {row.state for row in db.session.query(CatalogStore)} == {"ok", "payment_required"}


@pytest.mark.parametrize(
    ("token", "club", "code"),
    [
        ("no such token", CLUB, "vk_5"),
        ("", CLUB, "vk_5"),
        ("demo-expired", CLUB, "vk_5"),
        ("demo-noscope", CLUB, "vk_no_market_right"),
        ("demo-group", CLUB, "vk_27"),
        ("demo-service", CLUB, "vk_28"),
        (VK_TOKEN, MODERATED_CLUB, "vk_205"),
        (VK_TOKEN, CLOSED_CLUB, "vk_1438"),
        (VK_TOKEN, UNKNOWN_CLUB, "community_not_found"),
    ],
)
def test_a_community_that_cannot_be_served_is_not_stored(
    app: Flask, sandbox: Sandbox, token: str, club: int, code: str
) -> None:
    user = make_user()

    with pytest.raises(ConnectionRefused) as refusal:
        vk.connect_vk(user, token, club)

    assert refusal.value.code == code
    assert not token or token not in str(refusal.value)
    assert db.session.query(VkConnection).count() == 0


@pytest.mark.parametrize("kind", ["http_502", "garbage", "drop_before"])
def test_while_vk_is_down_nothing_is_stored(app: Flask, sandbox: Sandbox, kind: str) -> None:
    user = make_user()
    sandbox.fault("vk", kind)

    with pytest.raises(ConnectionRefused) as refusal:
        vk.connect_vk(user, VK_TOKEN, CLUB)

    assert refusal.value.code == "vk_unreachable"
    assert VK_TOKEN not in repr(refusal.getrepr())


def test_a_community_of_another_user_is_taken(app_on_each_database: Flask, sandbox: Sandbox) -> None:
    connect_both(make_user())
    second = make_user("second@example.ru")
    vk.connect_vk(second, VK_TOKEN, EXTENDED_CLUB)
    db.session.commit()

    for user in (second, make_user("third@example.ru")):
        with pytest.raises(ConnectionRefused) as refusal:
            vk.connect_vk(user, VK_TOKEN, CLUB)
        assert refusal.value.code == "community_taken"


@pytest.mark.parametrize("state", [state for state in ConnectionState if state is not ConnectionState.OK])
def test_a_taken_community_is_told_whatever_the_connection_was(
    app_on_each_database: Flask, state: ConnectionState
) -> None:
    connect_both(make_user())
    second = make_user("second@example.ru")
    vk.connect_vk(second, VK_TOKEN, EXTENDED_CLUB)
    assert second.vk is not None
    second.vk.state = state
    db.session.commit()
    with pytest.raises(ConnectionRefused) as refusal:
        vk.connect_vk(second, VK_TOKEN, CLUB)
    assert refusal.value.code == "community_taken"
    db.session.commit()

    assert second.vk is not None
    db.session.refresh(second.vk)
    assert second.vk.group_id == EXTENDED_CLUB


# Another one, or the same again


def test_another_evotor_account_clears_the_confirmation_and_the_old_catalog(
    app_on_each_database: Flask, sandbox: Sandbox
) -> None:
    owner = make_active_owner()

    assert evotor.connect_evotor(owner, EVOTOR_OTHER_TOKEN)

    assert not confirmed(owner)
    assert owner.sync_state is not None
    assert owner.sync_state.pause_reason == "other_evotor"
    assert [row.name for row in db.session.query(CatalogStore)] == ["Канцтовары у школы"]
    assert db.session.query(CatalogProduct).count() == 3
    assert schedule.due_user_ids() == []
    assert run.run_user(owner, RunTrigger.COMMAND).status == "not_active"


def test_the_same_evotor_account_by_another_token_keeps_everything(app: Flask, sandbox: Sandbox) -> None:
    owner = make_active_owner()

    assert not evotor.connect_evotor(owner, NO_STOCK_TOKEN)

    assert confirmed(owner)
    assert switch.status_of(owner) is Status.ACTIVE


def test_another_community_clears_the_confirmation(app_on_each_database: Flask, sandbox: Sandbox) -> None:
    owner = make_active_owner()

    assert vk.connect_vk(owner, VK_TOKEN, EXTENDED_CLUB)
    db.session.commit()

    assert not confirmed(owner)
    assert owner.sync_state is not None
    assert owner.sync_state.pause_reason == "other_vk"


def test_disconnecting_and_reconnecting_the_same_keeps_everything(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    owner = shop.owner
    evotor.disconnect_evotor(owner)
    vk.disconnect_vk(owner)
    db.session.commit()
    assert shop.run().error == "evotor_missing"
    assert shop.prices() == ALL
    owner = shop.owner
    assert not evotor.connect_evotor(owner, EVOTOR_TOKEN)
    assert not vk.connect_vk(owner, VK_TOKEN, CLUB)
    db.session.commit()
    assert confirmed(owner)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0


def test_another_community_by_way_of_a_disconnection_is_noticed(app: Flask, sandbox: Sandbox) -> None:
    owner = make_active_owner()
    vk.disconnect_vk(owner)
    db.session.commit()

    assert vk.connect_vk(owner, VK_TOKEN, EXTENDED_CLUB)

    assert not confirmed(owner)


# Checks


def test_checks_remember_what_the_vendors_said(app: Flask, sandbox: Sandbox) -> None:
    owner = make_active_owner()
    assert evotor.check_evotor(owner) == vk.check_vk(owner) == ConnectionState.OK

    sandbox.fault("evotor", "401", "stores")
    sandbox.fault("vk", "error:1438", "market.get")

    assert evotor.check_evotor(owner) == ConnectionState.TOKEN_REJECTED
    assert vk.check_vk(owner) == ConnectionState.SHOP_CLOSED
    sandbox.clear_faults()
    assert evotor.check_evotor(owner) == vk.check_vk(owner) == ConnectionState.OK
    assert owner.vk is not None
    assert owner.vk.error_code is None


def test_tokens_lie_encrypted(app: Flask, sandbox: Sandbox) -> None:
    owner = make_active_owner()
    run.run_user(owner, RunTrigger.COMMAND)
    db.session.remove()
    with db.engine.begin() as connection:
        tokens = connection.execute(
            sa.text("SELECT token FROM evotor_connections UNION SELECT token FROM vk_connections")
        ).scalars()
        assert all(token.startswith("gAAAA") for token in tokens)
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    with open(db.engine.url.database or "", "rb") as file:
        content = file.read()
    assert EVOTOR_TOKEN.encode() not in content
    assert VK_TOKEN.encode() not in content


# A community that changes hands


def hand_over(shop: Shop, giver: int, taker: User) -> None:
    vk.disconnect_vk(db.session.get_one(User, giver))
    db.session.commit()
    shop.connect(taker)
    shop.owner_id = taker.id


def test_a_community_that_passes_to_another_user_keeps_its_items(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    items = {product: shop.item(product)["id"] for product in ALL}
    first = shop.owner_id
    hand_over(shop, first, make_user("second@example.ru"))
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == shop.calls("market.addAlbum") == 0
    assert {product: shop.item(product)["id"] for product in ALL} == items
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}
    assert {row.user_id for row in db.session.query(Listing)} == {shop.owner_id}
    assert {row.user_id for row in db.session.query(VkAlbum)} == {shop.owner_id}
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_a_community_that_comes_back_keeps_its_items_too(shop_everywhere: Shop) -> None:
    """The first user's market was read a moment ago, yet the links are now the second user's."""
    shop = shop_everywhere
    shop.run()
    first, second = shop.owner_id, make_user("second@example.ru").id
    hand_over(shop, first, db.session.get_one(User, second))
    shop.put("P4", parent_id="G2")
    shop.run()
    hand_over(shop, second, db.session.get_one(User, first))
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == shop.calls("market.addAlbum") == 0
    assert shop.prices() == {**ALL, "P4": "100.00"}
    assert len(shop.sandbox.items()) == 4


def test_what_the_new_owner_does_not_have_is_a_stranger(shop: Shop) -> None:
    shop.run()
    first = shop.owner_id
    shop.drop("P1")
    hand_over(shop, first, make_user("second@example.ru"))

    assert shop.run().status == RunStatus.SUCCEEDED
    shop.clock.move(days=9)
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


def test_two_stores_with_equal_product_ids_are_two_listings(shop: Shop, sandbox: Sandbox) -> None:
    """Evotor gives every store its own ids; should two be equal, each keeps its item."""
    from tests.support.sandbox import ACCOUNT

    other = "20260101-BBBB-4BBB-80CC-000000000002"
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": other, "name": "Вторая"}])
    sandbox.put_product("P1", other, price=10)
    shop.run()
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, other)
    shop.run()
    assert len([item for item in sandbox.items() if item["sku"] == "ev:P1"]) == 2
    shop.forget_calls()
    shop.clock.move(days=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0
