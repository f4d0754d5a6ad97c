"""Who is meant, for commands: without a row of theirs, and at little cost."""

import sqlalchemy as sa

from app.db import db
from app.models.user import User

LARGEST_ID_LENGTH = 9
_users = User.__table__


def user_id_of(email_or_id: str) -> int | None:
    """By e-mail or by number, as commands name a user; whoever signs in has an address only."""
    wanted = email_or_id.strip()
    if wanted.isascii() and wanted.isdigit():
        return _found(_users.c.id == int(wanted)) if len(wanted) <= LARGEST_ID_LENGTH else None
    # An address that was stored before all had one form, and could not get it, is found as it was written.
    stored = _found(_users.c.email == wanted.lower())
    if stored is not None:
        return stored
    from app.services.accounts.addresses import comparable

    return _found(_users.c.email == comparable(email_or_id))


def _found(condition: sa.ColumnElement[bool]) -> int | None:
    found: int | None = db.session.scalar(sa.select(_users.c.id).where(condition))
    return found
