"""Parameters, token kinds and error texts of the 28 VK methods (VK's schema of API 5.199, in our own notation).

`name! type min..max =default`: `!` is required; bounds are the value of int and num, the length of text, the number
of elements of lists. Types: int, num, bool (0 or 1), text, ints (elements from 0), signed (ints of any sign), words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ERROR_TEXTS = {
    1: "Unknown error occurred",
    2: "Application is disabled. Enable your application or use test mode",
    3: "Unknown method passed",
    5: "User authorization failed",
    6: "Too many requests per second",
    7: "Permission to perform this action is denied",
    8: "Invalid request",
    9: "Flood control",
    10: "Internal server error",
    12: "Unable to compile code",
    13: "Runtime error occurred during code invocation",
    14: "Captcha needed",
    15: "Access denied",
    17: "Validation required",
    18: "User was deleted or banned",
    24: "Confirmation required",
    27: "Group authorization failed",
    28: "Application authorization failed",
    29: "Rate limit reached",
    43: "This section is temporary unavailable",
    100: "One of the parameters specified was missing or invalid",
    101: "Invalid application API ID",
    103: "Out of limits",
    113: "Invalid user id",
    121: "Invalid hash",
    122: "Invalid photos",
    129: "Invalid photo",
    203: "Access to group denied",
    205: "Access denied",
    260: "Access to the groups list is denied due to the user's privacy settings",
    1117: "Access token has expired",
    1400: "Too late for restore",
    1402: "Album not found",
    1403: "Item not found",
    1404: "Item already added to album",
    1405: "Too many items",
    1406: "Too many items in album",
    1407: "Too many albums",
    1408: "Item has bad links in description",
    1409: "Extended market not enabled",
    1410: "Variants not enabled",
    1433: "Invalid image crop format",
    1438: "Market not enabled",
    1446: "Main album can not be hidden",
    1457: "Failed to set album as main",
    1458: "Failed to unset album as main",
    1518: "Item is not deleted",
    1525: "Market is disabled",
}


class VkError(Exception):
    def __init__(self, code: int, suffix: str = "", **extra: Any) -> None:
        text = ERROR_TEXTS.get(code, "Unknown error occurred")
        super().__init__(code, suffix)
        self.code = code
        self.message = f"{text}: {suffix}" if suffix else text
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    required: bool
    type: str
    low: int | None
    high: int | None
    default: int | None


def _param(notation: str) -> Param:
    match = re.fullmatch(r"(\w+)(!?) (\w+)(?: (\d*|-\d+)\.\.(\d*))?(?: =(\d+))?", notation)
    if match is None:
        raise ValueError(notation)
    name, mark, kind, low, high, default = match.groups()
    return Param(name, bool(mark), kind, *(int(number) if number else None for number in (low, high, default)))


_OWNER = "owner_id! int"
_GROUP = "group_id! int 1.."
_PAGE = ["offset int 0..", "need_variants bool", "extended bool"]
_ITEM_REST = [
    "price num 0..999999999999",
    "old_price num 0..999999999999",
    "deleted bool",
    "main_photo_id int 0..",
    "photo_ids ints 0..4",
    "video_ids ints 0..2",
    "url text 0..320",
    "variant_ids ints 0..2",
    "is_main_variant bool",
    "dimension_width int 0..100000",
    "dimension_height int 0..100000",
    "dimension_length int 0..100000",
    "weight int 0..100000000",
    "sku text 0..50",
    "stock_amount int -1..999999",
]
_ALBUM_REST = ["title! text 0..128", "photo_id int 0..", "main_album bool", "is_hidden bool"]

_NOTATION: dict[str, list[str]] = {
    "market.add": [_OWNER, "name! text 4..100", "description! text 10..", "category_id! int 0..", *_ITEM_REST],
    "market.edit": [
        _OWNER,
        "item_id! int 0..",
        "name text 4..100",
        "description text 10..",
        "category_id int 0..",
        *_ITEM_REST,
    ],
    "market.delete": [_OWNER, "item_id! int 0.."],
    "market.restore": [_OWNER, "item_id! int 0.."],
    "market.get": [
        _OWNER,
        "album_id int =0",
        "count int 0..200 =100",
        *_PAGE,
        "date_from text",
        "date_to text",
        "with_disabled bool",
        "fields words",
    ],
    "market.getById": ["item_ids! words 0..100", "extended bool"],
    "market.search": [
        _OWNER,
        "album_id int 0..",
        "q text",
        "price_from int 0..",
        "price_to int 0..",
        "sort int 0..3 =0",
        "rev int 0..1 =1",
        "count int 0..200 =20",
        *_PAGE,
        "status signed 0..2",
    ],
    "market.getCategories": ["group_id int 1..", "album_id int 1.."],
    "market.filterCategories": ["category_id int 0..", "query text", "count int 0..1000 =20"],
    "market.addAlbum": [_OWNER, *_ALBUM_REST],
    "market.editAlbum": [_OWNER, "album_id! int 0..", *_ALBUM_REST],
    "market.deleteAlbum": [_OWNER, "album_id! int 0.."],
    "market.getAlbums": [_OWNER, "offset int 0..", "count int 0..100 =50"],
    "market.getAlbumById": [_OWNER, "album_ids! ints"],
    "market.addToAlbum": [_OWNER, "item_ids! ints", "album_ids! ints"],
    "market.removeFromAlbum": [_OWNER, "item_id! int 0..", "album_ids! ints"],
    "market.reorderAlbums": [_OWNER, "album_id! int", "before int 0..", "after int 0.."],
    "market.reorderItems": [_OWNER, "album_id int", "item_id! int 0..", "before int 0..", "after int 0.."],
    "market.getProductPhotoUploadServer": [_GROUP, "bulk bool =0"],
    "market.saveProductPhoto": ["upload_response! text"],
    "market.saveProductPhotoBulk": ["upload_response! text"],
    "photos.getMarketAlbumUploadServer": [_GROUP],
    "photos.saveMarketAlbumPhoto": [_GROUP, "photo! text", "server! int 0..", "hash! text"],
    "execute": ["code! text"],
    "groups.get": [
        "user_id int 1..",
        "extended bool",
        "filter words",
        "fields words",
        "offset int 0..",
        "count int 0..1000",
    ],
    "groups.getById": ["group_ids words", "group_id text", "fields words"],
    "users.get": ["user_ids words 0..1000", "fields words", "name_case text", "from_group_id int =0"],
    "account.getAppPermissions": ["user_id int 1.."],
}

METHODS = {name: [_param(notation) for notation in notations] for name, notations in _NOTATION.items()}

TOKEN_KINDS: dict[str, frozenset[str]] = {
    "execute": frozenset({"user", "group"}),
    "groups.get": frozenset({"user", "service"}),
    "groups.getById": frozenset({"user", "group", "service"}),
    "users.get": frozenset({"user", "group", "service"}),
}
USER_ONLY = frozenset({"user"})


def cp1251_length(text: str) -> int:
    """Letters outside cp1251 count as their HTML entity (docs/contracts/vk.md §5)."""
    return len(text.encode("cp1251", errors="xmlcharrefreplace"))


def check(method: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Typed values of the parameters, or error 100 for the first that breaks its rule."""
    values: dict[str, Any] = {}
    for param in METHODS[method]:
        text = given.get(param.name)
        if text is None or (param.required and not text.strip()):
            if param.required:
                raise VkError(100, f"{param.name} is undefined")
            if param.default is not None:
                values[param.name] = param.default
            continue
        values[param.name] = _value(param, text)
    return values


