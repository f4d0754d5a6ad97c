"""What people paste where a key or a community is asked for: addresses, quotes, labels, signs that nobody sees."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote

LARGEST_GROUP_ID = 10**10
LONGEST = 8192
"""Signs of a text that are looked through."""
MOST_SHOWN = 500
"""Signs. Nobody names a community at such length."""

_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters to Unicode, nothing to the eye."""
_WRAPPING = "\"'`´«»„“”‟‘’‚‹›<>()[]{}*"
_TRAILING = ".,;:!?…·|\\/"
_DASHES = str.maketrans(dict.fromkeys("−–—‐‑", "-"))


class Service(StrEnum):
    EVOTOR = "evotor"
    VK = "vk"


def visible(text: str) -> str:
    """Without zero-width signs, marks of direction, soft hyphens and byte order marks; every space a plain one."""
    kept = (char for char in text if unicodedata.category(char) != "Cf" and char not in _BLANKS)
    return "".join(" " if unicodedata.category(char) == "Zs" else char for char in kept)


def _bare(text: str) -> str:
    """Without quotes and brackets round it, and without the end of the sentence in which it stood."""
    while (bare := text.strip().strip(_WRAPPING).rstrip(_TRAILING)) != text:
        text = bare
    return text


# Keys

_NAMED_VALUE = r"""(?:^|[?#&;,\s{{"'«(])(?:{name})["'»]?\s*(?:=|:)\s*["'«]?([^&;,"'»\s]+)"""
_NAMED = tuple(re.compile(_NAMED_VALUE.format(name=name), re.IGNORECASE) for name in ("access_token", "token"))
_ENCODED = re.compile(r"token%3D", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:[а-яё][а-яё ]{0,60}(?:[:=—–-]|\s)|(?:x-)?authorization\s*[:=]|bearer(?:\s|[:=])|"
    r"(?:access[_ ]?|api[_ -]?)?(?:token|key)\s*(?:[:=]|\s))\s*",
    re.IGNORECASE,
)
_NAME = re.compile(r"[a-z_]{1,40}[ \t]{0,10}[=:]", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|(?:[a-z0-9-]+\.)+(?:ru|com|me)/|[^\s]*\.html?[?#]", re.IGNORECASE)
_VK_ADDRESS = re.compile(r"(?:^|[/.@])(?:vk\.com|vk\.ru|vkontakte\.ru)/", re.IGNORECASE)
_EVOTOR_ADDRESS = re.compile(r"(?:^|[/.@])evotor\.ru/|[?&]uid=\d\d-\d{15}", re.IGNORECASE)
_EVOTOR_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_VK_KEY = re.compile(r"vk\d\.[a-z]+\..+|[0-9a-f]{85}", re.IGNORECASE)
_SECRET = re.compile(
    rf"{_EVOTOR_KEY.pattern}|vk\d\.[a-z]+\.|[0-9a-f]{{85}}|(?:\b|_)(?:token|key)\b\W{{0,5}}\w", re.IGNORECASE
)
"""Wherever it stands."""
_EVOTOR_USER = re.compile(r"\d\d-\d{15}")


@dataclass(frozen=True, slots=True)
class PastedKey:
    """`key` is empty where what was pasted has none. `service`: whose key it is, where its look or address tells."""

    key: str = field(default="", repr=False)
    service: Service | None = None
    is_address: bool = False
    is_user_number: bool = False
    """The number of an Evotor user, which stands beside the key there."""


def key_in(text: str) -> PastedKey:
    seen = visible(text[:LONGEST]).strip()
    if _ENCODED.search(seen):
        seen = unquote(seen)
    whole = _in_one_line(seen)
    is_address = _ADDRESS.match(whole.lstrip(_WRAPPING)) is not None
    named = next((found[1] for pattern in _NAMED if (found := pattern.search(whole))), None)
    if named is None and is_address:
        return PastedKey(is_address=True)
    key = _bare(unquote(named)) if named is not None else _without_label(whole)
    return PastedKey(key, _service(key, whole), is_address, _EVOTOR_USER.fullmatch(key) is not None)


def _in_one_line(text: str) -> str:
    """A messenger breaks a long key into lines; where the next line begins with a name, it is another value."""
    whole = ""
    for line in map(str.strip, text.splitlines()):
        whole += f"&{line}" if whole and _NAME.match(line) else line
    return whole


def _without_label(text: str) -> str:
    """«Token: …», «Authorization: Bearer …», «мой ключ: «…»»"""
    text = _bare(text)
    while (found := _LABEL.match(text)) and (rest := _bare(text[found.end() :])):
        text = rest
    return text


def _service(key: str, whole: str) -> Service | None:
    if _EVOTOR_KEY.fullmatch(key) or _EVOTOR_ADDRESS.search(whole):
        return Service.EVOTOR
    return Service.VK if _VK_KEY.fullmatch(key) or _VK_ADDRESS.search(whole) else None


def holds_key(text: str) -> bool:
    """Whether a secret may stand in what was typed where none belongs: then it must not be shown again."""
    if len(text) > MOST_SHOWN:
        return True
    seen = visible(text)
    spellings = (seen, unquote(seen), _in_one_line(seen))
    return any(pattern.search(spelling) for pattern in (*_NAMED, _SECRET) for spelling in spellings)


# Communities

_VK_LINK = re.compile(
    r"(?:^|[\s/.@(«\"'<])(?:vk\.com|vk\.ru|vkontakte\.ru|vk\.me)/+([^\s«»\"'<>]*)", re.IGNORECASE | re.ASCII
)
_NUMBERED = re.compile(
    r"(?:club|public|event|gim)(\d+)|[a-z_]+-(\d+)(?:_\d+)?|market/product/.*-(\d+)-\d+", re.IGNORECASE | re.ASCII
)
_IN_QUERY = re.compile(r"[?&]w=((?:club|public|event)\d+|[a-z_]+-\d+)", re.IGNORECASE | re.ASCII)
_BARE_NUMBER = re.compile(r"[-№#]?\s*((?:\d\s?)+)", re.ASCII)
_COMMUNITY_LABEL = re.compile(r"[a-zа-яё ]{2,40}:\s*(?!/)", re.IGNORECASE)
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_][a-z0-9_.]{1,31}", re.ASCII)
_OTHER_PAGE = re.compile(r"(?:id|club|public|event)-?\d+", re.ASCII)
_PAGES = frozenset(
    [
        "feed",
        "im",
        "mail",
        "groups",
        "market",
        "friends",
        "video",
        "videos",
        "music",
        "audio",
        "audios",
        "photos",
        "docs",
        "apps",
        "games",
        "services",
        "settings",
        "login",
        "search",
        "away.php",
        "blank.html",
        "authorize",
        "clips",
        "support",
        "vk.com",
        "vk.ru",
        "vk.me",
        "m.vk.com",
        "m.vk.ru",
    ]
)
"""First parts of addresses that are VK's own pages."""


def community_in(text: str) -> int | str | None:
    """Its number, else its short name in lower case; None where there is neither."""
    typed = visible(text[:LONGEST]).translate(_DASHES).replace("\\", "/")
    seen = "".join(map(str.strip, typed.splitlines()))
    if link := _VK_LINK.search(seen):
        return _of_path(link[1].lstrip("@*"))
    if "://" in seen:
        return None
    written = _bare(_COMMUNITY_LABEL.sub("", seen.lstrip(_WRAPPING), count=1)).lstrip("@*")
    if number := _BARE_NUMBER.fullmatch(written):
        return _group_id(number[1])
    return _of_path(re.split(r"\||\s*\(", written)[0])


def _of_path(path: str) -> int | str | None:
    """«club777000111?w=…», «market-777000111», «lavka/», «feed?w=club777000111»"""
    address, _, _ = path.partition("#")
    place = re.sub(r"\s", "", address.partition("?")[0]).strip("/")
    place = place.rstrip(_TRAILING + _WRAPPING)
    first = place.partition("/")[0].lower()
    if found := _NUMBERED.fullmatch(place) or _NUMBERED.fullmatch(first):
        return _group_id(next(filter(None, found.groups())))
    if first in _PAGES or not first:
        asked = _IN_QUERY.search(address)
        return _of_path(asked[1]) if asked else None
    return first if _NAME.fullmatch(first) and not _OTHER_PAGE.fullmatch(first) else None


def _group_id(digits: str) -> int | None:
    number = int(re.sub(r"\s", "", digits)[:30])
    return number if 0 < number < LARGEST_GROUP_ID else None
