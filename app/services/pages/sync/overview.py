"""What the main page shows, read from what is stored; calls nobody and writes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from app.clock import utcnow
from app.context import settings
from app.domain.rules import Status
from app.domain.situation import Ended, Facts, Situation, situation_of
from app.models import EntryOutcome, OwnerOrder, RunStatus, SyncRun, User
from app.models.run import ACTIVE
from app.services.catalog.age import catalog_age
from app.services.owner import config as owner_config
from app.services.owner import orders, shop_window, switch
from app.services.owner.known_stores import only_store
from app.services.owner.shop_window import ShopWindow
from app.services.pages.goods.rule_summary import RuleSummary, rule_summary
from app.services.pages.sync.first_steps import Step, StepState, first_steps
from app.services.pages.sync.next_run import is_between, next_run_at
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.services.pages.sync.problems import problems
from app.services.planning.pending import PendingPlan, pending_plan
from app.services.planning.readiness import MarketLimits, Readiness, market_limits, readiness_of
from app.services.runs import records
from app.services.vendors import circuits
from app.services.vendors.circuits import Silence
from app.services.vendors.clients import evotor_cabinet

TOLD_OTHERWISE = frozenset({Kind.APPROVAL, Kind.EMPTY})
"""Problems that have a situation of their own."""


class SyncOverview:
    """What there is to say of one user's synchronisation: looked up once, and only what somebody asks for."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._config = owner_config.config_of(user)
        self.is_enabled = self._config.is_enabled
        self.confirmed_at = self._config.confirmed_at
        self.has_vk = user.vk is not None and user.vk.is_connected
        self.has_cabinet, self.has_vk_id = evotor_cabinet() is not None, bool(settings().vk_client_id)
        """Which ways to connect are offered."""
        self.pause_reason = user.sync_state.pause_reason if user.sync_state else None
        """Why the confirmation was taken back; a code."""
        self.is_halted, self.halt_reason = user.halted_at is not None, user.halt_reason
        """By an operator."""
        self.evotor_is_withdrawn = user.evotor is not None and user.evotor.withdrawn is not None
        self.awaits_evotor = user.evotor is not None and user.evotor.is_awaiting_key

    @cached_property
    def run_obstacle(self) -> str | None:
        return switch.run_obstacle(self._user)

    @cached_property
    def confirm_obstacle(self) -> str | None:
        """Why the configuration may not be confirmed yet; a code."""
        return switch.confirmation_obstacle(self._user)

    @cached_property
    def last_run(self) -> SyncRun | None:
        return records.latest(self._user.id)

    @cached_property
    def steps(self) -> Mapping[Step, StepState]:
        return first_steps(self._user)

    @cached_property
    def rules(self) -> RuleSummary:
        return rule_summary(self._user)

    @cached_property
    def window(self) -> ShopWindow:
        return shop_window.shop_window(self._user)

    @cached_property
    def status(self) -> Status:
        return switch.status_of(self._user)

    @cached_property
    def next_run_at(self) -> datetime | None:
        """None while no run is planned; a time that has passed means "in the next minutes"."""
        return next_run_at(self._user)

    @cached_property
    def catalog_read_at(self) -> datetime | None:
        return catalog_age(self._user.id).read_at

    @cached_property
    def limits(self) -> MarketLimits:
        return market_limits(self._user)

    @cached_property
    def only_store(self) -> str | None:
        """Id of the owner's store where there is just one."""
        return only_store(self._user.id)

    @cached_property
    def synced_at(self) -> datetime | None:
        """When a synchronisation last came through to its end."""
        return records.last_success(self._user.id)

    @cached_property
    def undone(self) -> int:
        """Changes that the last run could not make."""
        return _undone(self.last_run)

    @cached_property
    def undoable(self) -> int:
        """Items that the last run hid and that may be shown again."""
        return orders.undoable(self._user, self.last_run) if self.last_run else 0

    @cached_property
    def is_mended(self) -> bool:
        """The connection that ended the last run works again."""
        return _is_mended(self._user, self.last_run)

    @cached_property
    def _plan(self) -> PendingPlan | None:
        """Nobody asks for one before there are goods, nor while a run carries one out, unless it is the first."""
        is_first = self.steps[Step.LAUNCH] is StepState.NOW
        return pending_plan(self._user) if self.rules.known and (is_first or not self._is_at_work) else None

    @cached_property
    def _last_status(self) -> str | None:
        """Of the last run, at one moment for the whole page: while the plan is made, it may begin or end."""
        return self.last_run.status if self.last_run else None

    @property
    def _is_at_work(self) -> bool:
        return self._last_status == RunStatus.RUNNING

    @cached_property
    def _waiting(self) -> PendingPlan | None:
        return None if self._is_at_work else self._plan

    @property
    def pending(self) -> int:
        """Products that the next run changes in VK; 0 also while one is at work."""
        return self._waiting.product_count if self._waiting else 0

    @property
    def shared(self) -> int:
        """Barcodes that stand in more than one of the selected stores, as far as a plan is asked for."""
        return self._plan.summary.shared if self._plan else 0

    @cached_property
    def readiness(self) -> Readiness | None:
        """Of the first run, while it is the next step."""
        is_next = self.step is Step.LAUNCH and self._plan is not None
        return readiness_of(self._user, self._plan.summary) if is_next and self._plan else None

    @cached_property
    def problems(self) -> Sequence[Problem]:
        waits = self._waiting is not None and self._waiting.needs_approval
        return problems(self._user, self.rules.held, plan_waits=waits, empty=self.rules.emptiness)

    @cached_property
    def situation(self) -> Situation:
        kinds = {problem.kind for problem in self.problems}
        others = [problem for problem in self._grave if problem.kind not in TOLD_OTHERWISE]
        facts = Facts(
            is_enabled=self.is_enabled,
            is_confirmed=self.confirmed_at is not None,
            is_ordered=self.order is not None,
            is_at_work=self._is_at_work,
            is_queued=self._last_status == RunStatus.QUEUED,
            is_held=self.run_obstacle is not None,
            is_troubled=any(problem.is_loud for problem in others),
            waits=Kind.APPROVAL in kinds,
            is_approved=self._waiting is not None and self._waiting.is_approved,
            last=_ended(self.last_run, self.confirmed_at),
            undone=bool(others) or self.undone > 0,
            is_empty=Kind.EMPTY in kinds,
            pending=self.pending,
            live=self.window.live,
            hidden=self.window.hidden if self.window.is_hidden else 0,
        )
        return situation_of(facts)

    @cached_property
    def _grave(self) -> Sequence[Problem]:
        return [problem for problem in self.problems if not (problem.is_minor or problem.is_a_step)]

    @property
    def step(self) -> Step | None:
        """The one to take now; None once all are done."""
        return next((step for step, state in self.steps.items() if state is StepState.NOW), None)

    @property
    def order(self) -> OwnerOrder | None:
        return self.window.order

    @property
    def has_store(self) -> bool:
        """At least one store is chosen and passes."""
        return self.steps[Step.CATALOG] is StepState.DONE

    @property
    def told(self) -> Sequence[Problem]:
        """Problems that the page tells itself: what holds the synchronisation up, else the heaviest, and what may."""
        return [*(self._loud or self._grave[:1]), *self.withdrawn]

    @property
    def _loud(self) -> Sequence[Problem]:
        return [problem for problem in self._grave if problem.is_loud]

    @property
    def withdrawn(self) -> Sequence[Problem]:
        """The key that works is to end."""
        return [problem for problem in self.problems if problem.kind is Kind.WITHDRAWN]

    @property
    def others(self) -> int:
        """Problems that this page does not tell."""
        return len(self.problems) - len(self.told)

    @cached_property
    def silence(self) -> Silence | None:
        """What the next run waits for, whenever its time comes."""
        return circuits.silence(circuits.needed(is_order=self.order is not None))

    @cached_property
    def is_reconnected(self) -> bool:
        """The key that ended the last run came anew, or counts again, and nobody has tried it yet."""
        row, code = self._user.evotor, (self.last_run.error_code if self.last_run else None) or ""
        return code.startswith("evotor_") and row is not None and row.is_unchecked and row.error_code is None

    @property
    def is_awaited(self) -> bool:
        """The time of the next run has come, and the page waits for it to begin."""
        return self.next_run_is_due and self.silence is None and not self.goes_on

    @property
    def seen(self) -> str:
        """What is another once a run began, or came and went."""
        return f"{self.last_run.id}-{self.last_run.status}" if self.last_run else "none"

    @property
    def next_run_is_due(self) -> bool:
        return self.next_run_at is not None and self.next_run_at <= utcnow()

    @property
    def is_busy(self) -> bool:
        """A run is at work or in the queue, and no other is to be asked for."""
        return self._last_status in ACTIVE and not self._waits_for_a_step

    @property
    def _waits_for_a_step(self) -> bool:
        """Queued, and not to begin before the owner has connected or chosen something."""
        return self.situation is Situation.BLOCKED

    @property
    def goes_on(self) -> bool:
        """The page keeps asking how far it is: a run goes on, or the next part of one is about to begin."""
        return self.last_run is not None and (self.is_busy or is_between(self.last_run, self.next_run_at))


