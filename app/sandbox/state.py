"""Everything the sandbox remembers: in memory, under one lock, put back to the seed by one call."""

import copy
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from threading import RLock
from typing import Any

from app.sandbox.faults import SLOW_KINDS, Faults

Json = dict[str, Any]

RIGHTS = {"photos": 1 << 2, "offline": 1 << 16, "groups": 1 << 18, "market": 1 << 27, "email": 1 << 22, "phone": 0}
FIRST_ITEM_ID = 9_000_001
FIRST_PHOTO_ID = 457_239_001


class Clock:
    """The sandbox's own time: real time plus what the tests added; may be frozen."""

    def __init__(self) -> None:
        self._start = time.time() - time.monotonic()
        self._added = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        running = self._start + time.monotonic() if self._frozen_at is None else self._frozen_at
        return running + self._added

    def advance(self, seconds: float) -> None:
        self._added += seconds

    def freeze(self, frozen: bool) -> None:
        if frozen and self._frozen_at is None:
            self._frozen_at = self._start + time.monotonic()
        elif not frozen:
            self._frozen_at = None


@dataclass
class CallLog:
    counts: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    entries: deque[Json] = field(default_factory=lambda: deque(maxlen=100_000))
    peak_per_second: int = 0

    @property
    def writes(self) -> int:
        return self.stored.total()


@dataclass
class EvotorStore:
    about: Json
    groups: dict[str, Json] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)


@dataclass
class EvotorAccount:
    user_id: str
    stores: dict[str, EvotorStore] = field(default_factory=dict)


@dataclass
class EvotorToken:
    user_id: str
    stock: bool = True
    allowed: bool = True


@dataclass
class EvotorState:
    accounts: dict[str, EvotorAccount] = field(default_factory=dict)
    tokens: dict[str, EvotorToken] = field(default_factory=dict)
    page_size: int = 1000
    empty_error_bodies: bool = False
    calls_per_minute: int = 10_000
    minute: int = 0
    minute_calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    def find_store(self, store_id: str) -> EvotorStore | None:
        return next((a.stores[store_id] for a in self.accounts.values() if store_id in a.stores), None)


@dataclass
class VkUser:
    id: int
    first_name: str
    last_name: str


@dataclass
class VkToken:
    value: str
    kind: str = "user"
    user_id: int = 0
    group_id: int = 0
    rights: int = 0
    expires_at: float | None = None
    recent_calls: deque[float] = field(default_factory=deque)


@dataclass
class Shadow:
    """What lists still show while a write has not reached them; None: not there yet."""

    until: float
    before: "Item | None"


@dataclass
class Item:
    id: int
    name: str
    description: str
    category_id: int
    created_at: float
    updated_at: float
    price: Decimal = Decimal(0)
    old_price: Decimal | None = None
    hidden: bool = False
    main_photo_id: int | None = None
    photo_ids: tuple[int, ...] = ()
    video_ids: tuple[int, ...] = ()
    url: str = ""
    sku: str = ""
    stock_amount: int | None = None
    weight: int | None = None
    dimension_width: int | None = None
    dimension_height: int | None = None
    dimension_length: int | None = None
    album_ids: tuple[int, ...] = ()
    deleted_at: float | None = None
    reject_info: Json | None = None
    foreign: bool = False
    api_writes: int = 0
    shadow: Shadow | None = None

    def seen_in_lists(self, now: float) -> "Item | None":
        return self.shadow.before if self.shadow and now < self.shadow.until else self


@dataclass
class Album:
    id: int
    title: str
    updated_at: float
    item_ids: dict[int, None] = field(default_factory=dict)
    photo_id: int | None = None
    is_hidden: bool = False
    foreign: bool = False
    api_writes: int = 0
    listed_from: float = 0


@dataclass
class Photo:
    id: int
    group_id: int
    user_id: int
    album_id: int
    created_at: float
    width: int
    height: int
    mime: str
    content: bytes = field(repr=False)
    item_id: int | None = None


