"""The application was installed, removed, paid for or not: told by events, which may come twice and out of order."""

from dataclasses import dataclass
from datetime import UTC, datetime

from app.clock import utcnow
from app.db import db
from app.models import ConnectionState, EventKind, EvotorConnection
from app.services import locks
from app.services.accounts import events
from app.services.connections.evotor_webhooks.known import users_of
from app.services.runs import schedule
from app.services.vendors.connection_use import locked

UNINSTALLED, TERMINATED = "evotor_uninstalled", "evotor_terminated"
INSTALLATIONS = {"ApplicationInstalled": None, "ApplicationUninstalled": UNINSTALLED}
SUBSCRIPTIONS = {
    "SubscriptionCreated": None,
    "SubscriptionActivated": None,
    "SubscriptionRenewed": None,
    "SubscriptionTerminated": TERMINATED,
}
"""Why the token ends by that; None = it goes on. Other types tell nothing that we act on."""


@dataclass(frozen=True, slots=True)
class CabinetEvent:
    evotor_user_id: str
    type: str
    at: int
    """Milliseconds."""
    id: str = ""
    """Another event of the same moment has another."""
    subscription: str = ""
    number: int = 0
    """Within its subscription."""

    @property
    def key(self) -> str:
        return f"{self.subscription} {self.number}" if self.subscription else self.id

    def is_past(self, at: int | None, key: str | None) -> bool:
        """After the event of this moment and key was applied: it is older, or the same."""
        if at is None:
            return False
        subscription, _, number = (key or "").rpartition(" ")
        if self.subscription and self.subscription == subscription and self.number <= int(number):
            return True
        return self.at < at or (self.at == at and self.key == key)


def milliseconds(text: str) -> int | None:
    """Of a moment as Evotor writes it, 2026-01-01T00:00:00.000Z or with +0000; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def apply(event: CabinetEvent) -> None:
    """Commits. What is older than the last one applied for a user, or was applied, changes nothing."""
    if event.type not in INSTALLATIONS | SUBSCRIPTIONS:
        return
    for user_id in users_of(event.evotor_user_id):
        _apply_to(user_id, event)
        db.session.commit()


def _apply_to(user_id: int, event: CabinetEvent) -> None:
    locks.lock(user_id)
    connection = locked(EvotorConnection, user_id)
    if connection is None or event.is_past(connection.event_at, connection.event_key):
        return
    connection.event_at, connection.event_key = event.at, event.key
    reason = (INSTALLATIONS | SUBSCRIPTIONS)[event.type]
    if reason is not None:
        _withdraw(connection, reason)
    elif event.type in INSTALLATIONS or connection.withdrawn == TERMINATED:
        _heal(connection)


def _withdraw(connection: EvotorConnection, reason: str) -> None:
    """Nothing goes: the next run learns whether the token is dead, and Evotor may tell so late."""
    connection.withdrawn = reason
    if connection.token is not None:
        connection.state, connection.error_code = ConnectionState.TOKEN_REJECTED, reason
    if reason == UNINSTALLED:
        events.record(EventKind.EVOTOR_DISCONNECTED, connection.user_id, way=events.CABINET)


def _heal(connection: EvotorConnection) -> None:
    if connection.withdrawn is None:
        return
    if connection.token is None:
        connection.withdrawn = None
        return
    connection.have_checked(utcnow())
    schedule.end_pause(connection.user_id)