_ENDS = {
    RunStatus.SUCCEEDED: Ended.WELL,
    RunStatus.NEEDS_APPROVAL: Ended.HELD,
    RunStatus.CONTINUED: Ended.UNFINISHED,
    RunStatus.STOPPED: Ended.BADLY,
    RunStatus.FAILED: Ended.BADLY,
}


def _ended(last: SyncRun | None, confirmed_at: datetime | None) -> Ended:
    """Only a synchronisation since the confirmation tells anything; a waiting plan is told by what waits now."""
    if last is None or last.trigger in set(OwnerOrder) or last.finished_at is None:
        return Ended.NEVER
    is_older = confirmed_at is not None and last.finished_at < confirmed_at
    return Ended.NEVER if is_older else _ENDS[RunStatus(last.status)]


def _is_mended(user: User, last: SyncRun | None) -> bool:
    """It was asked since that run, with another key perhaps, and answered."""
    if last is None or last.finished_at is None or last.error_code is None:
        return False
    row = {"vk": user.vk, "evotor": user.evotor}.get(last.error_code.partition("_")[0])
    is_well = row is not None and row.is_connected and row.error_code is None
    return is_well and row is not None and row.checked_at is not None and row.checked_at > last.finished_at


def _undone(last: SyncRun | None) -> int:
    """Of the last run; what is tried again counts as pending by then."""
    if last is None or last.status in ACTIVE:
        return 0
    not_done = (EntryOutcome.FAILED, EntryOutcome.UNKNOWN)
    return sum(outcomes.get(outcome, 0) for outcomes in last.counts.values() for outcome in not_done)
