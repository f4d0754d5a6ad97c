"""Items whose products our copy of the catalog lacks."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db
from app.domain.planning.changes import LinkState
from app.models import CatalogProduct, Listing, User
from app.services.market.records import to_link
from app.services.owner.settings import owner_settings


def stores_with_removals(user: User, group_id: int, now: datetime) -> frozenset[str]:
    """With an item that is to be hidden or deleted by now, if a whole list proves that its product is missing."""
    is_known = sa.exists().where(
        CatalogProduct.user_id == Listing.user_id,
        CatalogProduct.store_id == Listing.store_id,
        CatalogProduct.product_id == Listing.product_id,
    )
    query = sa.select(Listing).where(
        Listing.in_market(user.id, group_id),
        Listing.vk_item_id.is_not(None),
        Listing.state != LinkState.GONE,
        ~is_known,
    )
    grace = timedelta(days=owner_settings(user).remove_after_days)
    return frozenset(row.store_id for row in db.session.scalars(query) if _is_due(row, now - grace))


def _is_due(row: Listing, deleted_if_out_since: datetime) -> bool:
    """A row that no run has seen out of sight yet waits for one that notes it."""
    return not to_link(row).is_hidden or (row.out_since is not None and row.out_since <= deleted_if_out_since)
