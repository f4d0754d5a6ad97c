"""What may need the owner, and how heavy each of it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.listing.emptiness import Emptiness
from app.models import ConnectionState
from app.services.catalog.unreadable import UnreadableRow
from app.services.vendors.circuits import Silence


class Kind(StrEnum):
    """In the order of weight."""

    HALTED = "halted"
    """An operator lets no run start; `names` holds why."""
    CONNECTION = "connection"
    AWAY = "away"
    """A vendor that answers nobody."""
    RECONNECTED = "reconnected"
    """Another account or community was connected, which took the confirmation back."""
    WITHDRAWN = "withdrawn"
    """Evotor said that the key ends, and it works so far."""
    NO_STORE = "no_store"
    APPROVAL = "approval"
    ORDER = "order"
    """What the owner ordered in one piece is not done, and why."""
    RUNS_FAIL = "runs_fail"
    EMPTY = "empty"
    """Next to nothing of the selection can be shown."""
    STORE = "store"
    """Stores that could not be read, all for the same reason."""
    SHOP_FULL = "shop_full"
    STUCK = "stuck"
    """Items that VK does not let us hide, change or delete, all for the same reason."""
    QUOTA = "quota"
    """VK does no more of something today."""
    NOT_CONFIRMED = "not_confirmed"
    QUESTIONS = "questions"
    """About items that were in VK before us, or that were deleted there."""
    OUTDATED = "outdated"
    """Items that buyers see as they were, because VK refuses to change them, all for the same reason."""
    REFUSED = "refused"
    """Products that VK refuses, all for the same reason."""
    UNREADABLE = "unreadable"
    """Products that Evotor sent in a form we cannot trust."""
    CATEGORY = "category"
    REJECTED = "rejected"
    """Items that VK's moderators refuse for the common showcase."""
    REVIEW = "review"
    UNFIT = "unfit"
    ALIKE = "alike"
    """Products that buyers cannot tell from one another."""
    ALBUMS_TAKEN = "albums_taken"
    ALBUM_FULL = "album_full"
    ALBUM_REFUSED = "album_refused"
    """Albums that VK does not make or rename, all for the same reason."""
    NOT_IN_ALBUM = "not_in_album"
    """Items that VK does not let into or out of their album, all for the same reason."""
    LOST_RULES = "lost_rules"


LOUD = frozenset(
    {
        Kind.HALTED,
        Kind.CONNECTION,
        Kind.AWAY,
        Kind.RECONNECTED,
        Kind.APPROVAL,
        Kind.ORDER,
        Kind.RUNS_FAIL,
        Kind.EMPTY,
        Kind.STORE,
        Kind.SHOP_FULL,
    }
)
"""While one of these stands, the shop window is not kept, or not all of it."""
STEPS = frozenset({Kind.NO_STORE, Kind.NOT_CONFIRMED})
"""What the list of first steps asks for anyway."""
MINOR = frozenset(
    {
        *(Kind.REJECTED, Kind.REVIEW, Kind.UNFIT, Kind.ALIKE, Kind.LOST_RULES),
        *(Kind.ALBUMS_TAKEN, Kind.ALBUM_FULL, Kind.ALBUM_REFUSED, Kind.NOT_IN_ALBUM, Kind.WITHDRAWN),
    }
)
"""What can be bettered, while all that can be done is done."""


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Kind
    code: str = ""
    """An error's or a reason's, where the kind has several."""
    count: int = 1
    names: Sequence[str] = ()
    vendor: str = ""
    """Of a connection; of an order, which one."""
    state: ConnectionState | None = None
    passes: bool = False
    """The vendor's own trouble; nothing for the owner to do."""
    emptiness: Emptiness | None = None
    way_out: str | None = None
    """A page of VK's that the owner has to open first."""
    needs_owner: bool = False
    run_id: int | None = None
    silence: Silence | None = None
    unreadable: Sequence[UnreadableRow] = ()
    """The first of them."""

    @property
    def is_loud(self) -> bool:
        return self.kind in LOUD

    @property
    def is_a_step(self) -> bool:
        return self.kind in STEPS

    @property
    def is_minor(self) -> bool:
        return self.kind in MINOR
