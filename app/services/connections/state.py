"""What a check says of a connection."""

from datetime import datetime

from app.clock import utcnow
from app.models import ConnectionState, EvotorConnection, VkConnection
from app.services.runs import schedule


def stored_state(connection: EvotorConnection | VkConnection | None) -> ConnectionState:
    """Another token was stored during the check, or none is: the answer concerns nobody any more."""
    return ConnectionState(connection.state) if connection is not None else ConnectionState.DISCONNECTED


def record_ok(connection: EvotorConnection | VkConnection) -> ConnectionState:
    """A run that was held for the sake of this connection need not wait any longer."""
    if connection.state != ConnectionState.OK:
        schedule.end_pause(connection.user_id)
    if isinstance(connection, VkConnection):
        connection.way_out = None
    return record_state(connection, ConnectionState.OK, None)


def record_state(
    connection: EvotorConnection | VkConnection, state: ConnectionState, code: str | None, now: datetime | None = None
) -> ConnectionState:
    connection.state, connection.error_code, connection.checked_at = state, code, now or utcnow()
    return state
