"""Items of the VK market: add, edit, delete, restore, read (docs/contracts/vk.md §4)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.sandbox.state import Club, Item, Json, Shadow
from app.sandbox.vk.call import DELETED_ITEMS_KEPT_SECONDS, Call
from app.sandbox.vk.categories import NAMES, SECTIONS, Node
from app.sandbox.vk.params import VkError
from app.sandbox.vk.photos import free_photo
from app.sandbox.vk.render import availability, hundredths, item_json

LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
REJECTED: Json = {
    "title": "Товар отклонён",
    "description": "Цена выглядит недостоверной.",
    "moderation_status": 2,
    "in_progress": False,
    "info_link": "https://vk.com/@business-market-rules",
    "buttons": [],
}
"""As the moderators say it (docs/contracts/vk.md §4.7)."""
LAG, MODERATION = frozenset({"lag"}), frozenset({"moderation"})
COPIED = (
    "name",
    "description",
    "category_id",
    "url",
    "sku",
    "stock_amount",
    "weight",
    "dimension_width",
    "dimension_height",
    "dimension_length",
    "main_photo_id",
)


def add(call: Call) -> Json:
    settings, vk = call.world.vk.settings, call.world.vk
    _check_category(call)
    if settings.photo_required and not call.get("main_photo_id"):
        raise VkError(100, "main_photo_id is undefined")
    club = call.owned_club()
    _check_photos(call, club, None)
    if sum(item.deleted_at is None for item in club.items.values()) >= vk.limits.items:
        raise VkError(1405)
    _check_content(call, club)
    blank = Item(id=0, name="", description="", category_id=1, created_at=call.now, updated_at=call.now)
    item = replace(blank, id=vk.new_item_id(), **_changes(call, blank))
    club.items[item.id] = item
    club.item_order.append(item.id)
    _after_write(call, item, None)
    return {"market_item_id": item.id}


def edit(call: Call) -> int:
    if "category_id" in call.values:
        _check_category(call)
    club = call.owned_club()
    item = call.present_item(club, call.values["item_id"])
    _check_photos(call, club, item)
    _check_content(call, club)
    changes = _changes(call, item)
    if all(getattr(item, name) == value for name, value in changes.items()):
        raise VkError(100, "nothing to change")
    before = replace(item)
    for name, value in changes.items():
        setattr(item, name, value)
    _after_write(call, item, before)
    return 1


def delete(call: Call) -> int:
    club = call.owned_club()
    item = call.present_item(club, call.values["item_id"])
    before = replace(item)
    item.deleted_at = call.now
    _after_write(call, item, before)
    return 1


def restore(call: Call) -> int:
    club = call.owned_club()
    item = club.items.get(call.values["item_id"])
    if item is None:
        raise VkError(1403)
    if item.deleted_at is None:
        raise VkError(1518)
    if _gone_for_good(call, item):
        raise VkError(1400)
    before = replace(item)
    item.deleted_at = None
    _after_write(call, item, before)
    return 1


def _check_category(call: Call) -> None:
    category_id = call.values["category_id"]
    if category_id not in NAMES or category_id in call.world.vk.settings.removed_categories:
        raise VkError(100, "category_id is invalid")


def _check_content(call: Call, club: Club) -> None:
    if call.get("variant_ids") and not club.extended:
        raise VkError(1410)
    if call.world.vk.settings.check_links and LINK.search(call.get("description", "")):
        raise VkError(1408)


def _check_photos(call: Call, club: Club, item: Item | None) -> None:
    wanted = [*([call.values["main_photo_id"]] if call.get("main_photo_id") else []), *call.get("photo_ids", [])]
    if len(set(wanted)) != len(wanted):
        raise VkError(100, "photo not found or already assigned to another item")
    for photo_id in wanted:
        photo = call.world.vk.photos.get(photo_id)
        if photo is None or not free_photo(photo, club.id, item.id if item else None):
            raise VkError(100, "photo not found or already assigned to another item")


def _changes(call: Call, item: Item) -> dict[str, Any]:
    """What the call asks to be different, in the form in which it is stored."""
    values = call.values
    changes = {name: values[name] for name in COPIED if name in values}
    if not changes.get("main_photo_id", 1):
        del changes["main_photo_id"]
    if "name" in changes:
        changes["name"] = changes["name"].strip()
    if "deleted" in values:
        changes["hidden"] = values["deleted"]
    for name in ("photo_ids", "video_ids"):
        if name in values:
            changes[name] = tuple(values[name])
    if "price" in values:
        changes["price"] = _money(values["price"])
    if "old_price" in values:
        old_price = _money(values["old_price"])
        # An old price that is not above the price removes the crossed-out one (docs/contracts/vk.md §4.1).
        changes["old_price"] = old_price if old_price > changes.get("price", item.price) else None
    return changes


def _money(roubles: Decimal) -> Decimal:
    return roubles.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _after_write(call: Call, item: Item, before: Item | None) -> None:
    item.updated_at = call.now
    item.api_writes += 1
    for photo_id in (item.main_photo_id, *item.photo_ids):
        if photo_id:
            call.world.vk.photos[photo_id].item_id = item.id
    faults, token = call.world.faults, call.token.value
    if lag := faults.take("vk", call.method, LAG, token=token):
        kept = item.shadow.before if item.shadow and call.now < item.shadow.until else before
        item.shadow = Shadow(call.now + lag.number, kept)
    if faults.take("vk", call.method, MODERATION, token=token):
        item.reject_info = REJECTED


def _gone_for_good(call: Call, item: Item) -> bool:
    return item.deleted_at is not None and call.now - item.deleted_at >= DELETED_ITEMS_KEPT_SECONDS


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
        if item is not None and not _gone_for_good(call, item):
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


def get_categories(call: Call) -> Json:
    if "group_id" in call.values:
        call.editable_club(call.values["group_id"])
    removed = call.world.vk.settings.removed_categories
    view = {"type": "tab_root", "selected": False, "root_path": []}
    return {"items": [{**_branch(section, removed), "view": view} for section in SECTIONS]}


def _branch(node: Node, removed: list[int]) -> Json:
    below = [_branch(child, removed) for child in node.children if child.id not in removed]
    return {"id": node.id, "name": node.name, **({"children": below} if below else {})}


def filter_categories(call: Call) -> Json:
    query, wanted = call.get("query", "").casefold(), call.get("category_id")
    removed = call.world.vk.settings.removed_categories
    found = [
        {"id": key, "name": name}
        for key, name in NAMES.items()
        if query in name.casefold() and wanted in {None, 0, key} and key not in removed
    ]
    return {"items": found[: call.values["count"]]}


def reorder_items(call: Call) -> int:
    """Moves within the whole list only; the order inside an album follows it."""
    club = call.owned_club()
    if call.get("album_id") and call.values["album_id"] not in club.albums:
        raise VkError(1402)
    item = call.present_item(club, call.values["item_id"])
    neighbour = call.get("before") or call.get("after")
    if not neighbour:
        raise VkError(100, "before is undefined")
    call.present_item(club, neighbour)
    club.item_order.remove(item.id)
    # The stored order is oldest first, the shown one newest first: shown before is stored after.
    club.item_order.insert(club.item_order.index(neighbour) + (1 if call.get("before") else 0), item.id)
    item.api_writes += 1
    return 1


HANDLERS: dict[str, Callable[[Call], Any]] = {
    "market.add": add,
    "market.edit": edit,
    "market.delete": delete,
    "market.restore": restore,
    "market.get": get,
    "market.getById": get_by_id,
    "market.search": search,
    "market.getCategories": get_categories,
    "market.filterCategories": filter_categories,
    "market.reorderItems": reorder_items,
}
LAGGING = frozenset({"market.add", "market.edit", "market.delete", "market.restore"})
WRITES = LAGGING | {"market.reorderItems"}
