"""Whoever changes one user's catalog, rules or photos takes turns."""

import sqlalchemy as sa

from app.db import db


def lock(user_id: int) -> None:
    """Until the transaction ends: on PostgreSQL by this row, on SQLite by BEGIN IMMEDIATE.

    Rows that only refer to the user may be written meanwhile.
    """
    db.session.execute(turn_of(user_id))


def turn_of(user_id: int) -> sa.Select[int]:
    user = sa.table("users", sa.column("id", sa.Integer))
    return sa.select(user.c.id).where(user.c.id == user_id).with_for_update(key_share=True)
