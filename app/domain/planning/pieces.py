"""Which changes go together in one request to VK."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from math import ceil

from app.domain.planning.changes import Action, Change

EDITS = frozenset({Action.HIDE, Action.EDIT, Action.SHOW})
ALONE_OF_KIND = frozenset({Action.ADD, Action.ALBUM_ADD, Action.ALBUM_REMOVE, Action.DELETE})
"""Go with their like alone."""


def pieces(changes: Iterable[Change], most: Callable[[Action], int]) -> Iterator[tuple[Change, ...]]:
    """In their order: what follows each other and is alike, what goes into one album; anything else by itself.

    Nothing is in one piece twice. `most`: how many may go together, asked anew for every piece.
    """
    piece: list[Change] = []
    for change in changes:
        if piece and not (_goes_with(change, piece) and len(piece) < most(change.action)):
            yield tuple(piece)
            piece = []
        piece.append(change)
    if piece:
        yield tuple(piece)


def requests_of(piece: Sequence[Change], pictures_at_once: int) -> float:
    """What it costs at VK, as nearly as a forecast needs: one for the changes, the others for their pictures."""
    pictured = sum(change.photo is not None for change in piece)
    if not pictured:
        return 1.0
    saves = ceil(pictured / pictures_at_once)
    return 1.0 + saves + (1 if len(piece) > 1 else pictured)


def _goes_with(change: Change, piece: list[Change]) -> bool:
    form = _form(change)
    return form is not None and form == _form(piece[0]) and all(_what(change) != _what(other) for other in piece)


def _form(change: Change) -> Hashable:
    """What changes of one request have in common; None where no record of ours tells of the item."""
    if change.key is None and change.action is not Action.ALBUM_ADD:
        return None
    if change.action in ALONE_OF_KIND:
        return change.action
    if change.action in EDITS:
        return EDITS, change.photo is not None
    return (change.action, change.album) if change.action is Action.ALBUM_PUT else None


def _what(change: Change) -> Hashable:
    """What is changed; of a new item what it is found by."""
    if change.key is None:
        return change.album
    return change.key.product_id if change.action is Action.ADD else change.key
