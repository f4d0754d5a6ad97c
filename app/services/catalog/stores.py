"""The rows of a user's stores, and the owner's word that one is closed for good."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from app.db import db, in_chunks
from app.models import CatalogStore, StoreState, User
from app.services import locks
from app.services.catalog import copy
from app.services.errors import ServiceError, UnknownEntity


class StoreStillListed(ServiceError):
    """Evotor still shows the store: a copy dropped now would be back with the next refresh."""

    code = "store_still_listed"


def stores_of(user_id: int) -> sa.Select[CatalogStore]:
    return sa.select(CatalogStore).where(CatalogStore.user_id == user_id)


def forget_hints(user_id: int, store_ids: Collection[str], until: datetime) -> None:
    """These were read whole from then on, and hold what Evotor told of before."""
    for some in in_chunks(store_ids):
        told = sa.update(CatalogStore).where(CatalogStore.user_id == user_id, CatalogStore.store_id.in_(some))
        told = told.where(CatalogStore.hinted_at <= until).values(hinted_at=None)
        db.session.execute(told.execution_options(synchronize_session=False))


def close_store(user: User, store_id: str) -> str:
    """The owner says that a store which Evotor no longer lists is closed for good: its products leave the selection.

    Of its copy only the row is left; rules that name it stay. Should Evotor list it again, it opens again. Returns its
    name.

    Raises UnknownEntity and StoreStillListed.
    """
    locks.lock(user.id)
    store = db.session.scalar(stores_of(user.id).where(CatalogStore.store_id == store_id))
    if store is None:
        raise UnknownEntity
    if store.state not in (StoreState.MISSING, StoreState.CLOSED):
        raise StoreStillListed
    copy.drop_goods(user.id, store_id)
    store.state, store.error_code = StoreState.CLOSED, None
    db.session.flush()
    return store.name
