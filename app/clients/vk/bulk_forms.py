"""Requests that do much at once, and without which single calls do the same."""

from enum import StrEnum


class BulkForm(StrEnum):
    """Rests like a method for a day where VK refuses it. Nothing waits for it, so nobody needs to hear of that."""

    EXECUTE = "execute"
    SAVE_PHOTOS = "market.saveProductPhotoBulk"
    ADD_ALBUMS = "market.addAlbum, several"
    PUT_IN_ALBUM = "market.addToAlbum, several"
