"""What comes of a change."""

from dataclasses import dataclass

from app.clients.vk.errors import VkError
from app.models import EntryOutcome


class Deferred(Exception):
    """The change is not for this pass; nothing was sent and no entry is due."""


@dataclass(slots=True)
class ChangeResult:
    """What the entry of a change tells."""

    outcome: EntryOutcome = EntryOutcome.DONE
    item_id: int | None = None
    error: VkError | None = None
    is_vk_unreachable: bool = False
    """Not even the question whether the change was made got an answer."""
    note: str | None = None
    """A code for the owner to read beside a change that was made."""


Told = ChangeResult | VkError | None
"""Of one of several changes: a result, VK's refusal, or None where it is still to be made by itself."""
