"""Stored secrets under a new key."""

from typing import Any

import sqlalchemy as sa
from flask import current_app

import app.models.all  # noqa: F401  # makes every table known
from app.db import Base, EncryptedText, db


def reencrypt() -> tuple[int, int]:
    """Re-encrypt every stored secret under the newest key: (rotated, unreadable). Flushes."""
    rotated = unreadable = 0
    for table, column in _secret_columns():
        raw = sa.type_coerce(column, sa.Text)
        for row_id, secret in db.session.execute(sa.select(table.c.id, raw).where(raw.is_not(None))).all():
            plain = current_app.extensions["key_ring"].decrypt(secret)
            if plain is None:
                unreadable += 1
                continue
            # Only if nobody stored a newer token meanwhile.
            db.session.execute(sa.update(table).where(table.c.id == row_id, raw == secret).values({column.name: plain}))
            rotated += 1
    return rotated, unreadable


def _secret_columns() -> list[tuple[sa.Table, sa.Column[Any]]]:
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, EncryptedText)
    ]