def _value(param: Param, text: str) -> Any:
    if param.type == "text":
        _check_length(param, text)
        return text
    if param.type in {"ints", "signed", "words"}:
        return _list(param, text)
    if param.type == "bool":
        if text not in {"0", "1"}:
            raise VkError(100, f"{param.name} should be 0 or 1")
        return text == "1"
    return _number(param, text)


def _check_length(param: Param, text: str) -> None:
    length = cp1251_length(text.strip()) if param.name == "name" else len(text)
    if param.low is not None and length < param.low:
        raise VkError(100, f"{param.name} should be at least {param.low} letters length")
    if param.high is not None and length > param.high:
        raise VkError(100, f"{param.name} should be at most {param.high} letters length")


def _list(param: Param, text: str) -> list[Any]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if param.high is not None and len(parts) > param.high:
        raise VkError(100, f"{param.name} should have at most {param.high} elements")
    if param.type == "words":
        return parts
    pattern = r"\d+" if param.type == "ints" else r"-?\d+"
    if not all(re.fullmatch(pattern, part, re.ASCII) for part in parts):
        raise VkError(100, f"{param.name} should be a list of integers")
    return [int(part) for part in parts]


def _number(param: Param, text: str) -> int | Decimal:
    whole = param.type == "int"
    if not re.fullmatch(r"-?\d+" if whole else r"-?\d+(\.\d+)?", text, re.ASCII):
        raise VkError(100, f"{param.name} not {'integer' if whole else 'number'}")
    number = int(text) if whole else Decimal(text)
    if param.low is not None and number < param.low:
        raise VkError(100, f"{param.name} should be greater or equal to {param.low}")
    if param.high is not None and number > param.high:
        raise VkError(100, f"{param.name} should be less or equal to {param.high}")
    return number
