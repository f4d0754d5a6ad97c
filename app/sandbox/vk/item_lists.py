"""Items of the VK market as they are read: lists, single ones, search (docs/contracts/vk.md §4.6)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.vk.call import Call
from app.sandbox.vk.params import VkError
from app.sandbox.vk.render import availability, hundredths, item_json
from app.sandbox.vk.state import Club, Item


def _listed(call: Call, club: Club, *, with_disabled: bool) -> Iterator[Item]:
    """Items as lists show them, newest first (docs/contracts/vk.md §13.3)."""
    album_id, now = call.get("album_id") or 0, call.now
    if album_id and album_id not in club.albums:
        raise VkError(1402)
    for item_id in reversed(club.item_order):
        item = club.items[item_id]
        seen = item if item.shadow is None else item.seen_in_lists(now)
        if seen is None or seen.deleted_at is not None or (album_id and album_id not in seen.album_ids):
            continue
        if with_disabled or availability(club, seen) == 0:
            yield seen


def _page(call: Call, club: Club, items: list[Item]) -> Json:
    offset = call.get("offset", 0)
    page = items[offset : offset + call.values["count"]]
    extended = call.get("extended", False)
    shown = [item_json(call.world, club, item, call.base_url, extended=extended) for item in page]
    answer: Json = {"count": len(items), "items": shown}
    if call.get("need_variants"):
        answer["variants"] = []
    return answer


def get(call: Call) -> Json:
    first, last = _day(call, "date_from"), _day(call, "date_to")
    club = call.owned_club()
    items = list(_listed(call, club, with_disabled=call.get("with_disabled", False)))
    if first is not None:
        items = [item for item in items if item.updated_at >= first]
    if last is not None:
        items = [item for item in items if item.updated_at < last + 86_400]
    return _page(call, club, items)


def _day(call: Call, name: str) -> float | None:
    text = call.get(name)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise VkError(100, f"{name} is invalid") from None


def get_by_id(call: Call) -> Json:
    wanted = [_full_id(text) for text in call.values["item_ids"]]
    clubs = {owner_id: call.editable_club(-owner_id, shop_off_code=1525) for owner_id, _ in wanted}
    found = []
    for owner_id, item_id in wanted:
        item = clubs[owner_id].items.get(item_id)
        if item is not None and not call.is_gone_for_good(item):
            extended = call.get("extended", False)
            found.append(item_json(call.world, clubs[owner_id], item, call.base_url, extended=extended))
    return {"count": len(found), "items": found}


def _full_id(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(-?\d+)_(\d+)", text, re.ASCII)
    if match is None:
        raise VkError(100, "item_ids is invalid")
    if int(match[1]) >= 0:
        raise VkError(100, "only groups supported")
    return int(match[1]), int(match[2])


SORT_KEYS: dict[int, Callable[[Item], Any]] = {
    1: lambda item: item.created_at,
    2: lambda item: item.price,
}


def search(call: Call) -> Json:
    club = call.owned_club()
    words = call.get("q", "").casefold().split()
    low, high = call.get("price_from", 0), call.get("price_to")
    with_disabled = 2 in call.get("status", [])
    items = [
        item
        for item in _listed(call, club, with_disabled=with_disabled)
        if all(word in f"{item.name} {item.description}".casefold() for word in words)
        and hundredths(item.price) >= low
        and (high is None or hundredths(item.price) <= high)
    ]
    if key := SORT_KEYS.get(call.values["sort"]):
        items.sort(key=key, reverse=call.values["rev"] == 1)
    return {**_page(call, club, items), "view_type": 1}
