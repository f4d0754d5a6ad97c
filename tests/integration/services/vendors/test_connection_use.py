"""What a call says of a connection holds only for the token that it was made with."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from app.clients.http import Response
from app.db import db
from app.models import CatalogStore, ConnectionState, EvotorConnection, RunStatus, User, VkCategoryList, VkConnection
from app.services.catalog import refresh
from app.services.catalog.refresh import CatalogUnavailable
from app.services.connections import evotor, vk
from app.services.errors import VkUnavailable
from app.services.market import categories
from tests.factories import make_user
from tests.support.sandbox import EVOTOR_TOKEN, EXTENDED_CLUB, VK_TOKEN, Sandbox
from tests.support.shop import Shop

NEW = "another-token"
Model = type[EvotorConnection] | type[VkConnection]


def store(model: Model, **values: object) -> Callable[[], None]:
    """By another process."""

    def apply() -> None:
        token = current_app.extensions["key_ring"].encrypt(NEW)
        with db.engine.begin() as connection:
            # The table, not the model: the token is encrypted already.
            columns = {"token": sa.literal(token, sa.Text), **values}
            connection.execute(sa.update(model.__table__).values(columns))  # type: ignore[arg-type]  # a Table

    return apply


def stored(model: Model) -> EvotorConnection | VkConnection:
    db.session.remove()
    found: EvotorConnection | VkConnection | None = db.session.scalar(sa.select(model))
    assert found is not None
    return found


def answer_after(deed: Callable[[], object]) -> Callable[[Callable[[], Response]], Response]:
    def hook(call: Callable[[], Response]) -> Response:
        deed()
        return call()

    return hook


@pytest.mark.parametrize("error", ["error:5", "error:15", "error:14"])
def test_a_run_says_nothing_of_a_vk_token_stored_meanwhile(shop_everywhere: Shop, sandbox: Sandbox, error: str) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", price=120)
    sandbox.fault("vk", error, "market.edit")
    shop.on_call("/market.edit", answer_after(store(VkConnection)))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "changed_meanwhile")
    connection = stored(VkConnection)
    assert (connection.state, connection.error_code) == (ConnectionState.OK, None)
    assert isinstance(connection, VkConnection)
    assert connection.way_out is None
    assert shop.next_run_in().total_seconds() <= 0, "the new token is tried at once"


def test_a_run_that_came_through_does_not_vouch_for_another_token(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", price=120)
    sandbox.fault("vk", "error:29", "market.addToAlbum")
    shop.patch("P2", parent_id="G1")
    meanwhile = store(VkConnection, state="needs_owner", error_code="vk_14", is_extended=True)
    shop.on_call("/market.edit", answer_after(meanwhile))

    shop.run()

    connection = stored(VkConnection)
    assert isinstance(connection, VkConnection)
    assert (connection.state, connection.error_code) == (ConnectionState.NEEDS_OWNER, "vk_14")
    assert connection.resting == {}
    assert connection.is_extended


def test_a_run_says_nothing_of_an_evotor_token_stored_meanwhile(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    sandbox.fault("evotor", "401", "stores")
    shop.on_call("/stores", answer_after(store(EvotorConnection)))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "changed_meanwhile")
    assert (stored(EvotorConnection).state, stored(EvotorConnection).error_code) == (ConnectionState.OK, None)
    assert shop.next_run_in().total_seconds() <= 0


@pytest.mark.parametrize("path", ["/stores", "/products"])
def test_what_an_old_token_reads_is_not_stored(shop_everywhere: Shop, path: str) -> None:
    """Its account may be another one, with other stores and goods."""
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", name="Чужое имя")

    def changes_hands() -> None:
        store(EvotorConnection)()
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE catalog_stores SET name = 'Наша'"))

    shop.on_call(path, answer_after(changes_hands))
    owner = shop.owner

    with pytest.raises(CatalogUnavailable) as refusal:
        refresh.refresh(owner)

    assert refusal.value.code == "connection_changed"
    db.session.remove()
    assert db.session.scalars(sa.select(CatalogStore.name)).all() == ["Наша"]
    assert "Чужое имя" not in db.session.scalars(sa.text("SELECT name FROM catalog_products")).all()


@pytest.mark.parametrize("fails", [False, True])
def test_a_check_does_not_bring_a_disconnected_service_back(
    app_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    shop = Shop(sandbox, monkeypatch)
    gone = {"token": None, "state": "disconnected"}
    for model, path in ((EvotorConnection, "/stores"), (VkConnection, "/market.get")):
        shop.on_call(path, answer_after(store(model, **gone, **({"group_id": None} if model is VkConnection else {}))))
    if fails:
        sandbox.fault("evotor", "401", "stores")
        sandbox.fault("vk", "error:5", "market.get")
    owner = shop.owner

    assert evotor.check_evotor(owner) is ConnectionState.DISCONNECTED
    assert vk.check_vk(owner) is ConnectionState.DISCONNECTED
    db.session.commit()

    for model in (EvotorConnection, VkConnection):
        assert (stored(model).state, stored(model).error_code) == (ConnectionState.DISCONNECTED, None)


def test_a_check_says_nothing_of_another_token(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", "error:5", "market.get")
    shop.on_call("/market.get", answer_after(store(VkConnection)))

    assert vk.check_vk(shop.owner) is ConnectionState.OK


def test_two_windows_connect_for_the_first_time_at_once(
    app_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(sandbox, monkeypatch)
    db.session.remove()
    late = make_user("late@example.ru")

    def other_window(model: Model) -> Callable[[], None]:
        def insert() -> None:
            with db.engine.begin() as connection:
                row = {"user_id": late.id, "state": "disconnected"}
                connection.execute(sa.insert(model.__table__).values(row))  # type: ignore[arg-type]  # a Table

        return insert

    late_id = late.id
    shop.on_call("/stores", answer_after(other_window(EvotorConnection)))
    shop.on_call("/market.get", answer_after(other_window(VkConnection)))

    evotor.connect_evotor(late, EVOTOR_TOKEN)
    vk.connect_vk(late, VK_TOKEN, EXTENDED_CLUB)
    db.session.commit()

    db.session.remove()
    again = db.session.get_one(User, late_id)
    assert again.evotor is not None
    assert again.vk is not None
    assert (again.evotor.state, again.evotor.token) == (ConnectionState.OK, EVOTOR_TOKEN)
    assert (again.vk.state, again.vk.group_id) == (ConnectionState.OK, EXTENDED_CLUB)


def test_categories_of_another_community_are_not_kept(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.on_call("/market.getCategories", answer_after(store(VkConnection, group_id=EXTENDED_CLUB)))
    kept = db.session.scalar(sa.select(VkCategoryList.read_at))

    with pytest.raises(VkUnavailable):
        categories.refresh_categories(shop.owner)

    db.session.remove()
    assert db.session.scalar(sa.select(VkCategoryList.read_at)) == kept
