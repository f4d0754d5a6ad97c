"""What VK sends → domain types, read loosely: docs/contracts/vk.md §1.3, §3, §4 and §9.

Only the fields we use are asked for, and only ids are indispensable. Every function raises MalformedAnswer.
"""

import contextlib
from decimal import Decimal
from typing import Any

from app.clients.answers import MalformedAnswer, clean_text, fraction, whole_number
from app.clients.vk.addresses import LONGEST_ADDRESS
from app.domain.market.categories import Category
from app.domain.market.items import (
    Album,
    Availability,
    Community,
    MarketItem,
    MarketItems,
    OddItems,
    Profile,
    Rejection,
)
from app.domain.texts.markup import unescaped

_AVAILABILITY = {0: Availability.AVAILABLE, 1: Availability.REMOVED, 2: Availability.HIDDEN}
_EXTENDED_SHOPS = frozenset({"advanced", "pro"})
LONGEST_LINE, LONGEST_DESCRIPTION = 1000, 20_000
LONGEST_REJECTION = 500
LONGEST_CATEGORY, DEEPEST_CATEGORY, MOST_CATEGORIES = 255, 20, 10_000
_ONE, _HUNDREDTH = Decimal(1), Decimal("0.01")
_MOST_HUNDREDTHS = Decimal(10**12 - 1)


def identifier(value: object) -> int:
    """An id of VK's: above 0, at most 64 bits."""
    read = whole_number(value, least=1)
    if read is None:
        raise MalformedAnswer("not an id")
    return read


def rights(value: object) -> int:
    """A bit mask."""
    return _count(value, "no rights")


def new_id(answer: object, key: str) -> int:
    """The id of something just made: an object with `key`, a number, or numeric text."""
    return identifier(answer.get(key) if isinstance(answer, dict) else answer)


def photo_ids(answer: object) -> list[int]:
    """Of several photos that were saved together, in their order."""
    if not isinstance(answer, list):
        raise MalformedAnswer("not a list")
    return [new_id(photo, "photo_id") for photo in answer]


def profiles(answer: object) -> list[Profile]:
    return [Profile(identifier(user.get("id")), _full_name(user)) for user in _objects(answer)]


def community(answer: object) -> Community | None:
    """The only community of the answer, None if it has none."""
    groups = _objects(answer.get("groups") if isinstance(answer, dict) else answer)
    return _community(groups[0]) if groups else None


def communities(answer: object) -> list[Community]:
    """Each once; one of another shape leaves its neighbours alone."""
    found: dict[int, Community] = {}
    for element in elements(answer):
        with contextlib.suppress(MalformedAnswer):
            one = _community(_object(element))
            found.setdefault(one.id, one)
    return list(found.values())


def page(answer: object) -> tuple[int, list[Any]]:
    """The total and the elements of one page."""
    return _count(_object(answer).get("count"), "no total"), elements(answer)


def elements(answer: object) -> list[Any]:
    """The elements as they came, `false` among them."""
    items = _object(answer).get("items")
    if not isinstance(items, list):
        raise MalformedAnswer("no items")
    return items


def market_items(items: list[Any]) -> MarketItems:
    """One item of another shape leaves its neighbours alone."""
    found: list[MarketItem] = []
    odd: set[str] = set()
    for item in filter(None, items):
        try:
            found.append(_market_item(item))
        except MalformedAnswer:
            odd.add(_text(item, "sku") if isinstance(item, dict) else "")
    return MarketItems(found, OddItems(frozenset(odd)))


def albums(items: list[Any]) -> list[Album]:
    return [_album(item) for item in _objects(items)]


