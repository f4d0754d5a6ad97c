"""What the main page shows, read from what is stored; calls nobody and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db import utcnow
from app.domain.rules import Status
from app.models import OwnerOrder, SyncRun, User
from app.models.run import ACTIVE
from app.services import orders, planning, runs, sync_settings
from app.services.first_steps import Step, StepState, first_steps
from app.services.problems import Problem, problems
from app.services.readiness import Readiness, only_store, readiness_of
from app.services.rule_summary import RuleSummary, rule_summary


@dataclass(frozen=True, slots=True)
class SyncOverview:
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
    order: OwnerOrder | None
    live: int
    """Visible items of ours."""
    undoable: int
    """Items that the last run hid and that may be shown again."""
    only_store: str | None
    """Id of the owner's store where there is just one."""
    is_between_runs: bool
    """The last one has ended, the next follows in a moment: the page goes on asking."""
    synced_at: datetime | None
    """When a run last came through to its end."""

    @property
    def step(self) -> Step | None:
        """The one to take now; None once all are done."""
        return next((step for step, state in self.steps.items() if state is StepState.NOW), None)

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
    def is_running(self) -> bool:
        return self.last_run is not None and self.last_run.status in ACTIVE


def sync_overview(user: User) -> SyncOverview:
    config, state = sync_settings.config_of(user), user.sync_state
    run_obstacle = sync_settings.run_obstacle(user)
    order = orders.order_of(user)
    obstacle = orders.order_obstacle(user) if order else run_obstacle
    last_run, steps, rules = runs.latest(user.id), first_steps(user), rule_summary(user)
    is_next = steps[Step.LAUNCH] is StepState.NOW
    return SyncOverview(
        steps=steps,
        readiness=readiness_of(user, planning.plan_for(user)) if is_next else None,
        problems=problems(user, rules.held),
        status=sync_settings.status_of(user),
        is_enabled=config.is_enabled,
        confirmed_at=config.confirmed_at,
        has_vk=user.vk is not None and user.vk.is_connected,
        confirm_obstacle=sync_settings.confirmation_obstacle(user),
        run_obstacle=run_obstacle,
        rules=rules,
        last_run=last_run,
        next_run_at=((state.next_run_at if state else None) or utcnow()) if run_obstacle is None else None,
        order=order,
        live=orders.live_count(user),
        undoable=orders.undoable(user, last_run) if last_run else 0,
        only_store=only_store(user.id),
        is_between_runs=last_run is not None and not obstacle and runs.is_followed(last_run, utcnow()),
        synced_at=runs.last_success(user.id),
    )
