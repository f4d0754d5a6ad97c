"""An owner says in Evotor's cabinet, by address and password, which account here is theirs."""

from sqlalchemy.exc import IntegrityError

from app.db import db
from app.models import ConnectionState, EventKind, EvotorConnection
from app.services.accounts import events, users
from app.services.connections.evotor_webhooks import deliveries
from app.services.connections.evotor_webhooks.user_tokens import hash_of, user_token
from app.services.errors import ServiceError
from app.services.vendors.connection_use import locked_or_new

SOURCE = "evotor "
"""All owners come from Evotor's few servers: as one source they would lock one another out. Whoever guesses there has
signed in to Evotor, so it is their number that is slowed, as an address is elsewhere, and for one account all numbers
together; the account's own count is that of every sign-in."""


class AlreadyLinked(ServiceError):
    """The account to another user of Evotor's, or that one to another account."""

    code = "evotor_already_linked"


def link(evotor_user_id: str, email: str, password: str) -> str:
    """The user's token. Commits; doing it again changes nothing.

    Raises BadCredentials, TooManyAttempts and AlreadyLinked.
    """
    user = users.known_by_password(email, password, source_of(evotor_user_id), crowd=SOURCE.strip())
    user_id, token = user.id, user_token(user.id, evotor_user_id)
    connection = locked_or_new(EvotorConnection, user_id)
    if connection.linked_id not in (None, evotor_user_id):
        db.session.rollback()
        raise AlreadyLinked
    is_new = connection.linked_id is None
    if connection.token is None and is_new:
        connection.state = ConnectionState.DISCONNECTED
    connection.linked_id, connection.user_token_hash = evotor_user_id, hash_of(token)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise AlreadyLinked from None
    if is_new:
        events.record(EventKind.EVOTOR_CONNECTED, user_id, way=events.CABINET)
    db.session.commit()
    deliveries.hand_over_kept(evotor_user_id)
    return token


def source_of(evotor_user_id: str) -> str:
    return f"{SOURCE}{evotor_user_id}"
