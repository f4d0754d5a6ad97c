"""What somebody changed in VK by hand: our records held against an item as VK shows it."""

from collections.abc import Mapping

from app.domain.listing.key import Value
from app.domain.listing.pricing import money
from app.domain.market.items import Availability, MarketItem
from app.domain.planning.changes import Link
from app.domain.texts.markup import unescaped

TEXTS = ("name", "description")
PHOTO, ALBUM = "photo", "album"


def drift_of(
    link: Link, item: MarketItem, *, photo_id: int | None, rendered: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """{field: value that VK shows} of every field in which VK differs from what we sent.

    `photo_id`: the picture that we gave the item, where we know. `rendered`: how VK is known to spell a text of ours.
    """
    found = {
        name: value
        for name, value in as_sent(item).items()
        if name in link.sent and not _same(name, link, value, rendered or {})
    }
    if photo_id is not None and item.photo_ids and photo_id not in item.photo_ids:
        found[PHOTO] = item.photo_ids[0]
    return found


def as_sent(item: MarketItem) -> dict[str, Value]:
    """The item's fields in the form in which we send and remember them; what VK does not tell is left out.

    Without the category: VK counts categories in two ways, and another number may be the same category.
    """
    seen: dict[str, Value | None] = {
        "name": item.title,
        "description": item.description,
        "price": None if item.price is None else money(item.price),
        "stock_amount": item.stock_amount,
        "deleted": int(item.availability is not Availability.AVAILABLE),
    }
    return {name: value for name, value in seen.items() if value is not None}


def _same(name: str, link: Link, seen: Value, rendered: Mapping[str, Value]) -> bool:
    sent = link.sent[name]
    if name in TEXTS:
        return same_text(str(sent), str(seen)) or rendered.get(name) == seen
    if name == "deleted" and seen == 1 and link.sent.get("stock_amount") == 0:
        return True  # a shop that keeps stock shows what is sold out as unavailable too
    return sent == seen


def same_text(one: str, other: str) -> bool:
    """VK may spell spaces and signs in another way."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(unescaped(text).split())
