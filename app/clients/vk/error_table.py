"""What to do about each of VK's error codes: docs/contracts/vk.md §11, as a table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.clients.vk.errors import (
    ACCESS_DENIED,
    ALBUM_FULL,
    ALBUM_GONE,
    ALBUMS_FULL,
    BAD_APPLICATION_ID,
    BAD_GROUP_ID,
    BAD_LINKS,
    BAD_USER_ID,
    CAPTCHA,
    COMMUNITY_TOKEN,
    DAY,
    EXPIRED_TOKEN,
    FLOOD,
    HIDDEN_COMMUNITIES,
    HOUR,
    INVALID_TOKEN,
    ITEM_GONE,
    METHOD_QUOTA,
    MINUTE,
    NO_ACCESS_TO_COMMUNITY,
    NO_ACCESS_TO_GROUP,
    NO_MARKET_RIGHTS,
    NO_VARIANTS,
    NOT_EXTENDED,
    NOT_FOUND,
    NOT_PERMITTED,
    OUT_OF_LIMITS,
    OWNER_HOLDS,
    SCRIPT_BROKE,
    SECTION_OFF,
    SERVICE_TOKEN,
    SHOP_DISABLED,
    SHOP_FULL,
    SHOP_OFF,
    TOKEN_NEEDS_EXTENSION,
    TOO_MANY_PER_SECOND,
    UNKNOWN_ALBUM,
    UPLOAD_FAILED,
    USER_BANNED,
    USER_DEACTIVATED,
    USER_DELETED,
    USER_NOT_ACTIVE,
    VALIDATION,
    WRONG_PARAMETER,
    Treatment,
)

PASSING = frozenset({Treatment.RETRY, Treatment.WAIT, Treatment.UPLOAD, Treatment.POSTPONE})
"""Treatments after which the same call may succeed by itself."""
BACK_OFF = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the second, third, fourth and fifth try."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """What a code means for us.

    `pauses`: seconds before each repeat that the client makes by itself, for RETRY and short WAITs.
    `then`: the treatment left when the repeats are used up.
    `holds`: seconds to leave the token alone, told to the caller and never slept here; one number for the first
    time, the next for the second time in a row, and so on; the last goes for all that follow.
    `unclear`: VK may have applied the call.
    `reason`: one of several under the same code, where it has a sentence and a way out of its own.
    """

    treatment: Treatment
    meaning: str
    pauses: tuple[float, ...] = ()
    then: Treatment | None = None
    holds: tuple[float, ...] = ()
    unclear: bool = False
    reason: str = ""

    @property
    def left(self) -> Treatment:
        return self.then or self.treatment


def _rows(*rows: tuple[Iterable[int], ErrorRow]) -> dict[int, ErrorRow]:
    return {code: row for codes, row in rows for code in codes}


_RETRY, _WAIT, _REFRESH, _ASK, _STOP = Treatment.RETRY, Treatment.WAIT, Treatment.REFRESH, Treatment.ASK, Treatment.STOP
_FAIL, _HEAL, _OK, _SKIP, _UPLOAD = Treatment.FAIL, Treatment.HEAL, Treatment.OK, Treatment.SKIP, Treatment.UPLOAD
_ADJUST, _POSTPONE = Treatment.ADJUST, Treatment.POSTPONE

NO_ANSWER = ErrorRow(_RETRY, "no connection, timeout, 5xx, not JSON", pauses=BACK_OFF, unclear=True)
UNKNOWN = ErrorRow(_FAIL, "unknown to us; five in a row stop the run")

# fmt: off
CODES: dict[int, ErrorRow] = _rows(
    # §11.2 Common codes
    ((1,), ErrorRow(_RETRY, "unknown failure at VK", pauses=BACK_OFF, then=_FAIL, unclear=True)),
    ((2, 11), ErrorRow(_STOP, "application off or in test mode")),
    ((3, 23), ErrorRow(_STOP, "method unknown or disabled")),
    ((4,), ErrorRow(_STOP, "bad signature")),
    ((INVALID_TOKEN, EXPIRED_TOKEN, TOKEN_NEEDS_EXTENSION),
        ErrorRow(_REFRESH, "token invalid, expired or revoked")),  # words below
    ((TOO_MANY_PER_SECOND,), ErrorRow(_WAIT, "too many a second", pauses=(1.1,) * 10, then=_POSTPONE,
        holds=(MINUTE, 5 * MINUTE))),
    ((NOT_PERMITTED,), ErrorRow(_ASK, "action not permitted: role or right")),
    ((8,), ErrorRow(_RETRY, "malformed request", pauses=BACK_OFF[:1], then=_FAIL)),
    ((FLOOD,), ErrorRow(_WAIT, "flood: too many alike actions", holds=(MINUTE, 10 * MINUTE, 6 * HOUR))),
    ((10,), ErrorRow(_RETRY, "internal failure at VK", pauses=BACK_OFF, then=_FAIL, unclear=True)),
    ((12, SCRIPT_BROKE), ErrorRow(_FAIL, "script of execute refused: single calls instead")),
    ((CAPTCHA, 3300), ErrorRow(_ASK, "captcha: a person must pass it", holds=OWNER_HOLDS)),
    ((ACCESS_DENIED,), ErrorRow(_ASK, "access denied")),  # subcodes below
    ((16,), ErrorRow(_STOP, "HTTPS needed")),
    ((VALIDATION,), ErrorRow(_ASK, "validation: a person must open redirect_uri")),
    ((USER_DELETED, USER_BANNED, USER_DEACTIVATED, USER_NOT_ACTIVE),
        ErrorRow(_ASK, "user deleted, banned or deactivated")),
    ((19,), ErrorRow(_FAIL, "content blocked")),
    ((20, 21), ErrorRow(_STOP, "application type not allowed")),
    ((UPLOAD_FAILED, 105), ErrorRow(_UPLOAD, "upload failed or file not saved", then=_FAIL)),
    ((24, 25, 11500), ErrorRow(_ASK, "confirmation by the user needed")),
    ((COMMUNITY_TOKEN, SERVICE_TOKEN), ErrorRow(_ASK, "community or service token used: a user token is needed")),
    ((METHOD_QUOTA,), ErrorRow(_POSTPONE, "method quota used up: resume next day", holds=(DAY,))),
    ((32, 36), ErrorRow(_RETRY, "wait, or timeout at VK", pauses=(5.0,) * 4, unclear=True)),
    ((42,), ErrorRow(_STOP, "our address is not allowed")),
    ((SECTION_OFF,), ErrorRow(_WAIT, "section temporarily off", holds=(15 * MINUTE, 6 * HOUR))),
    ((WRONG_PARAMETER,), ErrorRow(_FAIL, "parameter missing or wrong")),  # suffixes below
    ((BAD_APPLICATION_ID, BAD_USER_ID, BAD_GROUP_ID), ErrorRow(_ASK, "bad application, user or community id")),
    ((OUT_OF_LIMITS,), ErrorRow(_STOP, "out of limits")),
    ((NOT_FOUND,), ErrorRow(_HEAL, "not found")),
    ((UNKNOWN_ALBUM,), ErrorRow(_HEAL, "album unknown: recreate it")),
    ((118, 121, 122, 129), ErrorRow(_UPLOAD, "upload data rejected", then=_FAIL)),
    ((NO_ACCESS_TO_COMMUNITY, NO_ACCESS_TO_GROUP, HIDDEN_COMMUNITIES), ErrorRow(_ASK, "community closed to this user")),
    ((3301, 3302, 3303, 3304, 3305), ErrorRow(_ASK, "VK wants phone, password, code, mail or votes")),
    ((9999,), ErrorRow(_STOP, "wrong HTTP verb")),
    # §11.3 Market codes
    ((NO_MARKET_RIGHTS,), ErrorRow(_ASK, "no rights on this market: role editor or higher, right market")),
    ((1400,), ErrorRow(_HEAL, "too late to restore: add anew")),
    ((ALBUM_GONE,), ErrorRow(_HEAL, "album not found: recreate it")),
    ((ITEM_GONE,), ErrorRow(_HEAL, "item not found: removed in VK by hand")),  # delete: below
    ((1404,), ErrorRow(_OK, "item already in that album")),
    ((SHOP_FULL,), ErrorRow(_SKIP, "community is full: no more adds in this run")),
    ((ALBUM_FULL,), ErrorRow(_SKIP, "album is full: leave the item outside")),
    ((ALBUMS_FULL,), ErrorRow(_SKIP, "too many albums: go on without new ones")),
    ((BAD_LINKS,), ErrorRow(_ADJUST, "bad links in the description")),
    ((NOT_EXTENDED, NO_VARIANTS), ErrorRow(_ADJUST, "extended shop or variants are off: no stock_amount, no variants")),
    (range(1411, 1418), ErrorRow(_FAIL, "variants and groups of items, which we do not use")),
    ((1425, 1426), ErrorRow(_FAIL, "variants and groups of items, which we do not use")),
    ((1418, 1419, 1421, 1423, 1424), ErrorRow(_FAIL, "property limits, not used")),
    ((1427, 1430, 1436, 1456), ErrorRow(_FAIL, "orders, not used")),
    ((1429,), ErrorRow(_FAIL, "dimensions and weight must come together; we send none")),
    ((1431, 1432), ErrorRow(_OK, "shop already on or off")),
    ((1433, 1434, 1435), ErrorRow(_FAIL, "crop of the photo")),
    ((SHOP_OFF, SHOP_DISABLED), ErrorRow(_ASK, "shop is switched off in the community settings")),
    ((1446, 1457, 1458), ErrorRow(_SKIP, "main album rules: only the album step fails")),
    ((1518,), ErrorRow(_OK, "item is not deleted")),
    ((1526,), ErrorRow(_SKIP, "services are off")),
)

SUBCODES: dict[tuple[int, int], ErrorRow] = {
    (ACCESS_DENIED, 1133): ErrorRow(_STOP, "the application may not call this method"),
    (ACCESS_DENIED, 1134): ErrorRow(_STOP, "this kind of application has no access"),
}

# Told by VK's words alone
OTHER_ADDRESS = re.compile(r"\bip\b|another address", re.IGNORECASE)
WORDS: dict[int, tuple[re.Pattern[str], ErrorRow]] = {
    INVALID_TOKEN: (OTHER_ADDRESS, ErrorRow(_REFRESH, "token bound to the address that it was got from", reason="ip")),
}

METHODS: dict[tuple[int, str], ErrorRow] = {
    (ITEM_GONE, "market.delete"): ErrorRow(_OK, "already gone"),
}

# §11.4 Suffixes of code 100, in lower case; the first that occurs in VK's message counts
SUFFIXES: dict[str, ErrorRow] = {
    "nothing to change": ErrorRow(_OK, "VK has it already"),
    "name should be at least": ErrorRow(_FAIL, "our bug: text too short"),
    "category": ErrorRow(_ADJUST, "the category is gone: fall back to the default one and tell the user"),
    "photo not found or already assigned": ErrorRow(_HEAL, "drop our photo id, upload again, repeat once"),
    "photo is undefined": ErrorRow(_RETRY, "a just-saved photo needs a moment", pauses=(2.0, 2.0), then=_HEAL),
    "upload_response is undefined": ErrorRow(_FAIL, "our bug: send JSON text"),
    "failed to save crop photo": ErrorRow(_FAIL, "old photo methods in use"),
    "only groups supported": ErrorRow(_FAIL, "our bug: sign of owner_id"),
}


# fmt: on


def classify(code: int | None, subcode: int | None = None, message: str = "", method: str = "") -> ErrorRow:
    """The row for an error; `code` None stands for a call without a usable answer."""
    if code is None:
        return NO_ANSWER
    if code == WRONG_PARAMETER:
        return _by_suffix(suffix_of(message))
    if subcode is not None and (code, subcode) in SUBCODES:
        return SUBCODES[code, subcode]
    if code in WORDS and WORDS[code][0].search(message):
        return WORDS[code][1]
    return METHODS.get((code, method)) or CODES.get(code, UNKNOWN)


def suffix_of(message: str) -> str:
    """What VK says after the first colon: which parameter is wrong and why."""
    return message.partition(":")[2].strip()


def _by_suffix(suffix: str) -> ErrorRow:
    lower = suffix.lower()
    return next((row for text, row in SUFFIXES.items() if text in lower), CODES[WRONG_PARAMETER])
