"""One run for one user, from its claim to its end. Whatever fails, the next run goes on from the records."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock
from app.clients.vk.errors import VkError
from app.db import db
from app.domain.planning.changes import published
from app.logs import get_logger, naming
from app.models import RunStatus, RunTrigger, SyncRun, User
from app.services import health
from app.services.engine.context import run_context
from app.services.engine.context.early_end import RunEnds
from app.services.engine.context.held_lease import RunNews
from app.services.engine.context.time_slice import TimeSlice
from app.services.engine.failures import end_after_unforeseen, end_after_vk_error
from app.services.engine.owner_order import OrderedWork
from app.services.engine.synchronisation import Synchronisation
from app.services.owner import orders, shop_window
from app.services.owner.switch import run_obstacle
from app.services.planning.plans import read_anew
from app.services.runs import claims, ending, history, records
from app.services.runs.codes import ACCOUNT_DELETED, DATABASE_LOST
from app.services.runs.ending import End
from app.services.vendors import circuits, clients

log = get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: a RunStatus; without one `not_active`, `not_ready`, `vendor_away` or `already_running`."""

    user_id: int
    email: str
    status: str
    run_id: int | None = None
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    fingerprint: str | None = None
    """Of the braked changes, where the plan waits for approval."""

    @property
    def done(self) -> int:
        """Entries of any outcome."""
        return sum(sum(outcomes.values()) for outcomes in self.counts.values())

    @property
    def succeeded(self) -> bool:
        return self.status in (RunStatus.SUCCEEDED, RunStatus.CONTINUED)


def run_user(
    user: User,
    trigger: RunTrigger,
    *,
    to_end: bool = True,
    is_stopping: Callable[[], bool] = lambda: False,
    others_wait: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = clock.sleep,
    monotonic: Callable[[], float] = clock.monotonic,
    on_news: Callable[[RunNews], None] = lambda _news: None,
) -> Outcome:
    """Bring the user's market up to date, or do what the owner ordered.

    `to_end`: no time slice, and short waits are waited out. `is_stopping`: the process is told to end, which it does
    after the current change. `others_wait`: somebody needs the time more, where there is a slice. `on_news` hears how
    far the run is. Raises a database error only where the database stays away.
    """
    # From here on the account may be deleted at any moment, and every row of its with it.
    user_id, email = user.id, user.email
    if (obstacle := _obstacle(user)) is not None:
        db.session.commit()
        status = "not_active" if obstacle == "not_active" else "not_ready"
        return Outcome(user_id, email, status, error=obstacle)
    entry = circuits.enter(user, circuits.needed(is_order=shop_window.order_of(user) is not None))
    if entry.away is not None:
        return Outcome(user_id, email, "vendor_away", error=f"{entry.away}_away")
    worker = claims.worker_name()
    row = claims.claim(user_id, trigger, worker)
    if row is None:
        is_there = db.session.scalar(sa.select(User.id).where(User.id == user_id)) is not None
        db.session.commit()
        return Outcome(user_id, email, "already_running") if is_there else _gone(user_id, email)
    run_id = row.id
    time_slice = TimeSlice(
        to_end=to_end, is_stopping=is_stopping, others_wait=others_wait, sleep=sleep, monotonic=monotonic
    )
    work = partial(_work, user, row, worker, time_slice, on_news)
    with naming(user_id=user_id, run_id=run_id), clients.listening() as lines:
        _carry_out(work, row, worker, time_slice, user_id=user_id, run_id=run_id)
    circuits.note(user_id, lines, entry.doubted)
    outcome = _outcome(user_id, email, run_id)
    log.info("run", user_id=user_id, run_id=run_id, status=outcome.status, error=outcome.error, done=outcome.done)
    return outcome


def _obstacle(user: User) -> str | None:
    read_anew(user)
    return orders.order_obstacle(user) if shop_window.order_of(user) else run_obstacle(user)


def _carry_out(
    work: Callable[[], End], row: SyncRun, worker: str, time_slice: TimeSlice, *, user_id: int, run_id: int
) -> None:
    """The run from its claim to its end, whatever happens on the way."""
    try:
        end = work()
        ending.finish(run_id, worker, end, history.count_entries(run_id) if row.done else {})
        return
    except Exception as error:
        db.session.rollback()
        failure = error
    try:
        end = end_after_unforeseen(failure, user_id, run_id)
        ending.finish(run_id, worker, end, history.count_entries(run_id))
    except (OperationalError, InterfaceError) as error:
        db.session.rollback()
        log.error("run_not_finished", user_id=user_id, run_id=run_id, error=type(error.orig).__name__)
        if not health.comes_back(time_slice.sleep):
            raise
    except Exception:
        db.session.rollback()
        log.exception("run_not_finished", user_id=user_id, run_id=run_id)


def _work(user: User, row: SyncRun, worker: str, time_slice: TimeSlice, on_news: Callable[[RunNews], None]) -> End:
    """Every end that was foreseen. Flushes."""
    try:
        run = run_context.begin(user, row, worker, time_slice, on_news)
    except RunEnds as early:
        return early.end
    try:
        work = OrderedWork(run) if run.order else Synchronisation(run)
        work.carry_out()
        end = End(RunStatus.SUCCEEDED)
    except RunEnds as early:
        end = early.end
    except VkError as error:
        end = end_after_vk_error(run.findings, error)
    finally:
        run.close()
    run.findings.keep()
    return end


def _outcome(user_id: int, email: str, run_id: int) -> Outcome:
    run = records.ended(user_id, run_id)
    if run is None:
        return _gone(user_id, email, run_id)
    is_open = run.status == RunStatus.RUNNING  # the end could not be written: the next worker buries it
    outcome = Outcome(
        user_id,
        email,
        RunStatus.FAILED if is_open else run.status,
        run_id,
        counts=run.counts,
        skipped=published(run.left),
        error=DATABASE_LOST if is_open else run.error_code,
        fingerprint=run.fingerprint,
    )
    db.session.commit()
    return outcome


def _gone(user_id: int, email: str, run_id: int | None = None) -> Outcome:
    return Outcome(user_id, email, RunStatus.STOPPED, run_id, error=ACCOUNT_DELETED)
