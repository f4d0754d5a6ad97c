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
MOST_SUBSCRIPTIONS = 50
"""Remembered of one owner: one follows another, or several run side by side."""


@dataclass(frozen=True, slots=True)
class CabinetEvent:
    evotor_user_id: str
    type: str
    at: int
    """Milliseconds."""
    subscription: str | None = None
    """None for what is told of the application itself."""
    number: int = 0
    """Within its subscription."""

    @property
    def ends(self) -> bool | None:
        """None where it tells nothing."""
        return (INSTALLATIONS if self.subscription is None else SUBSCRIPTIONS).get(self.type)

    def order(self, now: datetime) -> int:
        """Among those of installations; of one moment the removal has the greater one, however often they come."""
        at = self.at if self.at <= _milliseconds(now + AHEAD) else _milliseconds(now)
        return 2 * at + bool(self.ends)


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
    was_withdrawn = connection.withdrawn
    if event.subscription is None:
        is_news = _note_installation(connection, event)
    else:
        is_news = _note_subscription(connection, event, event.subscription)
    if is_news and connection.token is not None:
        _tell(connection, event, was_withdrawn)


def _note_installation(connection: EvotorConnection, event: CabinetEvent) -> bool:
    """Whether it is news: False for what is older than the last one, or the same."""
    order = event.order(utcnow())
    if connection.installation_order is not None and order <= connection.installation_order:
        return False
    is_first = connection.installation_order is None
    connection.installation_order, connection.is_uninstalled = order, bool(event.ends)
    if event.ends or not is_first:  # the first one is told by the link that it brings
        kind = EventKind.EVOTOR_DISCONNECTED if event.ends else EventKind.EVOTOR_INSTALLED
        events.record(kind, connection.user_id, way=events.CABINET)
    return True


def _note_subscription(connection: EvotorConnection, event: CabinetEvent, subscription: str) -> bool:
    """The same by the numbers of that subscription. While any is paid, the end of another ends nothing."""
    known = dict(connection.subscriptions)
    last = known.pop(subscription, None)
    if last is not None and event.number <= last[0]:
        return False
    known[subscription] = (event.number, bool(event.ends))
    connection.subscriptions = dict([*known.items()][-MOST_SUBSCRIPTIONS:])
    connection.is_terminated = all(is_ended for _, is_ended in known.values())
    return True


def _tell(connection: EvotorConnection, event: CabinetEvent, was_withdrawn: str | None) -> None:
    """Nothing goes: the next run learns whether the token is dead, and Evotor may tell so late."""
    is_withdrawn = connection.is_uninstalled if event.subscription is None else connection.is_terminated
    if event.ends and is_withdrawn:
        connection.state, connection.error_code = ConnectionState.TOKEN_REJECTED, connection.withdrawn
    elif was_withdrawn is not None and connection.withdrawn is None:
        connection.have_checked(utcnow())
        schedule.end_pause(connection.user_id)
    elif connection.error_code == was_withdrawn:
        connection.error_code = connection.withdrawn
