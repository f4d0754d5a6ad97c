"""What Prometheus reads: counted in the database when it asks, so that it is the same in every process."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.services.health import DatabaseState, database_state
from app.services.ops import figures
from app.services.ops.installation import installation

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def exposition(now: datetime) -> tuple[bytes, str]:
    """The text and its content type. Where the database does not answer, it says that and no more."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    gauges = _Gauges(CollectorRegistry())
    is_up = database_state() is DatabaseState.OK
    gauges.tell("evosync_database_up", "Whether the database answers and is migrated", is_up)
    if is_up:
        _tell_all(gauges, now)
    return generate_latest(gauges.registry), CONTENT_TYPE_LATEST


class _Gauges:
    def __init__(self, registry: "CollectorRegistry") -> None:
        self.registry = registry

    def tell(self, name: str, said: str, value: float) -> None:
        from prometheus_client import Gauge

        Gauge(name, said, registry=self.registry).set(value)

    def tell_each(
        self, name: str, said: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
    ) -> None:
        from prometheus_client import Gauge

        gauge = Gauge(name, said, labels, registry=self.registry)
        for named, value in values:
            gauge.labels(*named).set(value)


def _tell_all(gauges: _Gauges, now: datetime) -> None:
    here, users, due = installation(), figures.users(), figures.due(now)
    of_users = {"active": users.active, "paused": users.paused, "waiting": users.waiting}
    labels = ("database", "migration", "revision")
    named = (here.database, here.migration, here.revision or "")
    gauges.tell_each("evosync_info", "What runs here", labels, [(named, 1)])
    gauges.tell("evosync_accounts", "Accounts", users.total)
    gauges.tell_each("evosync_users", "Users by the state of their synchronisation", ("state",), _each(of_users))
    gauges.tell("evosync_users_halted", "Users whose runs an operator holds up", users.halted)
    gauges.tell("evosync_due_users", "Users whose run could begin and has not", due.users)
    gauges.tell(
        "evosync_due_lag_seconds", "How long the one of them has waited who waits longest", _age(due.oldest, now)
    )
    _tell_of_runs(gauges, now)
    states = (
        (vendor, state, count) for vendor, found in figures.connections().items() for state, count in found.items()
    )
    gauges.tell_each(
        "evosync_connections",
        "Connections by what the vendor answered last",
        ("vendor", "state"),
        (((vendor, state), count) for vendor, state, count in states),
    )
    _tell_of_mails(gauges, now)


def _tell_of_runs(gauges: _Gauges, now: datetime) -> None:
    runs = figures.at_work(now)
    gauges.tell("evosync_runs_queued", "Runs in the queue", runs.queued)
    gauges.tell("evosync_runs_running", "Runs at work", runs.running)
    gauges.tell("evosync_runs_lost", "Runs at work whose lease has ended", runs.lost)
    ended = _each(figures.ended(now - HOUR))
    gauges.tell_each("evosync_runs_ended_last_hour", "Runs that ended within the last hour", ("outcome",), ended)
    gauges.tell(
        "evosync_users_quiet_last_hour",
        "Users whose last run without a change ended within the last hour: such runs are not among the ended ones",
        figures.quiet_users(now - HOUR),
    )


def _tell_of_mails(gauges: _Gauges, now: datetime) -> None:
    mails = figures.mails(now - DAY)
    gauges.tell("evosync_mails_waiting", "Mails that are to go out", mails.waiting)
    gauges.tell("evosync_mails_oldest_seconds", "How long the oldest of them has waited", _age(mails.oldest, now))
    gauges.tell("evosync_mails_given_up_last_day", "Mails that were given up within the last day", mails.given_up)


def _each(counts: Mapping[Any, int]) -> Iterable[tuple[tuple[str, ...], float]]:
    return (((str(name),), count) for name, count in counts.items())


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
