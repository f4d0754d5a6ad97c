"""Which changes go together in one call to VK."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from app.domain.planning.changes import Action, Change


def pieces(changes: Iterable[Change], most: int) -> Iterator[tuple[Change, ...]]:
    """In their order: what follows each other into one album, at most so many together; anything else by itself."""
    for album, following in groupby(changes, _shared_album):
        size = 1 if album is None else most
        while piece := tuple(islice(following, size)):
            yield piece


def _shared_album(change: Change) -> str | None:
    return change.album if change.action is Action.ALBUM_PUT else None
