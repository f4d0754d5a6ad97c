"""Connecting Evotor: the token is checked with a live call before it is stored, and brings the first copy."""

import contextlib

from app.clients.evotor.errors import EvotorError
from app.clock import utcnow
from app.db import db
from app.models import ConnectionState, EventKind, EvotorConnection, User
from app.services.accounts import events, sessions
from app.services.catalog import other_account, refresh
from app.services.catalog.age import catalog_age
from app.services.connections.state import record_ok, record_state, stored_state
from app.services.errors import ConnectionRefused, ServiceError
from app.services.runs import queue
from app.services.vendors.clients import evotor_client
from app.services.vendors.connection_use import evotor_use, locked, locked_or_new
from app.services.vendors.faults import evotor_code, evotor_state


def connect_evotor(user: User, token: str) -> bool:
    """Store the token and make the first copy of the catalog; True if this is another account than before.

    Raises ConnectionRefused and SessionEnded, and then nothing was stored.
    """
    db.session.commit()  # no transaction stays open while Evotor answers
    try:
        with evotor_client(token) as client:
            stores = client.stores()
    except EvotorError as error:
        raise ConnectionRefused(evotor_code(error)) from error
    db.session.expire_all()  # meanwhile another request or a run may have written
    sessions.still(user)
    connection = locked_or_new(EvotorConnection, user.id)
    is_other, owner_id = other_account.is_other_account(connection, stores), other_account.owner_of(stores)
    connection.token = token
    connection.evotor_user_id = owner_id or (None if is_other else connection.evotor_user_id)
    if owner_id and connection.linked_id not in (None, owner_id):
        _unlink(connection)
    user.evotor = connection
    if is_other:
        other_account.begin_anew(user)
    else:
        events.record(EventKind.EVOTOR_CONNECTED, user.id)
    record_ok(connection)
    connection.forget_withdrawal()
    db.session.commit()
    # The token is good; what cannot be read is marked on the connection and the stores.
    with contextlib.suppress(ServiceError):
        refresh.refresh(user)
    return is_other


def _unlink(connection: EvotorConnection) -> None:
    """Evotor's deliveries for the user linked so far are not this account's any more."""
    connection.linked_id = connection.user_token_hash = None
    connection.forget_events()


def check_evotor(user: User) -> ConnectionState:
    """Ask Evotor whether the stored token still works, and remember the answer.

    Where the catalog is due, or was never read, it is read as well.
    """
    use = evotor_use(user)
    if use is None:
        return ConnectionState.DISCONNECTED
    if user.evotor is not None and _wants_catalog(user.evotor):
        with contextlib.suppress(ServiceError):
            refresh.refresh(user)
        return stored_state(locked(EvotorConnection, use.user_id))
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


def _wants_catalog(connection: EvotorConnection) -> bool:
    due_at = connection.refresh_due_at
    return (due_at is not None and due_at <= utcnow()) or catalog_age(connection.user_id).read_at is None


def disconnect_evotor(user: User) -> bool:
    """Forget the token, and who is linked; the catalog, the rules and what stands in VK stay.

    False where it was disconnected already, and nobody linked.
    """
    connection = locked(EvotorConnection, user.id)
    if connection is None:
        return False
    was_connected = connection.token is not None or connection.linked_id is not None
    connection.token = connection.refresh_due_at = None
    _unlink(connection)
    if not was_connected:
        return False
    record_state(connection, ConnectionState.DISCONNECTED, None)
    queue.drop_queued(user.id)
    events.record(EventKind.EVOTOR_DISCONNECTED, user.id)
    return True
