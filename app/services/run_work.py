"""What every run does: changes one after another, under a lease, until something says that it must end."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from app.clients.errors import VkError
from app.clients.vk_errors import CODES, DAY, FAULT_HOLDS, OWNER_HOLDS
from app.db import db, utcnow
from app.domain.changes import Change
from app.models import ConnectionState, EntryOutcome, RunStatus, SyncRun, User
from app.services import applying, runs
from app.services.vendors import evotor_client, vk_client
from app.services.workplace import Workplace

FAULTS_IN_A_ROW = 3
UNKNOWN_ERRORS_IN_A_ROW = 5
AFTER_CAPTCHA_PER_SECOND = 1 / 3
CAPTCHA = "vk_14"


class RunEnds(Exception):
    """The run cannot, or need not, go on now. `pauses` in seconds, for the first, second, … time in a row."""

    def __init__(
        self, status: RunStatus, code: str, *, pauses: tuple[float, ...] = (), text: str | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.pauses = pauses
        self.text = text


class RunWork(ABC):
    """One claimed run. Raises RunEnds or VkError to end it early."""

    def __init__(
        self,
        user: User,
        run: SyncRun,
        *,
        to_end: bool,
        deadline: float,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        order: str | None = None,
    ) -> None:
        assert user.vk is not None and user.vk.group_id is not None and user.vk.token is not None
        self.user, self.run, self.to_end, self.deadline, self.order = user, run, to_end, deadline, order
        self.sleep, self.monotonic = sleep, monotonic
        self.group_id = user.vk.group_id
        self.confirmed = runs.confirmation(user.id)
        self.answers_lost = False
        was_asked_by_captcha = user.sync_state is not None and user.sync_state.strike_code == CAPTCHA
        self.vk = vk_client(
            user.vk.token,
            slowest=AFTER_CAPTCHA_PER_SECOND if was_asked_by_captcha else None,
            is_resting=self._is_resting,
            before_repeat=self.renew,
        )
        token = user.evotor.token if user.evotor else None
        self.place = Workplace(
            run=run,
            group_id=self.group_id,
            vk=self.vk,
            evotor=evotor_client(token) if token else None,
            listings={},
            renew=self.renew,
        )

    @abstractmethod
    def do(self) -> None:
        """The work itself; returning means that all of it is done."""

    def renew(self) -> None:
        if not runs.renew(self.run, self.confirmed, self.group_id, self.order):
            raise RunEnds(RunStatus.STOPPED, runs.why_stopped(self.run))

    def apply(self, changes: Iterable[Change]) -> None:
        silent = strange = 0
        self.answers_lost = False
        for change in changes:
            if self.monotonic() > self.deadline:
                raise RunEnds(RunStatus.CONTINUED, "time_slice", pauses=(0,))
            done = applying.apply_change(self.place, change)
            if done is None:
                continue
            lost = done.outcome is EntryOutcome.UNKNOWN
            self.answers_lost = self.answers_lost or lost
            silent = silent + 1 if lost else 0
            strange = strange + 1 if _is_strange(done.error) else 0
            if silent >= FAULTS_IN_A_ROW:
                raise RunEnds(RunStatus.CONTINUED, "vk_unreachable", pauses=FAULT_HOLDS)
            if strange >= UNKNOWN_ERRORS_IN_A_ROW:
                raise RunEnds(RunStatus.FAILED, "vk_strange_errors", pauses=OWNER_HOLDS)

    def mark_vk(self) -> None:
        """The run came through: the connection works, but for what VK said no to on the way."""
        connection = self.user.vk
        if connection is None:
            return
        connection.state, connection.error_code, connection.checked_at = ConnectionState.OK, None, utcnow()
        connection.way_out = None
        if self.place.is_plain_shop:
            connection.is_extended = False
        self.keep_refusals()

    def keep_refusals(self) -> None:
        """Methods at rest and categories that VK refused outlive the run."""
        connection = self.user.vk
        if connection is None:
            return
        until = (utcnow() + timedelta(seconds=DAY)).isoformat()
        resting = {method: moment for method, moment in connection.resting.items() if self._is_resting(method)}
        connection.resting = {**dict.fromkeys(self.place.rested, until), **resting}
        connection.refused_categories = sorted({*connection.refused_categories, *self.place.refused_categories})
        db.session.flush()

    def _is_resting(self, method: str) -> bool:
        moment = self.user.vk.resting.get(method) if self.user.vk else None
        if method in self.place.rested:
            return True
        return moment is not None and utcnow() < datetime.fromisoformat(moment) <= utcnow() + timedelta(seconds=DAY)


def _is_strange(error: VkError | None) -> bool:
    """A code that contracts/vk.md section 9 does not know."""
    return error is not None and error.code is not None and error.code not in CODES
