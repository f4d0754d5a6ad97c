"""The demo data of both services (docs/contracts/vk.md §13.5, docs/contracts/evotor.md §10.3)."""

import copy
import io
import json
from decimal import Decimal
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from app.sandbox.documents import Json
from app.sandbox.evotor.state import EvotorAccount, EvotorStore, EvotorToken
from app.sandbox.state import World
from app.sandbox.vk.state import RIGHTS, Album, Club, Item, Photo, VkToken, VkUser

ACCOUNT_ID, OTHER_ACCOUNT_ID = "01-000000000012345", "01-000000000067890"
# Access tokens of Evotor, in the shape that the real ones have.
EVOTOR_DEMO = "0b9d8c1e-0000-4000-8000-00000000d3a0"
EVOTOR_NO_STOCK = "0b9d8c1e-0000-4000-8000-00000000d3a1"
EVOTOR_OTHER_ACCOUNT = "0b9d8c1e-0000-4000-8000-00000000d3b0"
EVOTOR_NO_RIGHTS = "0b9d8c1e-0000-4000-8000-00000000d3c0"

USER_ID, OTHER_USER_ID = 50001234, 50005678
CLUB_ID, EXTENDED_CLUB_ID, MODERATED_CLUB_ID, CLOSED_SHOP_CLUB_ID = 777000111, 777000222, 777000333, 777000444
OTHER_CLUB_ID, TENGE_CLUB_ID = 777000555, 777000666
TENGE: Json = {"id": 398, "name": "KZT", "title": "₸"}
ADMIN, EDITOR, MODERATOR = 3, 2, 1
BOTH = {USER_ID: ADMIN, OTHER_USER_ID: ADMIN}
ALL_RIGHTS = RIGHTS["market"] | RIGHTS["photos"] | RIGHTS["groups"]
CREATED = "2024-03-06T07:00:00.000+0000"

FOREIGN_ALBUMS = ("Новинки", "Подарки", "Распродажа")
FOREIGN_ITEMS = (
    ("Букет сухоцветов", "Лаванда, лагурус и статица, высота 35 см.", "1450", "", 20036, (1, 2)),
    ("Сертификат на 1000 рублей", "Подарочный сертификат нашей лавки, действует год.", "1000", "", 1, (2,)),
    ("Самовар жаровой 5 л", "Латунь, восстановлен мастером, в рабочем состоянии.", "18900.50", "SAM-5", 20020, (3,)),
    ("Скатерть с вышивкой 150×220", "Хлопок, ручная вышивка гладью.", "4300", "A-17", 20024, ()),
)
FOREIGN_COLOURS = ("#b9a7c9", "#d8c59a", "#c58f5c", "#a9bfa6")


def seed_demo(
    world: World,
    *,
    big_store: EvotorStore | None = None,
    only: str = "all",
    vk_rate: int = 3,
    page_size: int = 1000,
) -> None:
    world.evotor.page_size = page_size
    world.vk.settings.user_calls_per_second = vk_rate
    _seed_tokens(world)
    if only != "vk":
        _seed_evotor(world, big_store)
    _seed_clubs(world, with_goods=only != "evotor")


def _seed_tokens(world: World) -> None:
    world.evotor.accounts = {name: EvotorAccount(name) for name in (ACCOUNT_ID, OTHER_ACCOUNT_ID)}
    world.evotor.tokens = {
        EVOTOR_DEMO: EvotorToken(ACCOUNT_ID),
        EVOTOR_NO_STOCK: EvotorToken(ACCOUNT_ID, stock=False),
        EVOTOR_OTHER_ACCOUNT: EvotorToken(OTHER_ACCOUNT_ID),
        EVOTOR_NO_RIGHTS: EvotorToken(ACCOUNT_ID, allowed=False),
    }
    users = [VkUser(USER_ID, "Анна", "Демо"), VkUser(OTHER_USER_ID, "Борис", "Пример")]
    world.vk.users = {user.id: user for user in users}
    tokens = [
        VkToken("demo-user", user_id=USER_ID, rights=ALL_RIGHTS),
        VkToken("demo-user-2", user_id=OTHER_USER_ID, rights=ALL_RIGHTS),
        VkToken("demo-expired", user_id=USER_ID, rights=ALL_RIGHTS, expires_at=0),
        VkToken("demo-noscope", user_id=USER_ID, rights=RIGHTS["groups"] | RIGHTS["photos"]),
        VkToken("demo-group", kind="group", group_id=CLUB_ID, rights=ALL_RIGHTS),
        VkToken("demo-service", kind="service"),
    ]
    world.vk.tokens = {token.value: token for token in tokens}


