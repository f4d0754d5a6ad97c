"""What VK sends → domain types, read loosely: contracts/vk.md sections 5, 6, 8 and 12.

Only the fields we use are asked for, and only ids are indispensable. Every function raises MalformedAnswer.
"""

import html
from decimal import Decimal, InvalidOperation
from typing import Any

from app.clients.answers import MalformedAnswer, clean_text
from app.domain.categories import Category
from app.domain.market import Album, Availability, Community, MarketItem, Profile

_AVAILABILITY = {0: Availability.AVAILABLE, 1: Availability.REMOVED, 2: Availability.HIDDEN}
_EXTENDED_SHOPS = frozenset({"advanced", "pro"})
_HUNDREDTH = Decimal("0.01")


def number(value: object) -> int:
    """A whole number, also as numeric text."""
    read = number_or_none(value)
    if read is None:
        raise MalformedAnswer("not a whole number")
    return read


def number_or_none(value: object) -> int | None:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    return int(value) if isinstance(value, int) else None


def new_id(answer: object, key: str) -> int:
    """The id of something just made: an object with `key`, a number, or numeric text."""
    return number(answer.get(key) if isinstance(answer, dict) else answer)


def upload_url(answer: object) -> str:
    """Where to send a picture: http or https only."""
    url = answer.get("upload_url") if isinstance(answer, dict) else None
    if not (isinstance(url, str) and url.startswith(("https://", "http://"))):
        raise MalformedAnswer("no upload address")
    return url


def profiles(answer: object) -> list[Profile]:
    return [Profile(number(user.get("id")), _full_name(user)) for user in _objects(answer)]


def community(answer: object) -> Community | None:
    """The only community of the answer, None if it has none."""
    groups = _objects(answer.get("groups") if isinstance(answer, dict) else answer)
    return _community(groups[0]) if groups else None


def page(answer: object) -> tuple[int, list[Any]]:
    """The total and the elements of one page."""
    return number(_object(answer).get("count")), elements(answer)


def elements(answer: object) -> list[Any]:
    """The elements as they came, `false` among them."""
    items = _object(answer).get("items")
    if not isinstance(items, list):
        raise MalformedAnswer("no items")
    return items


def market_items(items: list[Any]) -> list[MarketItem]:
    return [_market_item(item) for item in items if item]


def albums(items: list[Any]) -> list[Album]:
    return [Album(number(item.get("id")), _text(item, "title"), _count(item)) for item in _objects(items)]


def categories(answer: object) -> list[Category]:
    """The leaves of the tree in VK's order, each once, however deep they lie."""
    leaves: dict[int, Category] = {}
    waiting: list[tuple[dict[str, Any], tuple[str, ...]]] = [(node, ()) for node in _objects(elements(answer))[::-1]]
    while waiting:
        node, above = waiting.pop()
        path = (*above, _text(node, "name"))
        below = node.get("children")
        if below:
            waiting += [(child, path) for child in _objects(below)[::-1]]
        else:
            category_id = number(node.get("id"))
            leaves.setdefault(category_id, Category(category_id, path))
    return list(leaves.values())


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise MalformedAnswer("not a list")
    return [_object(element) for element in value if element]


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedAnswer("not an object")
    return value


def _inner(item: dict[str, Any], key: str) -> dict[str, Any]:
    """An object inside; empty where it is missing or, as VK does, `[]` or `false`."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def _text(item: dict[str, Any], key: str) -> str:
    """VK may spell signs as HTML entities."""
    value = item.get(key)
    return clean_text(html.unescape(value)) if isinstance(value, str) else ""


def _count(item: dict[str, Any]) -> int:
    return number_or_none(item.get("count")) or 0


def _full_name(user: dict[str, Any]) -> str:
    return f"{_text(user, 'first_name')} {_text(user, 'last_name')}".strip()


def _community(group: dict[str, Any]) -> Community:
    market = _inner(group, "market")
    return Community(
        id=number(group.get("id")),
        name=_text(group, "name"),
        market_enabled=bool(number_or_none(market.get("enabled"))),
        is_extended=_text(market, "type") in _EXTENDED_SHOPS,
        currency_id=number_or_none(_inner(market, "currency").get("id")),
    )


def _market_item(value: object) -> MarketItem:
    item = _object(value)
    return MarketItem(
        id=number(item.get("id")),
        title=_text(item, "title"),
        description=_text(item, "description"),
        price=_roubles(_inner(item, "price").get("amount")),
        category_id=_category_id(item),
        sku=_text(item, "sku"),
        availability=_availability(item.get("availability")),
        stock_amount=number_or_none(item.get("stock_amount")),
        album_ids=_numbers(item["albums_ids"]) if isinstance(item.get("albums_ids"), list) else None,
        photo_ids=_photo_ids(item.get("photos")),
    )


def _category_id(item: dict[str, Any]) -> int | None:
    found = number_or_none(_inner(item, "category").get("id"))
    return found if found is not None else number_or_none(_inner(item, "category_v2").get("id"))


def _availability(value: object) -> Availability:
    """A number that VK adds one day is read as hidden: surely not on sale as far as we know."""
    return _AVAILABILITY.get(number_or_none(value) or 0, Availability.HIDDEN)


def _roubles(amount: object) -> Decimal | None:
    """VK tells prices in hundredths, as text."""
    try:
        return (Decimal(str(amount)) / 100).quantize(_HUNDREDTH)
    except InvalidOperation:
        return None


def _numbers(values: list[Any]) -> tuple[int, ...]:
    return tuple(read for read in map(number_or_none, values) if read is not None)


def _photo_ids(photos: object) -> tuple[int, ...]:
    return (
        _numbers([photo.get("id") for photo in photos if isinstance(photo, dict)]) if isinstance(photos, list) else ()
    )
