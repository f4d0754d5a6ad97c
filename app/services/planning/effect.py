"""How many items in VK the next run touches, and in what: told after the settings were changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.planning.changes import Action
from app.models import User
from app.services.owner import switch
from app.services.planning import approvals, plans

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
    plan = plans.plan_for(user)
    edits = [change for change in plan.changes if change.action in (Action.EDIT, Action.SHOW, Action.HIDE)]
    fields = Counter(name for change in edits for name in change.fields)
    fields["photo"] = sum(change.photo is not None for change in edits)
    actions = {action: count for action, count in plan.counts.items() if action in _TOLD}
    return Effect(
        fields,
        actions,
        plan.live,
        arranges=bool(plan.changes),
        waits=approvals.check_brakes(user, plan).needs_approval,
        is_coming=switch.run_obstacle(user) is None,
    )
