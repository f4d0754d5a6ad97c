"""The four steps from a new account to a shop window that keeps itself."""

from collections.abc import Mapping
from enum import StrEnum

from app.models import User
from app.services.owner import config, rules, shop_window
from app.services.runs import records


class Step(StrEnum):
    """In the order in which they are taken."""

    EVOTOR = "evotor"
    VK = "vk"
    CATALOG = "catalog"
    LAUNCH = "launch"


class StepState(StrEnum):
    DONE = "done"
    NOW = "now"
    """The first that is not done."""
    LATER = "later"


def first_steps(user: User) -> dict[Step, StepState]:
    return states_of(
        {
            Step.EVOTOR: user.evotor is not None and user.evotor.is_connected,
            Step.VK: user.vk is not None and user.vk.is_connected,
            Step.CATALOG: bool(rules.passing_stores(user)),
            Step.LAUNCH: has_launched(user),
        }
    )


def states_of(done: Mapping[Step, bool]) -> dict[Step, StepState]:
    now = next((step for step in Step if not done[step]), None)
    return {step: StepState.DONE if done[step] else StepState.NOW if step is now else StepState.LATER for step in Step}


def has_launched(user: User) -> bool:
    """Confirmed, and something came of it: items in the community, or a run that had nothing left to do."""
    confirmed_at = config.config_of(user).confirmed_at
    if confirmed_at is None:
        return False
    return shop_window.live_count(user) > 0 or records.has_succeeded_since(user.id, confirmed_at)
