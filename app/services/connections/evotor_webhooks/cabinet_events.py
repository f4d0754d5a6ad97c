"""The application was installed, removed, paid for or not: told by events, which may come twice and out of order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.clock import utcnow
from app.db import db
from app.models import ConnectionState, EventKind, EvotorConnection
from app.services import locks
from app.services.accounts import events
from app.services.connections.evotor_webhooks.known import users_of
from app.services.runs import schedule
from app.services.vendors.connection_use import locked

INSTALLATIONS = {"ApplicationInstalled": False, "ApplicationUninstalled": True}
SUBSCRIPTIONS = {
    "SubscriptionCreated": False,
    "SubscriptionActivated": False,
    "SubscriptionRenewed": False,
    "SubscriptionTerminated": True,
}
"""Whether the token ends by that. Other types tell nothing that we act on."""
AHEAD = timedelta(hours=4)
"""A clock of Evotor's may be before ours, or tell Moscow's time without saying so; what is later counts as of now."""


@dataclass(frozen=True, slots=True)
class CabinetEvent:
    evotor_user_id: str
    type: str
    at: int
    """Milliseconds."""
    subscription: str | None = None
    number: int = 0
    """Within its subscription."""

    @property
    def ends(self) -> bool | None:
        """None where it tells nothing."""
        return (INSTALLATIONS if self.subscription is None else SUBSCRIPTIONS).get(self.type)

    def order(self, now: datetime) -> int:
        """Among those of its kind; whichever of one moment wins has the greater one, however often they come.

        Of an installation the removal does, for the next run takes back what is wrong of it. Of subscriptions the paid
        one does, for it is what came instead of the other.
        """
        at = self.at if self.at <= _milliseconds(now + AHEAD) else _milliseconds(now)
        wins = self.ends if self.subscription is None else not self.ends
        return 2 * at + bool(wins)


def milliseconds(text: str) -> int | None:
    """Of a moment as Evotor writes it, 2026-01-01T00:00:00.000Z or with +0000; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
        return _milliseconds(moment)
    except (ValueError, OverflowError):
        return None


def _milliseconds(moment: datetime) -> int:
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def apply(event: CabinetEvent) -> None:
    """Commits. What is older than the last one of its kind applied for a user, or was applied, changes nothing."""
    if event.ends is None:
        return
    for user_id in users_of(event.evotor_user_id):
        _apply_to(user_id, event)
        db.session.commit()


def _apply_to(user_id: int, event: CabinetEvent) -> None:
    locks.lock(user_id)
    connection = locked(EvotorConnection, user_id)
    if connection is None:
        return
    is_new = _note_installation if event.subscription is None else _note_subscription
    is_first = connection.installation_order is None
    if not is_new(connection, event):
        return
    _mark(connection, event)
    if event.subscription is None and (event.ends or not is_first):  # the first one is told by the link that it brings
        kind = EventKind.EVOTOR_DISCONNECTED if event.ends else EventKind.EVOTOR_INSTALLED
        events.record(kind, user_id, way=events.CABINET)


def _note_installation(connection: EvotorConnection, event: CabinetEvent) -> bool:
    """False for what is older than the last one, or the same."""
    order = event.order(utcnow())
    if connection.installation_order is not None and order <= connection.installation_order:
        return False
    connection.installation_order = order
    return True


def _note_subscription(connection: EvotorConnection, event: CabinetEvent) -> bool:
    """Within the same subscription its numbers say what is older, else the moment does."""
    order, last = event.order(utcnow()), connection.subscription_order
    if event.subscription == connection.subscription_id:
        is_past = event.number <= (connection.subscription_number or 0)
    else:
        is_past = last is not None and order <= last
    if is_past:
        return False
    connection.subscription_id, connection.subscription_number = event.subscription, event.number
    connection.subscription_order = max(order, last or 0)
    return True


def _mark(connection: EvotorConnection, event: CabinetEvent) -> None:
    """Nothing goes: the next run learns whether the token is dead, and Evotor may tell so late."""
    name = "is_uninstalled" if event.subscription is None else "is_terminated"
    was_marked = getattr(connection, name)
    setattr(connection, name, event.ends)
    if connection.token is None or not (event.ends or was_marked):
        return
    if connection.withdrawn is not None:
        connection.state, connection.error_code = ConnectionState.TOKEN_REJECTED, connection.withdrawn
    else:
        connection.have_checked(utcnow())
        schedule.end_pause(connection.user_id)
