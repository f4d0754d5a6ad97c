"""How old the copy of the catalog is that plans are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.models import StoreState
from app.services.owner.known_stores import known_stores


@dataclass(frozen=True, slots=True)
class CatalogAge:
    """Of the copy that plans are made from."""

    read_at: datetime | None
    """When the oldest store in it was read."""
    stale: Sequence[str]
    """Names of the stores whose last read failed."""
    stores: int


def catalog_age(user_id: int) -> CatalogAge:
    rows = [store for store in known_stores(user_id) if store.is_open]
    read = [row.fetched_at for row in rows if row.fetched_at is not None]
    stale = [row.name for row in rows if row.state != StoreState.OK]
    return CatalogAge(read_at=min(read, default=None), stale=stale, stores=len(rows))
