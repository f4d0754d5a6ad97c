"""How old the copy of the catalog is that plans are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.db import db, once_while_reading
from app.models import CatalogStore, StoreState


@dataclass(frozen=True, slots=True)
class CatalogAge:
    """Of the copy that plans are made from."""

    read_at: datetime | None
    """When the oldest store in it was read whole."""
    stale: Sequence[str]
    """Names of the stores whose last read failed."""
    stores: int


@once_while_reading
def catalog_age(user_id: int) -> CatalogAge:
    query = sa.select(CatalogStore.name, CatalogStore.state, CatalogStore.fetched_at)
    ours = (CatalogStore.user_id == user_id, CatalogStore.is_open)
    rows = db.session.execute(query.where(*ours).order_by(CatalogStore.name)).all()
    read = [row.fetched_at for row in rows if row.fetched_at is not None]
    stale = [row.name for row in rows if row.state != StoreState.OK]
    return CatalogAge(read_at=min(read, default=None), stale=stale, stores=len(rows))
