"""The rows of a user's stores, and the owner's word that one is closed for good."""

import sqlalchemy as sa

from app.db import db
from app.models import CatalogStore, StoreState, User
from app.services import locks
from app.services.catalog import copy
from app.services.errors import ServiceError, UnknownEntity


class StoreStillListed(ServiceError):
    """Evotor still shows the store: a copy dropped now would be back with the next refresh."""

    code = "store_still_listed"


def stores_of(user_id: int) -> sa.Select[CatalogStore]:
    return sa.select(CatalogStore).where(CatalogStore.user_id == user_id)


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
