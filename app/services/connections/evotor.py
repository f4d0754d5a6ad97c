"""Connecting Evotor: the token is checked with a live call before it is stored, and brings the first copy."""

import contextlib

import sqlalchemy as sa

from app.clients.evotor.errors import EvotorError
from app.db import db
from app.domain.catalog.goods import Store
from app.models import CatalogStore, ConnectionState, EventKind, EvotorConnection, User
from app.services.accounts import events
from app.services.catalog import copy, refresh
from app.services.connections.state import record_ok, record_state, stored_state
from app.services.errors import ConnectionRefused, ServiceError
from app.services.owner import switch
from app.services.runs import queue
from app.services.vendors.clients import evotor_client
from app.services.vendors.connection_use import evotor_use, locked, locked_or_new
from app.services.vendors.faults import evotor_code, evotor_state


def connect_evotor(user: User, token: str) -> bool:
    """Store the token and make the first copy of the catalog; True if this is another account than before.

    Raises ConnectionRefused, and then nothing was stored.
    """
    db.session.commit()  # no transaction stays open while Evotor answers
    try:
        with evotor_client(token) as client:
            stores = client.stores()
    except EvotorError as error:
        raise ConnectionRefused(evotor_code(error)) from error
    owner_id = next((store.owner_id for store in stores if store.owner_id), None)
    db.session.expire_all()  # meanwhile another request or a run may have written
    connection = locked_or_new(EvotorConnection, user.id)
    is_other = _is_other_account(connection, owner_id, stores)
    connection.token = token
    connection.evotor_user_id = owner_id or (None if is_other else connection.evotor_user_id)
    record_ok(connection)
    user.evotor = connection
    if is_other:
        copy.drop_catalog(user.id)
        switch.take_confirmation_back(user, "other_evotor")
    events.record(EventKind.EVOTOR_CHANGED if is_other else EventKind.EVOTOR_CONNECTED, user.id)
    db.session.commit()
    # The token is good; what cannot be read is marked on the connection and the stores.
    with contextlib.suppress(ServiceError):
        refresh.refresh(user)
    return is_other


def _is_other_account(connection: EvotorConnection, owner_id: str | None, stores: list[Store]) -> bool:
    if owner_id and connection.evotor_user_id and owner_id != connection.evotor_user_id:
        return True
    ours = CatalogStore.user_id == connection.user_id
    known = set(db.session.scalars(sa.select(CatalogStore.store_id).where(ours)))
    return bool(known and stores) and known.isdisjoint(store.id for store in stores)


def check_evotor(user: User) -> ConnectionState:
    """Ask Evotor whether the stored token still works, and remember the answer."""
    use = evotor_use(user)
    if use is None:
        return ConnectionState.DISCONNECTED
    db.session.commit()
    try:
        with evotor_client(use.token) as client:
            client.stores()
        failure = None
    except EvotorError as error:
        failure = error
    connection = use.current()
    if connection is None:
        return stored_state(locked(EvotorConnection, use.user_id))
    return record_state(connection, evotor_state(failure), evotor_code(failure)) if failure else record_ok(connection)


def disconnect_evotor(user: User) -> bool:
    """Forget the token; the catalog, the rules and what stands in VK stay. False where it was disconnected already."""
    connection = locked(EvotorConnection, user.id)
    if connection is None or connection.token is None:
        return False
    connection.token = None
    record_state(connection, ConnectionState.DISCONNECTED, None)
    queue.drop_queued(user.id)
    events.record(EventKind.EVOTOR_DISCONNECTED, user.id)
    return True
