"""Answers that VK lost, and processes that died: one product never gets two items."""

from collections.abc import Callable
from typing import NoReturn

import pytest
import sqlalchemy as sa
from flask import Flask
from msgspec.structs import replace

from app.clients.http import Response
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import TINY, Killed, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}
ALBUMS = {"Чай": ["P1"], "Мёд": ["P2"]}


def dies_after(call: Callable[[], Response]) -> NoReturn:
    call()
    raise Killed


def dies_before(_call: Callable[[], Response]) -> NoReturn:
    raise Killed


def all_is_well(shop: Shop) -> None:
    """Each product once, each album once, and nothing left to do."""
    assert shop.prices() == ALL
    assert len(shop.sandbox.items(shop.club)) == len(ALL)
    assert shop.album_titles() == sorted(ALBUMS)
    assert shop.albums() == ALBUMS
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0


# Adds


@pytest.mark.parametrize("kind", ["drop_after", "http_502_after", "garbage_after"])
def test_an_add_whose_answer_is_lost_is_found_by_its_sku_at_once(shop: Shop, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault("vk", kind, "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL)
    assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.DONE}
    all_is_well(shop)


def test_an_internal_error_after_storing_makes_no_second_item(shop_everywhere: Shop) -> None:
    def stored_yet_failed(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, b'{"error": {"error_code": 10, "error_msg": "Internal server error"}}')

    shop_everywhere.on_call("/market.add", stored_yet_failed)

    assert shop_everywhere.run().status == RunStatus.SUCCEEDED

    assert shop_everywhere.calls("market.add") == len(ALL)
    all_is_well(shop_everywhere)


def test_an_add_that_never_arrived_is_repeated_by_the_same_run_after_the_read_lag(
    shop_everywhere: Shop, sandbox: Sandbox
) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", "drop_before", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL) + 1
    assert any(0 < pause <= 1 for pause in shop.clock.slept)
    all_is_well(shop)


def test_a_slice_leaves_the_lost_add_to_a_later_pass(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "market.add", times=1)

    outcome = shop.run(to_end=False)

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "lost_answers")
    assert 0 < shop.next_run_in().total_seconds() <= 1
    assert len(shop.prices()) == len(ALL) - 1
    assert shop.run(to_end=False).status == RunStatus.CONTINUED, "too early: reads may trail writes"
    assert len(shop.prices()) == len(ALL) - 1
    shop.clock.move(seconds=2)
    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED
    all_is_well(shop)


