"""Asking the vendors while a reader waits: in seconds, one turn at a time per user, never in all threads at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clients.budget import Budget
from app.clock import utcnow
from app.db import db
from app.models import User
from app.services.errors import ServiceError
from app.services.vendors import circuits, clients

READER_SECONDS = 20.0
EXPIRES_AFTER = timedelta(seconds=60)
"""Longer than any turn: what is older was left by a process that died."""
MOST_AT_ONCE = 8
"""In one process: all other threads stay free for pages that ask nobody."""

_seats = threading.BoundedSemaphore(MOST_AT_ONCE)


class TurnTaken(ServiceError):
    code = "already_asking"


class AllSeatsTaken(ServiceError):
    code = "many_are_asking"


@contextmanager
def turn(user_id: int) -> Iterator[None]:
    """Vendors asked inside answer within READER_SECONDS all together, or count as silent.

    Commits. Raises TurnTaken while another turn of this user lasts, in whatever process, and AllSeatsTaken.
    """
    with seat():
        until = _claim(user_id)
        with clients.listening() as lines:
            try:
                yield
            finally:
                _release(user_id, until)
                circuits.note_answers(lines)


@contextmanager
def seat() -> Iterator[None]:
    """The same for somebody who is no user any more: no other request of theirs can ask. Raises AllSeatsTaken."""
    if not _seats.acquire(blocking=False):
        raise AllSeatsTaken
    try:
        with clients.within(Budget(READER_SECONDS)):
            yield
    finally:
        _seats.release()


def _claim(user_id: int) -> datetime:
    now = utcnow()
    until = now + EXPIRES_AFTER
    # A moment far ahead of any turn was set by a clock that went wrong; one just behind ours may have come first.
    is_free = User.asking_until.is_(None) | ~User.asking_until.between(now, until + EXPIRES_AFTER)
    claimed = db.session.execute(
        sa.update(User)
        .where(User.id == user_id, is_free)
        .values(asking_until=until)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if getattr(claimed, "rowcount", 0) != 1:
        raise TurnTaken
    return until


def _release(user_id: int, until: datetime) -> None:
    """Only the own turn: one that came late may find its place taken over."""
    db.session.rollback()
    db.session.execute(
        sa.update(User)
        .where(User.id == user_id, User.asking_until == until)
        .values(asking_until=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
