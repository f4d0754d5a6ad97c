"""What a run learns of the VK connection on its way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.errors import DAY
from app.clock import utcnow
from app.db import db
from app.logs import get_logger
from app.models import ConnectionState
from app.services.vendors.connection_use import VkUse

log = get_logger()


@dataclass(frozen=True, slots=True)
class FoundState:
    """What a run says of the connection at its end."""

    state: ConnectionState
    code: str | None = None
    way_out: str | None = None


class VkFindings:
    """Kept on the connection at the run's end, however it ended."""

    def __init__(self, use: VkUse, resting: Mapping[str, str]) -> None:
        self.use = use
        self.is_plain_shop = False
        self.refused_categories: set[int] = set()
        self.waits_for_quota = False
        """Something was left out for a method at rest, so that the run is not complete."""
        self._known_resting = dict(resting)
        self._found: FoundState | None = None
        self._used_up: set[str] = set()
        """Methods whose quota VK says is used up."""
        self._refused: set[BulkForm] = set()
        """Forms that VK refuses and nothing waits for: single calls do their work."""

    def is_resting(self, method: str) -> bool:
        """VK's quota for the method is used up and not renewed yet, or VK refused it today.

        Asked in the middle of a call, so from memory: no transaction may begin then.
        """
        moment = self._known_resting.get(method)
        return method in self._used_up | self._refused or (moment is not None and _is_ahead(moment))

    def know_resting(self, resting: Mapping[str, str]) -> None:
        """Methods at rest as the connection remembers them, each until when."""
        self._known_resting = dict(resting)

    def note_quota_used_up(self, method: str) -> None:
        self._used_up.add(method)

    def note_refused(self, form: BulkForm) -> None:
        """It is tried again after a day; the run lacks nothing for it."""
        log.warning("method_refused", user_id=self.use.user_id, group_id=self.use.group_id, method=form)
        self._refused.add(form)

    def note_waiting_for_quota(self) -> None:
        self.waits_for_quota = True

    @property
    def lacks_quota(self) -> bool:
        """For something that this run was to do."""
        return bool(self._used_up) or self.waits_for_quota

    def note_came_through(self) -> None:
        """The connection works, but for what VK said no to on the way. From here on it is held, as before any state."""
        self.use.current()
        self._found = FoundState(ConnectionState.OK)

    def note_state(self, found: FoundState) -> None:
        self._found = found

    def keep(self) -> None:
        """What was learnt outlives the run, unless another token or community is stored by now. Flushes."""
        connection = self.use.current()
        if connection is None:
            return
        if (found := self._found) is not None:
            connection.state, connection.error_code, connection.way_out = found.state, found.code, found.way_out
            connection.checked_at = utcnow()
            if found.state is ConnectionState.OK and self.is_plain_shop:
                connection.is_extended = False
        resting = self._used_up | self._refused
        if resting or self.refused_categories or connection.resting:
            until = (utcnow() + timedelta(seconds=DAY)).isoformat()
            still = {method: moment for method, moment in connection.resting.items() if _is_ahead(moment)}
            connection.resting = {**dict.fromkeys(resting, until), **still}
            connection.refused_categories = sorted({*connection.refused_categories, *self.refused_categories})
        db.session.flush()


def _is_ahead(moment: str) -> bool:
    """And no further than a rest lasts: then a wrong clock has set it."""
    return utcnow() < datetime.fromisoformat(moment) <= utcnow() + timedelta(seconds=DAY)
