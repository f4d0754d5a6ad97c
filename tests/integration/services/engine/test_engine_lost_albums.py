"""Albums whose answer is lost, and lists that do not show them."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from msgspec.structs import replace

from app.clients.http import Response
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from tests.support.lost_answers import ALBUMS, ALL, all_is_well, dies_after, dies_before
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Shop

pytestmark = pytest.mark.one_by_one


@pytest.mark.parametrize("kind", ["drop_after", "http_502_after", "garbage_after"])
def test_an_album_whose_answer_is_lost_is_found_by_its_title(shop: Shop, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault("vk", kind, "market.addAlbum", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.addAlbum") == len(ALBUMS)
    all_is_well(shop)


def test_an_album_that_never_arrived_is_made_after_the_read_lag(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "market.addAlbum", times=1)

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED

    all_is_well(shop_everywhere)


def test_an_album_that_lists_do_not_show_yet_is_found_later(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "lag:0.5", "market.addAlbum", times=1)
    sandbox.fault("vk", "drop_after", "market.addAlbum", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.addAlbum") == len(ALBUMS)
    all_is_well(shop)


def test_an_album_that_lists_do_not_show_yet_is_not_made_again(shop: Shop, sandbox: Sandbox, app: Flask) -> None:
    """The lost add makes the next pass read the market, in which the new album is still missing."""
    app.extensions["settings"] = replace(app.extensions["settings"], vk_read_lag_seconds=30)
    sandbox.fault("vk", "lag:60", "market.addAlbum")
    sandbox.fault("vk", "drop_before", "market.add", times=1)
    shop.run(to_end=False)

    shop.run(to_end=False)
    shop.clock.move(minutes=2)

    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.calls("market.addAlbum") == len(ALBUMS)
    all_is_well(shop)


@pytest.mark.parametrize("death", [dies_before, dies_after])
def test_a_worker_that_dies_around_an_album_leaves_exactly_one(
    shop_everywhere: Shop, death: Callable[[Callable[[], Response]], Response]
) -> None:
    shop_everywhere.on_call("/market.addAlbum", death)
    shop_everywhere.run_killed()

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED

    all_is_well(shop_everywhere)


def test_a_lost_album_that_nobody_wants_any_more_is_settled(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "market.addAlbum", times=1)
    shop.run(to_end=False)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1", "P2")
    shop.clock.move(seconds=2)

    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED

    shop.forget_calls()
    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED
    assert (shop.calls("market.get"), shop.calls("market.getAlbums")) == (1, 0)


@pytest.mark.parametrize(
    "shown", [b'{"response": {"count": 0, "items": []}}', b'{"response": {"count": 2, "items": [false, false]}}']
)
def test_albums_that_one_list_lacks_are_not_made_again(shop: Shop, shown: bytes) -> None:
    shop.run()
    shop.on_call("/market.getAlbums", lambda _call: Response(200, {}, shown), times=10)
    shop.clock.move(days=1, minutes=1)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0
    assert shop.albums() == ALBUMS


def test_records_of_items_and_albums_that_are_lost_together_are_made_anew(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    for table in ("listings", "vk_albums"):
        db.session.execute(sa.text(f"DELETE FROM {table}"))
    db.session.commit()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0
    assert (shop.albums(), len(shop.sandbox.items())) == (ALBUMS, len(ALL))


def test_the_owners_own_albums_are_never_taken_for_ours(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    (hits,) = sandbox.control("vk/albums", club=CLUB, add=["Хиты"])["added"]
    for product_id in ALL:
        item = shop.item(product_id)
        sandbox.control("vk/items", club=CLUB, edit=[{"id": item["id"], "album_ids": [hits, *item["album_ids"]]}])
    for table in ("listings", "vk_albums"):
        db.session.execute(sa.text(f"DELETE FROM {table}"))
    db.session.commit()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.writes() == 0
    albums = {album["title"]: album["item_ids"] for album in sandbox.dump()["vk"]["clubs"][str(CLUB)]["albums"]}
    assert len(albums["Хиты"]) == len(ALL)
