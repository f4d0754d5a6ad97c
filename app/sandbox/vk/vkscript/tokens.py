"""A script cut into its words. What VKScript is not known to read is refused."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<text>"(?:[^"\\\x00-\x1f\u2028\u2029]|\\[^u\x00-\x1f])*"|'(?:[^'\\\x00-\x1f\u2028\u2029]|\\[^u\x00-\x1f])*')
  | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*<>=!.,:;(){}\[\]])
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class CompileError(Exception):
    """VK says 12."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """number, name, text, sign, end"""
    value: Any


def tokens(code: str) -> Iterator[Token]:
    """The last one is the end. Raises CompileError."""
    at = 0
    while at < len(code):
        match = _TOKEN.match(code, at)
        if match is None:
            raise CompileError(f"unexpected {json.dumps(code[at : at + 10])}")
        at = match.end()
        kind = str(match.lastgroup)
        if kind != "space":
            yield Token(kind, _value(kind, match[0]))
    yield Token("end", "")


def _value(kind: str, text: str) -> Any:
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "text":
        return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])
    return text
