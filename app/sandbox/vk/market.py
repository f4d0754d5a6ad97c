"""Items of the VK market as they are written: add, edit, delete, restore, reorder; and who answers which method."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.vk.call import Call
from app.sandbox.vk.categories import NAMES, filter_categories, get_categories
from app.sandbox.vk.item_lists import get, get_by_id, search
from app.sandbox.vk.params import VkError
from app.sandbox.vk.photos import free_photo
from app.sandbox.vk.state import Club, Item, Shadow

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
    if call.is_gone_for_good(item):
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
