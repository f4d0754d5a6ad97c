"""The owner asks for a run, or has one stopped."""

from datetime import timedelta

from app.clock import utcnow
from app.context import settings
from app.models import EventKind, RunTrigger, User
from app.services.accounts import events
from app.services.errors import NotReady
from app.services.owner import switch
from app.services.runs import queue, schedule


def request_run(user: User) -> None:
    """Queue a run. Raises NotReady where none may start."""
    if obstacle := switch.run_obstacle(user):
        raise NotReady(obstacle)
    queue.request(user.id, RunTrigger.MANUAL)


def stop_run(user: User) -> None:
    """The run at work, or the queued one, ends and the next comes as usual; an order is not taken up again."""
    queue.cancel(user.id)
    switch.withdraw_order(user)
    schedule.not_before(user.id, utcnow() + timedelta(minutes=settings().sync_interval_minutes))
    events.record(EventKind.RUN_STOPPED, user.id)
