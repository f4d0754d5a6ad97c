"""Another account of Evotor's than before: the copy of the earlier one is of no use, and nothing goes on unasked."""

from collections.abc import Sequence

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import Store
from app.models import CatalogStore, EventKind, EvotorConnection, User
from app.services.accounts import events
from app.services.catalog import copy
from app.services.owner import switch


def owner_of(stores: Sequence[Store]) -> str | None:
    """The Evotor user whose stores these are, where Evotor says so."""
    return next((store.owner_id for store in stores if store.owner_id), None)


def is_other_account(connection: EvotorConnection, stores: Sequence[Store]) -> bool:
    owner_id = owner_of(stores)
    if owner_id and connection.evotor_user_id and owner_id != connection.evotor_user_id:
        return True
    ours = CatalogStore.user_id == connection.user_id
    known = set(db.session.scalars(sa.select(CatalogStore.store_id).where(ours)))
    return bool(known and stores) and known.isdisjoint(store.id for store in stores)


def begin_anew(user: User, **ids: object) -> None:
    """`ids` go into the record. Flushes."""
    copy.drop_catalog(user.id)
    switch.take_confirmation_back(user, "other_evotor")
    events.record(EventKind.EVOTOR_CHANGED, user.id, **ids)