@dataclass
class Upload:
    """An upload address, or a file that was received and waits to be saved."""

    group_id: int
    user_id: int
    bulk: bool = False
    answer: Json = field(default_factory=dict)
    files: list[Photo] = field(default_factory=list)


@dataclass
class Club:
    id: int
    name: str
    screen_name: str
    market_enabled: bool = True
    market_type: str = "basic"
    currency: Json = field(default_factory=lambda: {"id": 643, "name": "RUB", "title": "₽"})
    levels: dict[int, int] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    item_order: list[int] = field(default_factory=list)
    albums: dict[int, Album] = field(default_factory=dict)
    next_album_id: int = 1
    main_album_id: int = 0

    @property
    def extended(self) -> bool:
        return self.market_type in {"advanced", "pro"}


@dataclass
class VkLimits:
    items: int = 15_000
    album_items: int = 1_000
    albums: int = 100


@dataclass
class VkSettings:
    user_calls_per_second: int = 3
    group_calls_per_second: int = 20
    photo_required: bool = True
    check_links: bool = True
    keep_photos: bool = True
    app_rights: str = "market groups photos"
    removed_categories: list[int] = field(default_factory=list)


@dataclass
class VkState:
    users: dict[int, VkUser] = field(default_factory=dict)
    tokens: dict[str, VkToken] = field(default_factory=dict)
    clubs: dict[int, Club] = field(default_factory=dict)
    photos: dict[int, Photo] = field(default_factory=dict)
    upload_addresses: dict[str, Upload] = field(default_factory=dict)
    received: dict[str, Upload] = field(default_factory=dict)
    captchas: dict[str, Json] = field(default_factory=dict)
    success_tokens: set[str] = field(default_factory=set)
    codes: dict[str, Json] = field(default_factory=dict)
    refresh_tokens: dict[str, Json] = field(default_factory=dict)
    limits: VkLimits = field(default_factory=VkLimits)
    settings: VkSettings = field(default_factory=VkSettings)
    next_item_id: int = FIRST_ITEM_ID
    next_photo_id: int = FIRST_PHOTO_ID

    def new_item_id(self) -> int:
        self.next_item_id += 1
        return self.next_item_id - 1

    def new_photo_id(self) -> int:
        self.next_photo_id += 1
        return self.next_photo_id - 1


class World:
    def __init__(self, seed: "Callable[[World], None]") -> None:
        self.lock = RLock()
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.clock = Clock()
            self.faults = Faults()
            self.calls = CallLog()
            self.evotor = EvotorState()
            self.vk = VkState()
            self._snapshot: tuple[Clock, CallLog, EvotorState, VkState] | None = None
            self._seed(self)

    def snapshot(self) -> None:
        """Keep a copy of everything but the faults."""
        with self.lock:
            self._snapshot = copy.deepcopy((self.clock, self.calls, self.evotor, self.vk))

    def restore(self) -> None:
        """Back to the last snapshot. Raises ValueError where there is none."""
        with self.lock:
            if self._snapshot is None:
                raise ValueError("no snapshot since the last reset")
            self.clock, self.calls, self.evotor, self.vk = copy.deepcopy(self._snapshot)

    def delay(self, service: str, target: str, *, token: str | None = None, store: str | None = None) -> None:
        """Wait as a `slow` fault asks, without holding the others up."""
        with self.lock:
            fault = self.faults.take(service, target, SLOW_KINDS, token=token, store=store)
        if fault is not None:
            time.sleep(fault.number / 1000)

    def note_call(self, service: str, target: str, **facts: Any) -> Json:
        """Count the call and keep it in the ordered list; the caller adds the outcome to the answer."""
        self.calls.counts[f"{service}.{target}"] += 1
        entry: Json = {"at": round(self.clock.now(), 3), "service": service, "target": target, **facts}
        self.calls.entries.append(entry)
        return entry
