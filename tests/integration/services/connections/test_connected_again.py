"""Another account or community, or the same again; checks; tokens at rest."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.rules import Status
from app.models import (
    CatalogProduct,
    CatalogStore,
    ConnectionState,
    RunStatus,
    RunTrigger,
    User,
)
from app.services.connections import evotor, vk
from app.services.engine import run
from app.services.owner import switch
from tests.factories import make_active_owner
from tests.support.due import due_user_ids
from tests.support.sandbox import (
    CLUB,
    EVOTOR_OTHER_TOKEN,
    EVOTOR_TOKEN,
    EXTENDED_CLUB,
    VK_TOKEN,
    Sandbox,
)
from tests.support.shop import Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}
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
    assert due_user_ids() == []
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
