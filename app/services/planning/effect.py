"""How many items in VK the next run touches, and in what: told after the settings were changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.planning.changes import Action
from app.models import User
from app.services.owner import switch
from app.services.planning.pending import pending_plan

_TOLD = {Action.HIDE, Action.SHOW, Action.ADD, Action.DELETE}


@dataclass(frozen=True, slots=True)
class Effect:
    fields: Mapping[str, int]
    """{field: items whose field changes}"""
    actions: Mapping[Action, int]
    """Hides, shows, adds and deletions."""
    live: int
    """Items that stand in the window now."""
    arranges: bool
    """Something changes in the albums."""
    waits: bool
    """The plan will wait for the owner's approval."""
    is_coming: bool
    """The next run comes by itself."""


def effect(user: User) -> Effect:
    pending = pending_plan(user)
    summary = pending.summary
    return Effect(
        summary.fields,
        {action: count for action, count in summary.counts.items() if action in _TOLD},
        summary.live,
        arranges=summary.changes > 0,
        waits=pending.needs_approval,
        is_coming=switch.run_obstacle(user) is None,
    )
