"""Reading what the vendors answer: JSON and texts that a database will take."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import TypeVar

import msgspec

T = TypeVar("T")

LARGEST_NUMBER = 2**63 - 1
"""Of the whole numbers: what BigInteger holds."""

FEW_SEPARATORS, BYTES_A_SEPARATOR = 1000, 8
"""A vendor's answer has one in twenty bytes; one in two would take thirty times its bytes in memory."""

_ESCAPES = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_KEPT_CONTROLS = "\n\t"
_ONE_LINE = str.maketrans("\n\t\r", "   ")


class MalformedAnswer(Exception):
    """Not JSON, cut JSON, or JSON of another shape. Never quotes the answer."""


def decode(body: bytes, shape: type[T]) -> T:
    """Raises MalformedAnswer. A lone surrogate reads as NUL, so it leaves texts and spoils ids."""
    # Parts of an answer (msgspec.Raw) have been looked at with the whole.
    if isinstance(body, bytes) and body.count(b",") > FEW_SEPARATORS + len(body) // BYTES_A_SEPARATOR:
        raise MalformedAnswer("more values than any of use")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.json.decode(_ESCAPES.sub(_lone_to_nul, body), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    raise MalformedAnswer("not the JSON that was expected")


def whole_number(value: object, least: int = -LARGEST_NUMBER, most: int = LARGEST_NUMBER) -> int | None:
    """A whole number within its bounds, also as numeric text; None for anything else, `true` among it."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        value = int(value) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if least <= value <= most else None


def fraction(value: object, step: Decimal, most: Decimal) -> Decimal | None:
    """A number or numeric text, rounded half up to `step`; None for anything else, or beyond `most` either way."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value) if isinstance(value, float) else value).quantize(step, ROUND_HALF_UP) + 0
        return number if -most <= number <= most else None
    except DecimalException:
        return None


def is_json(body: bytes) -> bool:
    try:
        decode(body, msgspec.Raw)
    except MalformedAnswer:
        return False
    return True


def clean_text(text: str) -> str:
    """Without control characters and lone surrogates, which PostgreSQL refuses, and trimmed."""
    if text.isprintable():
        return text.strip()
    return "".join(char for char in text if char in _KEPT_CONTROLS or not _is_control(char)).strip()


def clean_line(text: str) -> str:
    """As clean_text, on one line: for names and codes."""
    return clean_text(text.translate(_ONE_LINE))


def has_controls(text: str) -> bool:
    return not text.isprintable() and any(_is_control(char) for char in text)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"}


def _lone_to_nul(match: re.Match[bytes]) -> bytes:
    return b"\\u0000" if match["lone"] else match[0]
