"""«Подтвердить и запустить»: the owner saw what the plan would add, and no accident may add much more in its name."""

from datetime import datetime

from app.domain.planning.changes import Action
from app.models import User
from app.services.owner import switch
from app.services.planning.pending import pending_plan


def confirm(user: User, now: datetime | None = None) -> None:
    """Raises NotReady."""
    switch.confirm(user, now, adds=pending_plan(user).summary.counts.get(Action.ADD, 0))
