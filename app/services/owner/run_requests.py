"""The owner asks for a run."""

from app.models import RunTrigger, User
from app.services.errors import NotReady
from app.services.owner import switch
from app.services.runs import queue


def request_now(user: User) -> None:
    """Queue a run. Raises NotReady where none may start."""
    if obstacle := switch.run_obstacle(user):
        raise NotReady(obstacle)
    queue.request(user.id, RunTrigger.MANUAL)
