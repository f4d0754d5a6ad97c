"""From when on Evotor may be asked what changed after a read: docs/contracts/evotor.md §3.1."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from app import clock
from app.clients.answers import MalformedAnswer, decode

OVERLAP = 3600.0
"""Seconds that are asked for once more: clocks of one vendor differ a little, and changes appear a little late."""
MOST_CHANGES = 1000
"""One page. Where so many products changed since the last whole list, the whole list is the shorter way."""


class _Stamped(msgspec.Struct):
    updated_at: str


def since_after(items: Sequence[msgspec.Raw], answered_at: float | None) -> int | None:
    """The parameter, in milliseconds; None where no answer to it could be relied on.

    `answered_at`: by Evotor's clock, when its first page came. Of Evotor's two clocks the one that is behind counts:
    asking for too much does no harm.
    """
    try:
        changes = [_moment(decode(item, _Stamped).updated_at) for item in items]
    except (MalformedAnswer, ValueError):
        return None
    if not changes:
        return None
    newest = max(changes)
    sure = (min(newest, clock.epoch()) if answered_at is None else answered_at) - OVERLAP
    since = max(0.0, min(newest, sure))
    told_again = sum(change >= since for change in changes)
    return int(since * 1000) if told_again <= MOST_CHANGES else None


def answered_at(date: str) -> float | None:
    """Of the header of that name, in epoch seconds."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> float:
    """Epoch seconds. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
