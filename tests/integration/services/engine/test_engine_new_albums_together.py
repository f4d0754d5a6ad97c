"""New albums are made by one request, and each of them ends as it would by itself."""

import pytest

from app.clients.http import Response
from app.models import EntryOutcome, RunStatus
from tests.support.batches import LOST, SPOILT, nothing_is_left
from tests.support.settings import calls_go
from tests.support.shop import TINY, Shop


def test_new_albums_are_made_by_one_request(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.calls("market.addAlbum") == 0
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


@pytest.mark.parametrize("kind", [*LOST, *SPOILT, "half"])
def test_albums_whose_answer_is_lost_are_found_by_their_titles(shop: Shop, kind: str) -> None:
    calls_go(pictures=1)
    shop.sandbox.fault("vk", kind, "execute", after=2, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}
    nothing_is_left(shop)


def test_one_title_that_vk_refuses_costs_the_other_album_nothing(shop: Shop) -> None:
    shop.sandbox.fault("vk", "error:100", "market.addAlbum", times=1, suffix="title is bad")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.albums()) == 1
    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert (failed.action, failed.error_code) == ("album_add", "vk_100")


def test_too_many_albums_are_told_once(shop: Shop) -> None:
    shop.sandbox.fault("vk", "error:1407", "market.addAlbum")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [entry.error_code for entry in shop.entries() if entry.action == "album_add"] == ["vk_1407"]


def test_albums_that_come_to_nothing_together_are_made_singly_by_the_next_run(shop: Shop) -> None:
    shop.on_batches_of("market.addAlbum", lambda _call: Response(502, {}, b""))

    for _ in range(2):
        shop.run(to_end=False)
        shop.clock.move(hours=2)

    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


@pytest.mark.parametrize("kind", ["error:100", "error:10"])
def test_albums_that_cannot_be_read_keep_nobody_from_what_comes_after(shop: Shop, kind: str) -> None:
    shop.run()
    new = [{"id": "G3", "name": "Сыр"}, {"id": "G4", "name": "Соль"}]
    shop.sandbox.control("evotor/groups", store=TINY, upsert=new)
    for product, group in (("Q1", "G3"), ("Q2", "G4"), ("Q3", "G1")):
        shop.put(product, parent_id=group)
    shop.sandbox.fault("vk", kind, "market.getAlbums")

    shop.run()

    assert shop.albums()["Чай"] == ["P1", "Q3"]
