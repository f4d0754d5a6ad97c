"""What the address asks for: which page, which words, which choice. Whatever a visitor may type is answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, quote_plus

from flask import Flask, g, request, url_for
from werkzeug import routing
from werkzeug.datastructures import MultiDict

E = TypeVar("E", bound=StrEnum)

LARGEST = 1_000_000
LONGEST_QUESTION = 100


def init_app(app: Flask) -> None:
    app.jinja_env.globals["addresses"] = addresses
    app.url_map.converters["string"] = StringConverter


class StringConverter(routing.UnicodeConverter):
    """Also for what holds a slash, as ids of Evotor's may: servers unquote a path, so that one is quoted twice."""

    def to_python(self, value: str) -> str:
        return value.replace("%2F", "/").replace("%25", "%")

    def to_url(self, value: str) -> str:
        return _in_path(value)


def _in_path(value: str) -> str:
    return quote(value.replace("%", "%25").replace("/", "%2F"), _SAFE_IN_PATH)


def addresses(endpoint: str, name: str, **others: Any) -> Callable[[str], str]:
    """As `url_for` makes them, for many values of one part."""
    start, _, end = url_for(endpoint, **{**others, name: _PLACE}).partition(_PLACE)
    if "?" in start:
        return lambda value: f"{start}{quote_plus(value, _SAFE_IN_QUERY)}{end}"
    return lambda value: f"{start}{_in_path(value)}{end}"


_PLACE = "0-place-0"
_SAFE_IN_PATH, _SAFE_IN_QUERY = "!$&'()*+,/:;=@", "!$'()*,/:;?@"
"""As Werkzeug has it."""


def path_of_page() -> str:
    """As an address holds it; that of the request is unquoted."""
    return quote(request.path, _SAFE_IN_PATH)


def question_of_page() -> str:
    """With its mark, as an address holds it; empty where nothing is asked."""
    question = request.query_string.decode("ascii", "ignore")
    return f"?{question}" if question else ""


def asked() -> MultiDict[str, str]:
    """What stands behind the question mark."""
    instead: MultiDict[str, str] | None = g.get("asked_instead")
    return request.args if instead is None else instead


@contextmanager
def asked_for(query: str) -> Iterator[None]:
    """As if the visitor had come to a page with that behind the question mark."""
    g.asked_instead = MultiDict(parse_qsl(query, keep_blank_values=True))
    try:
        yield
    finally:
        g.asked_instead = None


def requested_page() -> int:
    """The `page` of the address, at least 1; anything that is no number counts as 1."""
    text = asked().get("page", "1").strip()
    negative = text.startswith("-")
    digits = text.removeprefix("-")
    if negative or not (digits.isascii() and digits.isdigit()):
        return 1
    return max(1, int(digits)) if len(digits) < 7 else LARGEST


def requested_text(name: str) -> str:
    """A part of the address without what cannot be read."""
    return "".join(filter(str.isprintable, asked().get(name, ""))).strip()


def requested_words() -> str:
    """What somebody looks for."""
    return requested_text("q")[:LONGEST_QUESTION]


def requested_choice(kind: type[E], name: str) -> E | None:
    """None where the address names none, or one that does not exist."""
    value = asked().get(name, "")
    return kind(value) if value in set(kind) else None
