"""Products that buyers cannot tell apart in VK: noted when a run plans, so that pages need no plan to tell of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.planning.plan import Desired, Plan
from app.models import User

MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class LookAlikes:
    count: int = 0
    names: Sequence[str] = ()
    """The first of them, each once."""


def record(user: User, group_id: int, plan: Plan, desired: Desired) -> None:
    """Writes only where it is not known yet."""
    if user.sync_state is None:
        return
    found: dict[str, Any] | None = None
    if plan.alike:
        names = sorted({str(desired.wanted[key].fields["name"]) for key in plan.alike})
        found = {"group_id": group_id, "count": len(plan.alike), "names": names[:MOST_NAMES]}
    if user.sync_state.alike != found:
        user.sync_state.alike = found


def recorded(user: User) -> LookAlikes:
    """Of the community that is connected now."""
    found = user.sync_state.alike if user.sync_state else None
    if not found or user.vk is None or found["group_id"] != user.vk.group_id:
        return LookAlikes()
    return LookAlikes(found["count"], found["names"])
