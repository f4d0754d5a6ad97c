"""The owner asks for a run."""

from app.models import RunTrigger, User
from app.services.errors import NotReady
from app.services.owner import switch
from app.services.runs import schedule


def request_run(user: User) -> None:
    """Queue a run. Raises NotReady where none may start."""
    if obstacle := switch.run_obstacle(user):
        raise NotReady(obstacle)
    schedule.request(user.id, RunTrigger.MANUAL)
