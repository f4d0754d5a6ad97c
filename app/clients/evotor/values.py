"""Single values of Evotor's items: what docs/contracts/evotor.md §6 names, and what can plainly be meant besides."""

import re
from decimal import ROUND_HALF_UP, Decimal, DecimalException

import msgspec

from app.clients.answers import MalformedAnswer, clean_line, clean_text, decode, fraction, has_controls

LONGEST_ID = 255
LONGEST_LINE = 1000
LONGEST_DESCRIPTION = 20_000
MOST_BARCODES = 100
MOST_CHOICES = 100
LONGEST_SHOWN = 200
ABSENT = msgspec.Raw(b"null")
_KOPECK = Decimal("0.01")
_GRAM = Decimal("0.001")
_MOST_MONEY = Decimal("9999999999.99")
_MOST_QUANTITY = Decimal(999_999_999)
_WHOLE = re.compile(rb"-?\d{1,255}")
_PLAIN_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,6}|,\d{1,2})?", re.ASCII)
"""A comma before three digits may set thousands apart."""
_FLAGS = {b"true": True, b"false": False, b'"true"': True, b'"false"': False, b"1": True, b"0": False}


def usable_id(text: str) -> str:
    """The id as it is. Raises MalformedAnswer for one that cannot be stored or would change an URL's path."""
    if not text.strip(" .") or len(text) > LONGEST_ID or has_controls(text):
        raise MalformedAnswer("an item without a usable id")
    return text


def line(text: str | None) -> str:
    return clean_line((text or "")[:LONGEST_LINE])


def description(text: str | None) -> str:
    return clean_text((text or "")[:LONGEST_DESCRIPTION])


def parent(text: str | None) -> str | None:
    return usable_id(text) if text else None


def string(raw: msgspec.Raw) -> str:
    """A text, or a whole number as its digits; empty for null. Raises MalformedAnswer."""
    text = bytes(raw).strip()
    if text == b"null":
        return ""
    return text.decode() if _WHOLE.fullmatch(text) else decode(raw, str)


def string_or_nothing(raw: msgspec.Raw) -> str:
    """Of a field that may as well be missing."""
    try:
        return string(raw)
    except MalformedAnswer:
        return ""


def flag(raw: msgspec.Raw, absent: bool) -> bool:
    """Raises MalformedAnswer: whether something may be sold is not guessed."""
    text = bytes(raw).strip().lower()
    if text in (b"null", b'""'):
        return absent
    if text not in _FLAGS:
        raise MalformedAnswer("neither yes nor no")
    return _FLAGS[text]


def price(raw: msgspec.Raw) -> Decimal | None:
    """In roubles, rounded half up; None where there is none. Raises MalformedAnswer."""
    text = _number(raw)
    if text is None:
        return None
    roubles = fraction(text, _KOPECK, _MOST_MONEY)
    if roubles is None or roubles < 0:
        raise MalformedAnswer("not a price")
    return roubles


def quantity(raw: msgspec.Raw) -> Decimal | None:
    """None where it is missing or no number; one beyond what a shop can have, such as a barcode, is the most."""
    try:
        text = _number(raw)
        number = None if text is None else Decimal(text)
    except (MalformedAnswer, DecimalException):
        return None
    if number is None:
        return None
    return max(-_MOST_QUANTITY, min(number, _MOST_QUANTITY)).quantize(_GRAM, ROUND_HALF_UP) + 0


def barcodes(raw: msgspec.Raw) -> tuple[str, ...]:
    """Those that can be read."""
    try:
        sent = decode(raw, list[msgspec.Raw])
    except MalformedAnswer:
        sent = [raw]
    return tuple(filter(None, (line(string_or_nothing(one)) for one in sent[:MOST_BARCODES])))


def choices(raw: msgspec.Raw) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Pairs of ids, those that can be read, in the order of their attributes' ids; and whether these are all."""
    if raw == ABSENT:
        return (), True
    try:
        sent = decode(raw, dict[str, msgspec.Raw])
    except MalformedAnswer:
        return (), bytes(raw).strip() == b"[]"
    found = [(line(attribute), line(string_or_nothing(choice))) for attribute, choice in sent.items()]
    is_whole = all(choice or raw == ABSENT for (_, choice), raw in zip(found, sent.values(), strict=True))
    return tuple(sorted(pair for pair in found if all(pair)))[:MOST_CHOICES], is_whole


def shown(raw: msgspec.Raw) -> str:
    """For the owner to read: one line, not too long."""
    text = line(bytes(raw)[: 4 * LONGEST_SHOWN].decode(errors="replace"))
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _number(raw: msgspec.Raw) -> str | None:
    """A JSON number or a text that is plainly one; None for nothing. Raises MalformedAnswer."""
    text = bytes(raw).decode(errors="replace").strip()
    if not text.startswith('"'):
        return None if text == "null" else text
    text = decode(raw, str).strip()
    if not text:
        return None
    if not _PLAIN_NUMBER.fullmatch(text):
        raise MalformedAnswer("not a number")
    return text.replace(",", ".")
