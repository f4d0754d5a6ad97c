"""The state of a connection, as the last check found it."""

from app.clock import utcnow
from app.models import ConnectionState, EvotorConnection, VkConnection
from app.services.runs import schedule


def stored_state(connection: EvotorConnection | VkConnection | None) -> ConnectionState:
    """Where another token was stored during the check, or none is: the answer concerns nobody any more."""
    return ConnectionState(connection.state) if connection is not None else ConnectionState.DISCONNECTED


def record_ok(connection: EvotorConnection | VkConnection) -> ConnectionState:
    """It works. A run that was held for the sake of this connection need not wait any longer."""
    if connection.state != ConnectionState.OK:
        schedule.end_pause(connection.user_id)
    if isinstance(connection, VkConnection):
        connection.way_out = None
    return record_state(connection, ConnectionState.OK, None)


def record_state(
    connection: EvotorConnection | VkConnection, state: ConnectionState, code: str | None
) -> ConnectionState:
    """As of now; returns it."""
    if isinstance(connection, EvotorConnection):
        connection.note(state, code, utcnow())
    else:
        connection.state, connection.error_code, connection.checked_at = state, code, utcnow()
    return state
