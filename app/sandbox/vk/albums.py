"""Albums of the VK market (docs/contracts/vk.md §9)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.sandbox.chaos import HALF
from app.sandbox.documents import Json
from app.sandbox.vk.call import Call
from app.sandbox.vk.params import VkError
from app.sandbox.vk.render import album_json, album_size
from app.sandbox.vk.state import Album, Club, Item, Shadow

LAG = frozenset({"lag"})
HALF_DONE = frozenset({HALF})


def add_album(call: Call) -> Json:
    club = call.owned_club()
    _check_cover(call, club)
    if len(club.albums) >= call.world.vk.limits.albums:
        raise VkError(1407)
    hidden, main = call.get("is_hidden", False), call.get("main_album", False)
    if hidden and main:
        raise VkError(1446)
    album = Album(
        club.next_album_id,
        call.values["title"],
        call.now,
        photo_id=call.get("photo_id") or None,
        is_hidden=hidden,
        api_writes=1,
    )
    if lag := call.world.faults.take("vk", call.method, LAG, token=call.token.value):
        album.listed_from = call.now + lag.number
    club.next_album_id += 1
    club.albums[album.id] = album
    if main:
        club.main_album_id = album.id
    return {"market_album_id": album.id, "albums_count": len(club.albums)}


def edit_album(call: Call) -> int:
    club = call.owned_club()
    album = _album(club, call.values["album_id"])
    _check_cover(call, club)
    hidden = call.get("is_hidden", album.is_hidden)
    main = call.get("main_album", album.id == club.main_album_id)
    if hidden and main:
        raise VkError(1446)
    album.title = call.values["title"]
    album.is_hidden = hidden
    album.photo_id = call.get("photo_id") or album.photo_id
    _touch(call, album)
    if main:
        club.main_album_id = album.id
    elif club.main_album_id == album.id:
        club.main_album_id = 0
    return 1


def delete_album(call: Call) -> int:
    club = call.owned_club()
    album = _album(club, call.values["album_id"])
    for item_id in album.item_ids:
        item = club.items[item_id]
        item.album_ids = tuple(other for other in item.album_ids if other != album.id)
    del club.albums[album.id]
    if club.main_album_id == album.id:
        club.main_album_id = 0
    return 1


def get_albums(call: Call) -> Json:
    club = call.owned_club()
    albums = [album for album in club.albums.values() if album.listed_from <= call.now]
    offset = call.get("offset", 0)
    page = albums[offset : offset + call.values["count"]]
    return {"count": len(albums), "items": [album_json(call.world, club, album, call.base_url) for album in page]}


def get_album_by_id(call: Call) -> Json:
    club = call.owned_club()
    albums = [club.albums[album_id] for album_id in call.values["album_ids"] if album_id in club.albums]
    return {"count": len(albums), "items": [album_json(call.world, club, album, call.base_url) for album in albums]}


def add_to_album(call: Call) -> int:
    """All pairs or none: the checks come before the first change (docs/contracts/vk.md §13.2)."""
    club = call.owned_club()
    albums = [_album(club, album_id) for album_id in dict.fromkeys(call.values["album_ids"])]
    items = [call.present_item(club, item_id) for item_id in dict.fromkeys(call.values["item_ids"])]
    if any(album.id in item.album_ids for album in albums for item in items):
        raise VkError(1404)
    if any(album_size(club, album) + len(items) > call.world.vk.limits.album_items for album in albums):
        raise VkError(1406)
    breaks_off = call.world.faults.take("vk", call.method, HALF_DONE, token=call.token.value)
    if breaks_off:
        items = items[: len(items) // 2]
    for item in items:
        _move(call, item, (*item.album_ids, *(album.id for album in albums)))
    for album in albums:
        album.item_ids.update(dict.fromkeys(item.id for item in items))
        _touch(call, album)
    if breaks_off:
        call.world.calls.stored[f"vk.{call.method}"] += bool(items)
        raise VkError(10)
    return 1


def remove_from_album(call: Call) -> int:
    club = call.owned_club()
    albums = [_album(club, album_id) for album_id in dict.fromkeys(call.values["album_ids"])]
    item = call.present_item(club, call.values["item_id"])
    leaving = {album.id for album in albums}
    _move(call, item, tuple(album_id for album_id in item.album_ids if album_id not in leaving))
    for album in albums:
        album.item_ids.pop(item.id, None)
        _touch(call, album)
    return 1


def reorder_albums(call: Call) -> int:
    club = call.owned_club()
    album = _album(club, call.values["album_id"])
    neighbour = call.get("before") or call.get("after")
    if not neighbour:
        raise VkError(100, "before is undefined")
    _album(club, neighbour)
    order = [album_id for album_id in club.albums if album_id != album.id]
    order.insert(order.index(neighbour) + (0 if call.get("before") else 1), album.id)
    club.albums = {album_id: club.albums[album_id] for album_id in order}
    _touch(call, album)
    return 1


def _album(club: Club, album_id: int) -> Album:
    album = club.albums.get(album_id)
    if album is None:
        raise VkError(1402)
    return album


def _touch(call: Call, album: Album) -> None:
    album.updated_at = call.now
    album.api_writes += 1


def _move(call: Call, item: Item, album_ids: tuple[int, ...]) -> None:
    before = replace(item)
    item.album_ids = album_ids
    item.api_writes += 1
    if lag := call.world.faults.take("vk", call.method, LAG, token=call.token.value):
        kept = item.shadow.before if item.shadow and call.now < item.shadow.until else before
        item.shadow = Shadow(call.now + lag.number, kept)


def _check_cover(call: Call, club: Club) -> None:
    photo_id = call.get("photo_id")
    if not photo_id:
        return
    photo = call.world.vk.photos.get(photo_id)
    if photo is None or photo.group_id != club.id or photo.album_id != -53:
        raise VkError(100, "photo is undefined")


HANDLERS: dict[str, Callable[[Call], Any]] = {
    "market.addAlbum": add_album,
    "market.editAlbum": edit_album,
    "market.deleteAlbum": delete_album,
    "market.getAlbums": get_albums,
    "market.getAlbumById": get_album_by_id,
    "market.addToAlbum": add_to_album,
    "market.removeFromAlbum": remove_from_album,
    "market.reorderAlbums": reorder_albums,
}
DIVISIBLE = frozenset({"market.addToAlbum"})
LAGGING = frozenset({"market.addAlbum", "market.addToAlbum", "market.removeFromAlbum"})
WRITES = frozenset(HANDLERS) - {"market.getAlbums", "market.getAlbumById"}
