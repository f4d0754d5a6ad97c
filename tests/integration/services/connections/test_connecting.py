"""What connecting asks the vendors, and what it refuses."""

import pytest
from flask import Flask

from app.db import db
from app.models import (
    CatalogStore,
    ConnectionState,
    EvotorConnection,
    VkConnection,
)
from app.services.connections import evotor, vk
from app.services.errors import ConnectionRefused
from tests.factories import connect_both, make_user
from tests.support.sandbox import (
    CLOSED_CLUB,
    CLUB,
    EVOTOR_FORBIDDEN_TOKEN,
    EVOTOR_TOKEN,
    EXTENDED_CLUB,
    STORE,
    VK_TOKEN,
    Sandbox,
)

MODERATED_CLUB, UNKNOWN_CLUB = 777000333, 999


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clients.evotor.client.BACK_OFF", ())
    monkeypatch.setattr("app.clients.vk.failures.Failure.pause_before", lambda *_, **__: None)


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
