"""Whom Evotor means by the number of one of its users, or by a store."""

import sqlalchemy as sa

from app.db import db, reading
from app.models import CatalogStore, EvotorConnection


def linked_user(evotor_user_id: str) -> int | None:
    query = sa.select(EvotorConnection.user_id).where(EvotorConnection.linked_id == evotor_user_id)
    found: int | None = db.session.scalar(query)
    return found


def users_of(evotor_user_id: str) -> list[int]:
    """Whoever is linked to that user of Evotor's, or pasted a key of theirs. Ends the transaction."""
    row = EvotorConnection
    pasted = sa.and_(row.evotor_user_id == evotor_user_id, row.token.is_not(None))
    return _looked_up(sa.select(row.user_id).where(sa.or_(row.linked_id == evotor_user_id, pasted)))


def users_with(store_id: str) -> list[int]:
    """Whoever has such a store in the catalog: with one account of Evotor's several may. Ends the transaction."""
    return _looked_up(sa.select(CatalogStore.user_id).where(CatalogStore.store_id == store_id))


def _looked_up(query: sa.Select[int]) -> list[int]:
    with reading():
        found = sorted(db.session.scalars(query))
        db.session.commit()
    return found
