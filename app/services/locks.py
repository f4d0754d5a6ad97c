"""Whoever changes one user's catalog, rules or photos takes turns."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.db import db, is_reading, snapshot


def lock(user_id: int) -> None:
    """Until the transaction ends: on PostgreSQL by this row, on SQLite by BEGIN IMMEDIATE.

    Rows that only refer to the user may be written meanwhile.
    """
    db.session.execute(turn_of(user_id))


@contextmanager
def held_still(user_id: int) -> Iterator[None]:
    """What is read inside belongs together.

    Whoever only looks gets a snapshot. A transaction that may have written has to see its own changes and cannot begin
    anew, so it takes its turn: until it ends, nobody else changes catalog, rules or photos.
    """
    if is_reading():
        with snapshot():
            yield
    else:
        lock(user_id)
        yield


def turn_of(user_id: int) -> sa.Select[int]:
    user = sa.table("users", sa.column("id", sa.Integer))
    return sa.select(user.c.id).where(user.c.id == user_id).with_for_update(key_share=True)
