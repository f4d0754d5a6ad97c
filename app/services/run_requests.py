"""The owner asks for a run."""

from app.models import RunTrigger, User
from app.services import runs, sync_settings
from app.services.errors import NotReady


def request_now(user: User) -> None:
    """Queue a run. Raises NotReady where none may start."""
    if obstacle := sync_settings.run_obstacle(user):
        raise NotReady(obstacle)
    runs.request(user.id, RunTrigger.MANUAL)
