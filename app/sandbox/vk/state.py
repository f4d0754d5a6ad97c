"""What the VK of the sandbox remembers: users, tokens, communities with their shops, photos."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from app.sandbox.documents import Json

RIGHTS = {"photos": 1 << 2, "offline": 1 << 16, "groups": 1 << 18, "market": 1 << 27, "email": 1 << 22, "phone": 0}
FIRST_ITEM_ID = 9_000_001
FIRST_PHOTO_ID = 457_239_001


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
    execute_signs: int = 0
    """The longest answer to a batch; 0: any."""
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
