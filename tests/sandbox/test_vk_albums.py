"""Albums (docs/contracts/vk.md §9)."""

from app.sandbox.seed import CLUB_ID

from .conftest import Control, Vk

OWNER = -CLUB_ID


def new_album(vk: Vk, title: str = "Хлеб") -> int:
    return int(vk.ok("market.addAlbum", owner_id=OWNER, title=title)["market_album_id"])


def test_a_new_album_follows_the_foreign_ones(vk: Vk) -> None:
    assert vk.ok("market.addAlbum", owner_id=OWNER, title="Хлеб") == {"market_album_id": 4, "albums_count": 4}
    assert vk.ok("market.getAlbums", owner_id=OWNER)["items"][3]["title"] == "Хлеб"


def test_an_item_joins_and_leaves_an_album(vk: Vk) -> None:
    album_id, item_id = new_album(vk), vk.add()
    vk.ok("market.addToAlbum", owner_id=OWNER, item_ids=item_id, album_ids=album_id)
    assert vk.listed(album_id=album_id) == [item_id]
    assert (vk.one(item_id) or {})["albums_ids"] == [album_id]
    vk.ok("market.removeFromAlbum", owner_id=OWNER, item_id=item_id, album_ids=album_id)
    assert vk.listed(album_id=album_id) == []


def test_the_old_singular_name_of_the_parameter_still_works(vk: Vk) -> None:
    album_id, item_id = new_album(vk), vk.add()
    assert vk.ok("market.addToAlbum", owner_id=OWNER, item_id=item_id, album_ids=album_id) == 1


def test_joining_names_what_is_missing_or_already_there(vk: Vk) -> None:
    album_id, item_id = new_album(vk), vk.add()
    vk.ok("market.addToAlbum", owner_id=OWNER, item_ids=item_id, album_ids=album_id)
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=item_id, album_ids=99) == 1402
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=1, album_ids=album_id) == 1403
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=item_id, album_ids=album_id) == 1404


def test_albums_and_their_places_are_limited(vk: Vk, control: Control) -> None:
    control.post("limits", albums=4, album_items=1)
    album_id, first, second = new_album(vk), vk.add(), vk.add()
    vk.ok("market.addToAlbum", owner_id=OWNER, item_ids=first, album_ids=album_id)
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=second, album_ids=album_id) == 1406
    assert vk.code("market.addAlbum", owner_id=OWNER, title="Ещё") == 1407


def several(vk: Vk) -> tuple[list[int], str]:
    items = [vk.add() for _ in range(3)]
    return items, ",".join(map(str, items))


def test_several_items_join_by_one_call(vk: Vk) -> None:
    album_id, (items, named) = new_album(vk), several(vk)
    vk.ok("market.addToAlbum", owner_id=OWNER, item_ids=named, album_ids=album_id)
    assert vk.listed(album_id=album_id) == items[::-1]


def test_several_items_join_all_or_none(vk: Vk, control: Control) -> None:
    control.post("limits", album_items=3)
    album_id, (items, named), late = new_album(vk), several(vk), vk.add()
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=f"{named},1", album_ids=album_id) == 1403
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=f"{named},{late}", album_ids=album_id) == 1406
    assert vk.listed(album_id=album_id) == []
    vk.ok("market.addToAlbum", owner_id=OWNER, item_ids=items[0], album_ids=album_id)
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=named, album_ids=album_id) == 1404
    assert vk.listed(album_id=album_id) == items[:1]


def test_a_call_may_break_off_when_half_of_the_items_joined(vk: Vk, control: Control) -> None:
    album_id, (items, named) = new_album(vk), several(vk)
    control.fault("vk", "half", method="market.addToAlbum", times=1)
    assert vk.code("market.addToAlbum", owner_id=OWNER, item_ids=named, album_ids=album_id) == 10
    assert vk.listed(album_id=album_id) == items[:1]


def test_deleting_an_album_leaves_its_items(vk: Vk) -> None:
    album_id, item_id = new_album(vk), vk.add()
    vk.ok("market.addToAlbum", owner_id=OWNER, item_ids=item_id, album_ids=album_id)
    vk.ok("market.deleteAlbum", owner_id=OWNER, album_id=album_id)
    assert (vk.one(item_id) or {})["albums_ids"] == []
    assert vk.ok("market.getAlbums", owner_id=OWNER)["count"] == 3
    assert vk.code("market.deleteAlbum", owner_id=OWNER, album_id=album_id) == 1402


def test_the_main_album_cannot_be_hidden(vk: Vk) -> None:
    assert vk.code("market.addAlbum", owner_id=OWNER, title="Главное", main_album=1, is_hidden=1) == 1446


def test_albums_keep_the_order_that_was_asked_for(vk: Vk) -> None:
    vk.ok("market.reorderAlbums", owner_id=OWNER, album_id=3, before=1)
    assert [album["id"] for album in vk.ok("market.getAlbums", owner_id=OWNER)["items"]] == [3, 1, 2]
