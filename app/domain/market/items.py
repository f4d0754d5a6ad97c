"""VK's entities as we use them: docs/contracts/vk.md §3, §4 and §9."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

RUSSIAN_ROUBLE = 643


class Availability(StrEnum):
    AVAILABLE = "available"
    REMOVED = "removed"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Profile:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Community:
    id: int
    name: str
    market_enabled: bool
    is_extended: bool
    """An "advanced" or "pro" shop, which keeps stock."""
    currency_id: int | None
    members: int | None = None
    picture: str = ""
    """As VK names its address, wherever that leads."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """VK's moderators refuse the item for the common showcase; in the community it stays."""

    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class MarketItem:
    """One item as VK shows it; `price` in roubles, None where VK does not say."""

    id: int
    title: str
    description: str
    price: Decimal | None
    category_id: int | None
    sku: str
    availability: Availability
    stock_amount: int | None = None
    album_ids: tuple[int, ...] | None = None
    """None where VK does not say."""
    photo_ids: tuple[int, ...] = ()
    """The cover first; empty where VK does not say."""
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True)
class OddItems:
    """The marks of items that have no readable id; an empty one is of an item that may be any."""

    skus: frozenset[str] = frozenset()

    def __or__(self, other: "OddItems") -> "OddItems":
        return OddItems(self.skus | other.skus)

    def may_hold(self, sku: str) -> bool:
        return not self.skus.isdisjoint({sku, ""})


NO_ODD_ITEMS = OddItems()


class MarketItems(list[MarketItem]):
    """What an answer of VK holds, and what of it could not be read."""

    def __init__(self, items: Iterable[MarketItem] = (), odd: OddItems = NO_ODD_ITEMS) -> None:
        super().__init__(items)
        self.odd = odd


class ItemsById(dict[int, MarketItem]):
    def __init__(self, items: Iterable[MarketItem] = (), odd: OddItems = NO_ODD_ITEMS) -> None:
        super().__init__((item.id, item) for item in items)
        self.odd = odd


@dataclass(frozen=True, slots=True)
class Album:
    id: int
    title: str
    count: int = 0
