"""What any text that goes to VK must be: docs/contracts/vk.md §5."""

import re
from functools import lru_cache

from app.domain.texts.markup import without_markup
from app.domain.texts.quotes import with_russian_quotes
from app.domain.texts.spelling import spelled

_MOST_PASSES = 4

_USUAL = re.compile("(?! )[ !#-%'-;=-~А-яЁё«»„“–—…№°]*(?<! )")
"""Neither mark-up, straight quotes, line breaks nor anything else that is spelled in another way."""


def is_clean(text: str) -> bool:
    """One line that surely stays as it is, which is what registers send most; False says nothing."""
    return "  " not in text and _USUAL.fullmatch(text) is not None


def clean_line(text: str) -> str:
    return text if is_clean(text) else _clean_line(text)


@lru_cache(maxsize=1024)  # one product asks for its name and its unit several times
def _clean_line(text: str) -> str:
    return " ".join(clean_text(text).split())


def clean_text(text: str) -> str:
    """Only what cp1251 holds: VK counts anything else as a long HTML entity. Line breaks stay.

    Cleaning it twice changes nothing: where one cleaning makes new mark-up («＜b＞»), it is done again.
    """
    if is_clean(text):
        return text
    for _ in range(_MOST_PASSES):
        before, text = text, _cleaned(text)
        if text == before or ("<" not in text and "&" not in text):
            break
    return text


def _cleaned(text: str) -> str:
    text = with_russian_quotes(spelled(without_markup(text)))
    if "  " not in text and "\n" not in text:
        return text.strip()
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


_LINK = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)


def without_links(text: str) -> str:
    """Of a clean text, and without what is left round them: two spaces, spaces at the ends of lines."""
    if "://" not in text and "www." not in text.lower():
        return text
    while _LINK.search(text):
        text = _LINK.sub("", text)
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