def categories(answer: object) -> list[Category]:
    """The leaves of the tree in VK's order, each once."""
    leaves: dict[int, Category] = {}
    waiting: list[tuple[dict[str, Any], tuple[str, ...]]] = [(node, ()) for node in _objects(elements(answer))[::-1]]
    while waiting:
        node, above = waiting.pop()
        path = (*above, _text(node, "name")[:LONGEST_CATEGORY])
        if len(path) > DEEPEST_CATEGORY or len(leaves) > MOST_CATEGORIES:
            raise MalformedAnswer("no tree of categories")
        below = node.get("children")
        if below:
            waiting += [(child, path) for child in _objects(below)[::-1]]
        else:
            category_id = identifier(node.get("id"))
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


def _text(item: dict[str, Any], key: str, longest: int = LONGEST_LINE) -> str:
    """VK may spell signs as HTML entities."""
    value = item.get(key)
    return clean_text(unescaped(value[:longest])) if isinstance(value, str) else ""


def _count(value: object, complaint: str) -> int:
    read = whole_number(value, least=0)
    if read is None:
        raise MalformedAnswer(complaint)
    return read


def _flag(value: object) -> int | None:
    """VK says yes and no in numbers and in booleans."""
    return int(value) if isinstance(value, bool) else whole_number(value)


def _full_name(user: dict[str, Any]) -> str:
    return f"{_text(user, 'first_name')} {_text(user, 'last_name')}".strip()


def _album(item: dict[str, Any]) -> Album:
    return Album(identifier(item.get("id")), _text(item, "title"), whole_number(item.get("count"), least=0) or 0)


def _community(group: dict[str, Any]) -> Community:
    market = _inner(group, "market")
    return Community(
        id=identifier(group.get("id")),
        name=_text(group, "name"),
        market_enabled=bool(_flag(market.get("enabled"))),
        is_extended=_text(market, "type") in _EXTENDED_SHOPS,
        currency_id=whole_number(_inner(market, "currency").get("id")),
        members=whole_number(group.get("members_count"), least=0),
        picture=_text(group, "photo_100", LONGEST_ADDRESS) or _text(group, "photo_50", LONGEST_ADDRESS),
    )


def _market_item(value: object) -> MarketItem:
    item = _object(value)
    return MarketItem(
        id=identifier(item.get("id")),
        title=_text(item, "title"),
        description=_text(item, "description", LONGEST_DESCRIPTION),
        price=_roubles(_inner(item, "price").get("amount")),
        category_id=_category_id(item),
        sku=_text(item, "sku"),
        availability=_availability(item.get("availability")),
        stock_amount=whole_number(item.get("stock_amount")),
        album_ids=_numbers(item["albums_ids"]) if isinstance(item.get("albums_ids"), list) else None,
        photo_ids=_photo_ids(item.get("photos")),
        rejection=_rejection(_inner(item, "reject_info")),
    )


def _rejection(info: dict[str, Any]) -> Rejection | None:
    """§4.7."""
    if not info:
        return None
    return Rejection(_text(info, "title", LONGEST_REJECTION), _text(info, "description", LONGEST_REJECTION))


def _category_id(item: dict[str, Any]) -> int | None:
    found = whole_number(_inner(item, "category").get("id"))
    return found if found is not None else whole_number(_inner(item, "category_v2").get("id"))


def _availability(value: object) -> Availability:
    """A number that VK adds one day is read as hidden: surely not on sale as far as we know."""
    return _AVAILABILITY.get(_flag(value) or 0, Availability.HIDDEN)


def _roubles(amount: object) -> Decimal | None:
    """VK tells prices in hundredths, as text."""
    hundredths = fraction(amount, _ONE, _MOST_HUNDREDTHS)
    return None if hundredths is None or hundredths < 0 else (hundredths / 100).quantize(_HUNDREDTH)


def _numbers(values: list[Any]) -> tuple[int, ...]:
    return tuple(read for read in map(whole_number, values) if read is not None)


def _photo_ids(photos: object) -> tuple[int, ...]:
    return (
        _numbers([photo.get("id") for photo in photos if isinstance(photo, dict)]) if isinstance(photos, list) else ()
    )
