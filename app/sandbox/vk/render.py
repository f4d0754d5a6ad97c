"""VK's objects as reads show them (docs/contracts/vk.md §4.6 and §9)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.state import World
from app.sandbox.vk.categories import NAMES
from app.sandbox.vk.state import Album, Club, Item, Photo

PHOTO_SIZES = (("s", 75), ("m", 130), ("x", 604), ("y", 807), ("z", 1080), ("w", 2560))
PLAIN_FACTS = ("weight", "dimension_width", "dimension_height", "dimension_length")


def hundredths(roubles: Decimal) -> int:
    return int((roubles * 100).quantize(Decimal(1), ROUND_HALF_UP))


def price_text(roubles: Decimal) -> str:
    whole, part = divmod(hundredths(roubles), 100)
    spaced = f"{whole:,}".replace(",", " ")
    return f"{spaced},{part:02d} ₽" if part else f"{spaced} ₽"


def availability(club: Club, item: Item) -> int:
    if item.deleted_at is not None:
        return 1
    sold_out = club.extended and item.stock_amount == 0
    return 2 if item.hidden or sold_out else 0


def _price(club: Club, item: Item) -> Json:
    price: Json = {
        "amount": str(hundredths(item.price)),
        "currency": club.currency,
        "text": price_text(item.price),
    }
    if item.old_price is not None and item.old_price > item.price:
        price["old_amount"] = str(hundredths(item.old_price))
        price["old_amount_text"] = price_text(item.old_price)
        price["discount_rate"] = -round((item.old_price - item.price) * 100 / item.old_price)
    return price


def item_json(world: World, club: Club, item: Item, base_url: str, *, extended: bool) -> Json:
    shown: Json = {
        "id": item.id,
        "owner_id": -club.id,
        "title": item.name,
        "description": item.description,
        "price": _price(club, item),
        "category": {
            "inner_type": "market_market_category_nested",
            "id": item.category_id,
            "name": NAMES.get(item.category_id, "Другое"),
            "is_v2": False,
        },
        "date": int(item.created_at),
        "availability": availability(club, item),
        "is_owner": True,
        "is_adult": False,
        "is_favorite": False,
        **_optional_facts(item, base_url),
    }
    if extended:
        shown.update(_extended_facts(world, item, base_url))
    return shown


def _optional_facts(item: Item, base_url: str) -> Json:
    facts: Json = {
        "thumb_photo": f"{base_url}photos/{item.main_photo_id}/400.jpg" if item.main_photo_id else None,
        "sku": item.sku or None,
        "stock_amount": item.stock_amount,
        "url": item.url or None,
        "reject_info": item.reject_info,
        **{name: getattr(item, name) for name in PLAIN_FACTS},
    }
    return {name: value for name, value in facts.items() if value is not None}


def _extended_facts(world: World, item: Item, base_url: str) -> Json:
    photo_ids = [photo_id for photo_id in (item.main_photo_id, *item.photo_ids) if photo_id]
    return {
        "albums_ids": list(item.album_ids),
        "photos": [photo_json(world.vk.photos[photo_id], base_url) for photo_id in photo_ids],
        "can_comment": 1,
        "can_repost": 1,
        "can_edit": item.deleted_at is None,
        "can_delete": item.deleted_at is None,
        "can_recover": item.deleted_at is not None,
        "likes": {"count": 0, "user_likes": 0},
        "reposts": {"count": 0},
        "views_count": 0,
    }


def photo_json(photo: Photo, base_url: str) -> Json:
    largest = max(photo.width, photo.height)
    sizes = [
        {
            "type": letter,
            "width": max(1, photo.width * side // largest),
            "height": max(1, photo.height * side // largest),
            "url": f"{base_url}photos/{photo.id}/{letter}.jpg",
        }
        for letter, side in PHOTO_SIZES
        if side <= largest or letter == "s"
    ]
    return {
        "id": photo.id,
        "album_id": photo.album_id,
        "owner_id": photo.user_id if photo.album_id == -105 else -photo.group_id,
        "user_id": photo.user_id,
        "date": int(photo.created_at),
        "has_tags": False,
        "text": "",
        "sizes": sizes,
    }


def album_size(club: Club, album: Album) -> int:
    return sum(club.items[item_id].deleted_at is None for item_id in album.item_ids if item_id in club.items)


def album_json(world: World, club: Club, album: Album, base_url: str) -> Json:
    shown: dict[str, Any] = {
        "id": album.id,
        "owner_id": -club.id,
        "title": album.title,
        "count": album_size(club, album),
        "updated_time": int(album.updated_at),
        "is_main": album.id == club.main_album_id,
        "is_hidden": album.is_hidden,
        "type": 0,
    }
    if album.photo_id is not None:
        shown["photo"] = photo_json(world.vk.photos[album.photo_id], base_url)
    return shown
