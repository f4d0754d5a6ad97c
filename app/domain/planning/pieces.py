"""Which changes go together in one request to VK."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from app.domain.planning.changes import Action, Change

EDITS = frozenset({Action.HIDE, Action.EDIT, Action.SHOW})


def pieces(changes: Iterable[Change], most: Callable[[Action], int]) -> Iterator[tuple[Change, ...]]:
    """In their order: edits or deletions that follow each other, what goes into one album; anything else by itself.

    No item is in one piece twice. `most`: how many may go together, asked anew for every piece.
    """
    piece: list[Change] = []
    for change in changes:
        if piece and not (_goes_with(change, piece) and len(piece) < most(change.action)):
            yield tuple(piece)
            piece = []
        piece.append(change)
    if piece:
        yield tuple(piece)


def _goes_with(change: Change, piece: list[Change]) -> bool:
    form = _form(change)
    return form is not None and form == _form(piece[0]) and all(change.key != other.key for other in piece)


def _form(change: Change) -> Hashable:
    """What changes of one request have in common; None where a picture goes first, or no record tells of the item."""
    if change.photo is not None or change.key is None:
        return None
    if change.action is Action.ALBUM_PUT:
        return change.action, change.album
    if change.action in EDITS:
        return EDITS
    return change.action if change.action is Action.DELETE else None
