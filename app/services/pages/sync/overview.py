"""What the main page shows, read from what is stored; calls nobody and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import utcnow
from app.domain.rules import Status
from app.domain.situation import Ended, Facts, Situation, situation_of
from app.models import EntryOutcome, OwnerOrder, RunStatus, SyncRun, User
from app.models.run import ACTIVE
from app.services.catalog.age import catalog_age
from app.services.owner import config as owner_config
from app.services.owner import orders, shop_window, switch
from app.services.owner.shop_window import ShopWindow
from app.services.pages.goods.rule_summary import RuleSummary, rule_summary
from app.services.pages.sync.first_steps import Step, StepState, first_steps
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.services.pages.sync.problems import problems
from app.services.planning.pending import PendingPlan, pending_plan
from app.services.planning.readiness import MarketLimits, Readiness, market_limits, only_store, readiness_of
from app.services.runs import records

SOON = timedelta(minutes=1)
"""A run that is due by then is waited for by the page."""
TOLD_OTHERWISE = frozenset({Kind.APPROVAL, Kind.EMPTY})
"""Problems that have a situation of their own."""


@dataclass(frozen=True, slots=True)
class SyncOverview:
    situation: Situation
    steps: Mapping[Step, StepState]
    readiness: Readiness | None
    """Of the first run, while it is the next step."""
    problems: Sequence[Problem]
    status: Status
    is_enabled: bool
    confirmed_at: datetime | None
    has_vk: bool
    confirm_obstacle: str | None
    """Why the configuration may not be confirmed yet; a code."""
    run_obstacle: str | None
    rules: RuleSummary
    last_run: SyncRun | None
    next_run_at: datetime | None
    """None while no run is planned; a time that has passed means "in the next minutes"."""
    catalog_read_at: datetime | None
    window: ShopWindow
    limits: MarketLimits
    pending: int
    """Products that the next run changes in VK; 0 also while one is at work."""
    shared: int
    """Barcodes that stand in more than one of the selected stores, as far as a plan is asked for."""
    undone: int
    """Changes that the last run could not make."""
    is_mended: bool
    """The connection that ended the last run works again."""
    undoable: int
    """Items that the last run hid and that may be shown again."""
    only_store: str | None
    """Id of the owner's store where there is just one."""
    synced_at: datetime | None
    """When a synchronisation last came through to its end."""

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
        """Problems that the page tells itself: what holds the synchronisation up, else the heaviest."""
        grave = [problem for problem in self.problems if not problem.is_minor and not problem.is_a_step]
        return [problem for problem in grave if problem.is_loud] or grave[:1]

    @property
    def others(self) -> int:
        """Problems that this page does not tell."""
        return len(self.problems) - len(self.told)

    @property
    def next_run_is_due(self) -> bool:
        return self.next_run_at is not None and self.next_run_at <= utcnow()

    @property
    def is_busy(self) -> bool:
        """A run is at work or in the queue, and no other is to be asked for."""
        return self.last_run is not None and self.last_run.status in ACTIVE and not self._waits_for_a_step

    @property
    def _waits_for_a_step(self) -> bool:
        """Queued, and not to begin before the owner has connected or chosen something."""
        return self.situation is Situation.BLOCKED

    @property
    def goes_on(self) -> bool:
        """The page keeps asking how far it is: a run goes on, or the next part of one is about to begin."""
        return self.last_run is not None and (self.is_busy or is_between(self.last_run, self.next_run_at))


def is_between(run: SyncRun, next_run_at: datetime | None) -> bool:
    """It left the rest to another run, which comes at once."""
    is_part = run.status == RunStatus.CONTINUED
    return is_part and next_run_at is not None and next_run_at <= utcnow() + SOON


def sync_overview(user: User) -> SyncOverview:
    config = owner_config.config_of(user)
    run_obstacle = switch.run_obstacle(user)
    last_run, steps, rules = records.latest(user.id), first_steps(user), rule_summary(user)
    window = shop_window.shop_window(user)
    is_at_work = last_run is not None and last_run.status == RunStatus.RUNNING
    is_next = steps[Step.LAUNCH] is StepState.NOW
    pending = pending_plan(user) if rules.known and (is_next or not is_at_work) else None
    waiting = None if is_at_work else pending
    plan_waits = waiting is not None and waiting.needs_approval
    found = problems(user, rules.held, plan_waits=plan_waits, empty=rules.emptiness)
    return SyncOverview(
        situation=situation_of(
            _facts(user, last_run, window=window, waiting=waiting, found=found, is_held=run_obstacle is not None)
        ),
        steps=steps,
        readiness=readiness_of(user, pending.summary) if pending else None,
        problems=found,
        status=switch.status_of(user),
        is_enabled=config.is_enabled,
        confirmed_at=config.confirmed_at,
        has_vk=user.vk is not None and user.vk.is_connected,
        confirm_obstacle=switch.confirmation_obstacle(user),
        run_obstacle=run_obstacle,
        rules=rules,
        last_run=last_run,
        next_run_at=next_run_at(user),
        catalog_read_at=catalog_age(user.id).read_at,
        window=window,
        limits=market_limits(user),
        pending=waiting.product_count if waiting else 0,
        shared=pending.summary.shared if pending else 0,
        undone=_undone(last_run),
        is_mended=_is_mended(user, last_run),
        undoable=orders.undoable(user, last_run) if last_run else 0,
        only_store=only_store(user.id),
        synced_at=records.last_success(user.id),
    )


def next_run_at(user: User) -> datetime | None:
    """When the next one begins by itself: a synchronisation, or the rest of what was ordered."""
    obstacle = orders.order_obstacle(user) if shop_window.order_of(user) else switch.run_obstacle(user)
    if obstacle is not None:
        return None
    return (user.sync_state.next_run_at if user.sync_state else None) or utcnow()


def _facts(
    user: User,
    last: SyncRun | None,
    *,
    window: ShopWindow,
    waiting: PendingPlan | None,
    found: Sequence[Problem],
    is_held: bool,
) -> Facts:
    config = owner_config.config_of(user)
    kinds = {problem.kind for problem in found}
    grave = [problem for problem in found if not (problem.is_minor or problem.is_a_step)]
    others = [problem for problem in grave if problem.kind not in TOLD_OTHERWISE]
    return Facts(
        is_enabled=config.is_enabled,
        is_confirmed=config.confirmed_at is not None,
        is_ordered=window.order is not None,
        is_at_work=last is not None and last.status == RunStatus.RUNNING,
        is_queued=last is not None and last.status == RunStatus.QUEUED,
        is_held=is_held,
        is_troubled=any(problem.is_loud for problem in others),
        waits=Kind.APPROVAL in kinds,
        is_approved=waiting is not None and waiting.is_approved,
        last=_ended(last, config.confirmed_at),
        undone=bool(others) or _undone(last) > 0,
        is_empty=Kind.EMPTY in kinds,
        pending=waiting.product_count if waiting else 0,
        live=window.live,
        hidden=window.hidden if window.is_hidden else 0,
    )


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
