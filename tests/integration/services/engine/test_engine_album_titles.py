"""A group gets a new name, and its album with it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.clients.http import Response
from app.db import db
from app.models import RunStatus
from tests.support.lost_answers import ALBUMS, dies_after, dies_before
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import TINY, Shop


def rename_group(shop: Shop, name: str) -> None:
    shop.sandbox.control("evotor/groups", store=TINY, patch=[{"id": "G1", "name": name}])


def test_a_group_with_a_new_name_takes_its_album_along(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.forget_calls()
    rename_group(shop, "Чай и травы")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай и травы": ["P1"], "Мёд": ["P2"]}
    assert (shop.calls("market.editAlbum"), shop.writes()) == (1, 1)
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


@pytest.mark.parametrize("death", [dies_before, dies_after])
@pytest.mark.parametrize("name", ["Чай и травы", "Чай"])
def test_a_worker_that_dies_around_a_new_title(
    shop_everywhere: Shop, death: Callable[[Callable[[], Response]], Response], name: str
) -> None:
    """Also where the group got its old name back meanwhile."""
    shop = shop_everywhere
    shop.run()
    rename_group(shop, "Чай и травы")
    shop.on_call("/market.editAlbum", death)
    shop.run_killed()
    rename_group(shop, name)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {name: ["P1"], "Мёд": ["P2"]}
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_an_album_that_is_gone_when_it_gets_a_new_title_is_made_anew(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    rename_group(shop, "Чай и травы")
    album_id = db.session.scalars(sa.text("SELECT vk_album_id FROM vk_albums WHERE title = 'Чай'")).one()
    db.session.rollback()
    sandbox.control("vk/albums", club=CLUB, delete=[album_id])

    shop.run()
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай и травы": ["P1"], "Мёд": ["P2"]}


@pytest.mark.one_by_one
def test_a_lost_album_is_found_whatever_way_vk_spells_its_title(shop: Shop) -> None:
    rename_group(shop, "Чай & «травы»")

    def spelled(call: Callable[[], Response]) -> Response:
        return Response(200, {}, call().body.replace("Чай & ".encode(), "Чай &amp;  ".encode()))

    def lost(call: Callable[[], Response]) -> Response:
        call()
        return Response(502, {}, b"")

    shop.on_call("/market.getAlbums", spelled, times=100)
    shop.on_call("/market.addAlbum", lost, times=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.addAlbum") == len(ALBUMS)
    assert shop.albums() == {"Чай & «травы»": ["P1"], "Мёд": ["P2"]}
