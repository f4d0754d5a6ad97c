"""What is committed."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.db import db


@contextmanager
def counted_commits() -> Iterator[list[None]]:
    """One for each so far, of every connection."""
    seen: list[None] = []

    def note(_connection: object) -> None:
        seen.append(None)

    sa.event.listen(db.engine, "commit", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "commit", note)
