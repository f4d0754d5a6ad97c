"""The owner's stores as the copy of the catalog has them, asked once for all that a page says of them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from app.db import db, once_while_reading
from app.models import CatalogStore, StoreState


class KnownStore(NamedTuple):
    id: str
    name: str
    state: str
    error_code: str | None
    fetched_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Not closed for good."""
        return self.state != StoreState.CLOSED

    @property
    def is_stale(self) -> bool:
        """It could not be read last time: an older copy serves."""
        return self.is_open and self.state != StoreState.OK


@once_while_reading
def known_stores(user_id: int) -> Sequence[KnownStore]:
    """By name, also those that are closed for good."""
    return [KnownStore(*row) for row in db.session.execute(_of_user(), {"user_id": user_id})]


def only_store(user_id: int) -> str | None:
    """Its id, where just one is open."""
    ids = [store.id for store in known_stores(user_id) if store.is_open]
    return ids[0] if len(ids) == 1 else None


@cache
def _of_user() -> sa.Select[str, str, str, str | None, datetime | None]:
    row, user_id = CatalogStore, sa.bindparam("user_id", type_=sa.Integer)
    columns = sa.select(row.store_id, row.name, row.state, row.error_code, row.fetched_at)
    return columns.where(row.user_id == user_id).order_by(row.name)