@cache
def _demo_shop() -> Json:
    text = (Path(__file__).parent / "data" / "shop.json").read_text(encoding="utf-8")
    shop: Json = json.loads(text)
    return shop


def _seed_evotor(world: World, big_store: EvotorStore | None) -> None:
    for account in _demo_shop()["accounts"]:
        stores = world.evotor.accounts[account["user_id"]].stores
        for described in account["stores"]:
            store = _store(described, account["user_id"])
            stores[store.about["id"]] = store
    if big_store is not None:
        kept = EvotorStore(dict(big_store.about), dict(big_store.groups), dict(big_store.products))
        world.evotor.accounts[ACCOUNT_ID].stores = {kept.about["id"]: kept}


def _store(described: Json, user_id: str) -> EvotorStore:
    owned = {"user_id": user_id, "created_at": CREATED, "updated_at": CREATED}
    common = {"store_id": described["store"]["id"], **owned}
    groups, products = (
        {entity["id"]: copy.deepcopy({**common, **entity}) for entity in described[kind]}
        for kind in ("groups", "products")
    )
    return EvotorStore({**described["store"], **owned}, groups, products)


def _seed_clubs(world: World, *, with_goods: bool) -> None:
    clubs = [
        Club(CLUB_ID, "Лавка на Садовой", "lavka_demo", levels={USER_ID: ADMIN}),
        Club(EXTENDED_CLUB_ID, "Ярмарка у моста", "yarmarka_demo", market_type="advanced", levels={USER_ID: EDITOR}),
        Club(MODERATED_CLUB_ID, "Соседи по району", "sosedi_demo", levels={USER_ID: MODERATOR, OTHER_USER_ID: ADMIN}),
        Club(
            CLOSED_SHOP_CLUB_ID,
            "Клуб чаепития",
            "chai_demo",
            market_enabled=False,
            levels=dict(BOTH),
        ),
        Club(OTHER_CLUB_ID, "Канцтовары у школы", "kanz_demo", levels={OTHER_USER_ID: ADMIN}),
        Club(
            TENGE_CLUB_ID,
            "Сувениры Астаны",
            "astana_demo",
            currency=TENGE,
            levels=dict(BOTH),
        ),
    ]
    world.vk.clubs = {club.id: club for club in clubs}
    if with_goods:
        for club_id in (CLUB_ID, EXTENDED_CLUB_ID):
            _seed_foreign(world, world.vk.clubs[club_id])


def _seed_foreign(world: World, club: Club) -> None:
    """What the owner made by hand before: nobody else may touch it."""
    now = world.clock.now()
    for title in FOREIGN_ALBUMS:
        album = Album(club.next_album_id, title, now, foreign=True)
        club.albums[album.id] = album
        club.next_album_id += 1
    for number, (name, description, price, sku, category_id, album_ids) in enumerate(FOREIGN_ITEMS):
        item = Item(
            world.vk.new_item_id(), name, description, category_id, now, now, Decimal(price), sku=sku, foreign=True
        )
        item.main_photo_id = _seed_photo(world, club, item, number)
        item.album_ids = album_ids
        club.items[item.id] = item
        club.item_order.append(item.id)
        for album_id in album_ids:
            club.albums[album_id].item_ids[item.id] = None


def _seed_photo(world: World, club: Club, item: Item, number: int) -> int:
    photo_id = world.vk.new_photo_id()
    owner_id = next(iter(club.levels))
    world.vk.photos[photo_id] = Photo(
        photo_id, club.id, owner_id, -105, item.created_at, 600, 800, "image/jpeg", _picture(number), item.id
    )
    return photo_id


@cache
def _picture(number: int) -> bytes:
    image = Image.new("RGB", (600, 800), FOREIGN_COLOURS[number % len(FOREIGN_COLOURS)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((150, 250, 450, 550), fill="white")
    draw.rectangle((290, 540, 310, 720), fill="white")
    content = io.BytesIO()
    image.save(content, "JPEG", quality=80)
    return content.getvalue()
