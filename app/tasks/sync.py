from collections.abc import Iterator

from app.db import db
from app.models import RunTrigger, User
from app.services import engine, runs
from app.services.engine import Outcome


def run_one(user: User) -> Outcome:
    """This user's run, to its end."""
    return engine.run_user(user, RunTrigger.COMMAND)


def run_due() -> Iterator[Outcome]:
    """Everybody whose run is queued or whose time has come, each for at most one time slice.

    Users who cannot run now (nothing connected, or another worker is at them) are passed over in silence.
    """
    for user_id in runs.due_user_ids():
        db.session.remove()
        user = db.session.get(User, user_id)
        if user is None:
            continue
        outcome = engine.run_user(user, RunTrigger.SCHEDULE, to_end=False)
        if outcome.run_id is not None:
            yield outcome
