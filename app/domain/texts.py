"""What any text that goes to VK must be: contracts/vk.md 6.6."""

import html
import re
import unicodedata
from functools import cache, lru_cache


@lru_cache(maxsize=1024)  # one product asks for its name and its unit several times
def clean_line(text: str) -> str:
    return " ".join(clean_text(text).split())


def clean_text(text: str) -> str:
    """Only what cp1251 holds: VK counts anything else as a long HTML entity. Line breaks stay."""
    text = unicodedata.normalize("NFC", html.unescape(text)).translate(_SPELLED)
    if not (text.isprintable() and _is_cp1251(text)):
        text = "".join(map(_to_cp1251, text))
    if '"' in text:
        text = re.sub(r'"([^"\n]*)"', r"«\1»", text).replace('"', "''")
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


_SPELLED = str.maketrans(
    dict(zip("×−‐‑‒―⁄′″", "x-----/'\"", strict=True))
    | {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "₽": "руб."}
)
"""Signs that cp1251 lacks and that a text cannot lose: 10×15 is not 1015."""


def _is_cp1251(text: str) -> bool:
    try:
        text.encode("cp1251")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _to_cp1251(char: str) -> str:
    if char.isspace():
        return "\n" if char == "\n" else " "
    for candidate in (char, unicodedata.normalize("NFKD", char)):
        known = candidate.encode("cp1251", "ignore").decode("cp1251")
        if known and known.isprintable():
            return known
    return ""


_LINK = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)


def without_links(text: str) -> str:
    """And without what is left round them: two spaces, spaces at the ends of lines."""
    while _LINK.search(text):
        text = _LINK.sub("", text)
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
