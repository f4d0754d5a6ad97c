"""Reading what the vendors answer: JSON and texts that a database will take."""

import codecs
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


class ForeignCharset(MalformedAnswer):
    """Text in an encoding that is neither declared nor UTF-8."""


_MARKS = ((codecs.BOM_UTF8, ""), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w-]{1,20})""", re.IGNORECASE | re.ASCII)
_READ_CHARSETS = frozenset({"cp1251", "koi8-r", "cp866", "iso8859-5", "utf-16", "utf-16-le", "utf-16-be"})
"""Python knows others, some of them slow or no encodings of text."""


def as_utf8(body: bytes, content_type: str = "") -> bytes:
    """The text by its byte order mark, else by the charset that its media type names; UTF-8 and unnamed stay as it is.

    Raises ForeignCharset for an unknown charset, and where the text is not in it.
    """
    for mark, charset in _MARKS:
        if body.startswith(mark):
            body = body[len(mark) :]
            return _decoded(body, charset) if charset else body
    named = _CHARSET.search(content_type)
    if named is None or is_utf8(body):
        return body
    try:
        charset = codecs.lookup(named[1]).name
    except LookupError:
        raise ForeignCharset("unknown charset") from None
    return body if charset == "utf-8" else _decoded(body, charset)


def is_utf8(body: bytes | msgspec.Raw) -> bool:
    try:
        bytes(body).decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, charset: str) -> bytes:
    if charset not in _READ_CHARSETS:
        raise ForeignCharset("unknown charset")
    try:
        return body.decode(charset).encode()
    except UnicodeError:
        raise ForeignCharset("not in the charset that it names") from None


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
