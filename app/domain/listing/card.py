"""The generated picture of an item without a photo, known by what it is drawn from."""

from app.domain.digest import digest_of

CARD_VERSION = "1"
"""Another value makes every generated card new: raise it when the drawing changes."""


def card_digest(name: str) -> str:
    return digest_of("card", CARD_VERSION, name)
