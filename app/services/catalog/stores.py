"""The rows of a user's stores: as Evotor lists them, and as the owner says that one is closed for good."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.catalog.goods import Store
from app.models import CatalogStore, EvotorConnection, StoreState, User
from app.services import locks
from app.services.catalog import copy, other_account
from app.services.errors import ServiceError, UnknownEntity
from app.services.owner import rule_entities


class StoreStillListed(ServiceError):
    """Evotor still shows the store: a copy dropped now would be back with the next refresh."""

    code = "store_still_listed"


def stores_of(user_id: int) -> sa.Select[CatalogStore]:
    return sa.select(CatalogStore).where(CatalogStore.user_id == user_id)


def known_rows(user_id: int) -> dict[str, CatalogStore]:
    """The stores that we have, as they stand now."""
    rows = db.session.scalars(stores_of(user_id).execution_options(populate_existing=True))
    return {row.store_id: row for row in rows}


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


def stand_as_listed(user: User, known: Mapping[str, CatalogStore], stores: Sequence[Store]) -> bool:
    """Nothing that `store_stores` would write."""
    connection, owner = user.evotor, other_account.owner_of(stores)
    if connection is None or connection.is_unchecked or owner not in (None, connection.evotor_user_id):
        return False
    listed = {store.id for store in stores}
    gone = (row for row in known.values() if row.store_id not in listed)
    return all(row.state in (StoreState.MISSING, StoreState.CLOSED) for row in gone) and all(
        (row := known.get(store.id)) is not None
        and row.state != StoreState.CLOSED
        and (row.name, row.address) == (store.name or row.name, store.address)
        for store in stores
    )


def store_stores(user: User, connection: EvotorConnection, stores: Sequence[Store]) -> dict[str, CatalogStore]:
    """New stores are added, known ones renamed; one that Evotor no longer lists is kept and marked. Returns them all.

    `connection`: held, as it has to be for this. Flushes.
    """
    if connection.is_unchecked:
        if other_account.is_other_account(connection, stores):
            other_account.begin_anew(user)
        connection.evotor_user_id = other_account.owner_of(stores) or connection.evotor_user_id
    rows = known_rows(user.id)
    gone = rows.keys() - {store.id for store in stores}
    for store in stores:
        row = rows.get(store.id)
        if row is None:
            row = CatalogStore(user_id=user.id, store_id=store.id, state=StoreState.UNAVAILABLE)
            db.session.add(row)
            rows[store.id] = row
        elif row.state == StoreState.CLOSED:  # not for good, after all
            row.state, row.error_code = StoreState.UNAVAILABLE, None
        row.name, row.address = store.name or row.name or store.id, store.address
    for row in (rows[store_id] for store_id in gone):
        if row.state != StoreState.CLOSED:
            row.state, row.error_code = StoreState.MISSING, "evotor_not_found"
    db.session.flush()
    rule_entities.refresh_names(user)
    return rows