def test_an_item_that_lists_do_not_show_yet_is_found_later(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", "lag:0.5", "market.add", times=1)
    sandbox.fault("vk", "drop_after", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL)
    all_is_well(shop)


def test_the_lag_counts_from_the_end_of_a_long_wait_for_the_answer(shop: Shop, sandbox: Sandbox) -> None:
    """VK may finish an add at the very moment in which we stop waiting for it."""
    sandbox.fault("vk", "lag:35.5", "market.add", times=1)

    def times_out(call: Callable[[], Response]) -> Response:
        call()
        shop.clock.move(seconds=35)
        return Response(502, {}, b"")

    shop.on_call("/market.add", times_out)

    shop.run()

    assert shop.calls("market.add") == len(ALL)
    all_is_well(shop)


@pytest.mark.parametrize("death", [dies_before, dies_after])
def test_a_worker_that_dies_around_an_add_leaves_exactly_one_item(
    shop_everywhere: Shop, death: Callable[[Callable[[], Response]], Response]
) -> None:
    shop = shop_everywhere
    shop.on_call("/market.add", death)

    shop.run_killed()

    assert shop.run().status == RunStatus.SUCCEEDED
    all_is_well(shop)


def test_a_worker_that_dies_between_answer_and_record(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services.engine.changes import adding

    def dies(*_: object) -> NoReturn:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(adding, "_link", dies)
        shop.run_killed()

    assert shop.run().status == RunStatus.SUCCEEDED
    all_is_well(shop)


def test_nothing_is_done_twice_while_the_dead_worker_still_holds_the_lease(shop: Shop) -> None:
    shop.on_call("/market.add", dies_after)
    with pytest.raises(Killed):
        shop.run()

    assert shop.run().status == "already_running"


def test_a_lost_add_of_a_product_that_left_the_selection_is_settled(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "drop_before", "market.add", times=1)
    shop.run(to_end=False)
    lost = next(product for product in ALL if product not in shop.prices())
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, lost)
    shop.clock.move(seconds=2)

    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED

    shop.forget_calls()
    assert shop.run(to_end=False).status == RunStatus.SUCCEEDED
    assert shop.calls("market.get") == 1, "one question: nobody waits for the lost add any more"
    assert shop.calls("market.getAlbums") == 0


def test_a_lost_add_that_arrived_is_hidden_when_its_product_left_the_selection(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "lag:0.5", "market.add", times=1)
    sandbox.fault("vk", "drop_after", "market.add", times=1)
    shop.run(to_end=False)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *ALL)
    shop.clock.move(seconds=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == {}


# Twins


def test_of_two_items_the_linked_one_stays(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    linked = shop.item("P1")["id"]
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    shop.clock.move(days=2)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert sandbox.visible()["P1"]["id"] == linked
    assert [entry.reason for entry in shop.entries()] == ["twin"]


def test_of_two_unlinked_items_the_lower_id_is_linked(shop: Shop, sandbox: Sandbox) -> None:
    twins = [{"name": "Первый", "sku": "ev:P1", "price": 1}, {"name": "Второй", "sku": "ev:P1", "price": 2}]
    lower = min(sandbox.control("vk/items", club=CLUB, add=twins)["added"])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert sandbox.visible()["P1"]["id"] == lower
    listing = shop.listing("P1")
    assert listing is not None
    assert listing.vk_item_id == lower


def test_a_twin_that_vk_will_not_hide_stops_nobody_else(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    shop.patch("P2", price=222)
    shop.clock.move(days=2)
    sandbox.fault("vk", "error:100", "market.edit", times=1, suffix="this one is not for you")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices()["P2"] == "222.00"
    assert [entry.outcome for entry in shop.entries() if entry.reason == "twin"] == [EntryOutcome.FAILED]


def test_a_worker_that_dies_before_it_hid_the_twin(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    shop.clock.move(days=2)
    shop.on_call("/market.edit", dies_before)
    shop.run_killed()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [item["hidden"] for item in sandbox.items() if item["sku"] == "ev:P1"] == [False, True]


# Albums


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


def test_a_deleted_item_that_lists_still_show_is_not_linked_again(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=8)
    shop.put("P4", price=40)
    sandbox.fault("vk", "lag:0.9", "market.delete", times=1)
    sandbox.fault("vk", "drop_before", "market.add", times=1)
    shop.run()
    shop.clock.move(seconds=5)

    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()

    assert shop.prices() == {**ALL, "P4": "40.00"}


def test_an_item_put_into_an_album_a_moment_ago_is_not_put_there_again(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "lag:0.9", "market.addToAlbum")
    sandbox.fault("vk", "drop_before", "market.add", after=2, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.addToAlbum") == 2


def test_adds_that_all_get_lost_do_not_end_the_run_while_vk_answers_questions(shop: Shop, sandbox: Sandbox) -> None:
    shop.fill(6)
    sandbox.fault("vk", "drop_before", "market.add", times=5)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == len(sandbox.items()) == 9


# Edits: what is in flight is unknown, whatever the catalog says afterwards


def lose_every_edit(shop: Shop, method: str) -> None:
    """Every answer of this method is lost, also those of the client's own repeats, until the run gives up."""
    shop.sandbox.fault("vk", "drop_after", method)
    shop.run(to_end=False)
    shop.sandbox.clear_faults()


def test_an_edit_without_an_answer_and_a_catalog_that_goes_back(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", price=111)
    lose_every_edit(shop, "market.edit")
    assert shop.prices()["P1"] == "111.00"
    shop.patch("P1", price=100)

    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


def test_a_hide_without_an_answer_and_a_rule_that_goes_back(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    lose_every_edit(shop, "market.edit")
    assert "P1" not in shop.prices()
    shop.rule(EntityType.PRODUCT, None, "P1")

    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


@pytest.mark.parametrize("method", ["market.addToAlbum", "market.removeFromAlbum"])
def test_a_move_without_an_answer_and_a_catalog_that_goes_back(shop_everywhere: Shop, method: str) -> None:
    shop = shop_everywhere
    shop.run()
    shop.patch("P1", parent_id="G2")
    lose_every_edit(shop, method)
    shop.patch("P1", parent_id="G1")

    shop.clock.move(minutes=10)
    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


@pytest.mark.parametrize("method", ["market.edit", "market.addToAlbum", "market.removeFromAlbum"])
def test_a_worker_that_dies_after_a_change_and_a_catalog_that_goes_back(shop: Shop, method: str) -> None:
    shop.run()
    shop.patch("P1", price=111, parent_id="G2")
    shop.on_call(f"/{method}", dies_after)
    shop.run_killed()
    shop.patch("P1", price=100, parent_id="G1")

    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


def test_a_deletion_without_an_answer_is_a_deletion(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=8)
    lose_every_edit(shop, "market.delete")
    shop.clock.move(minutes=10)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert {item["sku"] for item in sandbox.items()} == {"ev:P2", "ev:P3"}
    shop.clock.move(seconds=2)
    shop.run()
    assert shop.listing("P1") is None
    assert db.session.scalar(sa.text("SELECT count(*) FROM listings")) == 2
