"""One run for one user, from its claim to its end. Whatever fails, the next run goes on from the records."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from app.clients.vk.errors import FAULT_HOLDS, OWNER_HOLDS, Treatment, VkError
from app.context import settings
from app.db import db, is_contention
from app.models import RunStatus, RunTrigger, SyncRun, User
from app.services import health
from app.services.engine.order import OrderWork
from app.services.engine.sync import SyncWork
from app.services.engine.work import RunEnds, RunWork, VkFound
from app.services.owner import orders
from app.services.owner.switch import run_obstacle
from app.services.runs import claims, ending, history, records
from app.services.runs.codes import CHANGED_MEANWHILE
from app.services.runs.ending import End
from app.services.vendors.faults import vk_code, vk_state

log = structlog.get_logger()

ACCOUNT_DELETED = "account_deleted"
LOST = "database_lost"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: a RunStatus, or where there was none `not_active`, `not_ready`, `already_running`."""

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
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Bring the user's market up to date, or do what the owner ordered.

    `to_end`: no time slice, and short waits are waited out. `is_stopping`: the process is told to end, which it does
    after the current change. Raises a database error only where the database stays away.
    """
    # From here on the account may be deleted at any moment, and every row of its with it.
    user_id, email = user.id, user.email
    if (obstacle := _obstacle(user)) is not None:
        db.session.commit()
        status = "not_active" if obstacle == "not_active" else "not_ready"
        return Outcome(user_id, email, status, error=obstacle)
    worker = claims.worker_name()
    run = claims.claim(user_id, trigger, worker)
    if run is None:
        is_there = db.session.scalar(sa.select(User.id).where(User.id == user_id)) is not None
        db.session.commit()
        return Outcome(user_id, email, "already_running") if is_there else _gone(user_id, email)
    run_id = run.id
    deadline = math.inf if to_end else monotonic() + settings().run_slice_seconds

    def work_on() -> RunWork:
        db.session.expire_all()  # what the run is for is what the owner wants now
        order = orders.order_of(user)
        kind = OrderWork if order else SyncWork
        run.trigger = order or run.trigger
        return kind(
            user,
            run,
            worker,
            to_end=to_end,
            deadline=deadline,
            is_stopping=is_stopping,
            sleep=sleep,
            monotonic=monotonic,
            order=order,
        )

    _carry_out(work_on, user_id, run_id, worker, sleep)
    outcome = _outcome(user_id, email, run_id)
    log.info("run", user_id=user_id, run_id=run_id, status=outcome.status, error=outcome.error, done=outcome.done)
    return outcome


def _obstacle(user: User) -> str | None:
    return orders.order_obstacle(user) if orders.order_of(user) else run_obstacle(user)


def _carry_out(
    work_on: Callable[[], RunWork], user_id: int, run_id: int, worker: str, sleep: Callable[[float], None]
) -> None:
    """The run from its claim to its end, whatever happens on the way."""
    try:
        end = _work(work_on)
        ending.finish(run_id, worker, end, history.count_entries(run_id))
        return
    except Exception as error:
        db.session.rollback()
        failure = error
    try:
        end = _unforeseen(failure, user_id, run_id)
        ending.finish(run_id, worker, end, history.count_entries(run_id))
    except (OperationalError, InterfaceError) as error:
        db.session.rollback()
        log.error("run_not_finished", user_id=user_id, run_id=run_id, error=type(error.orig).__name__)
        if not health.comes_back(sleep):
            raise
    except Exception:
        db.session.rollback()
        log.exception("run_not_finished", user_id=user_id, run_id=run_id)


def _work(work_on: Callable[[], RunWork]) -> End:
    """Every end that was foreseen. Flushes."""
    try:
        work = work_on()
    except RunEnds as early:
        return early.end
    try:
        work.do()
        end = End(RunStatus.SUCCEEDED)
    except RunEnds as early:
        end = early.end
    except VkError as error:
        end = _end_for_vk(work, error)
    work.keep_findings()
    return end


def _end_for_vk(work: RunWork, error: VkError) -> End:
    """The owner's problem stops this user's run and shows on the connection; VK's own passes by itself."""
    code = vk_code(error)
    if error.token_rejected or error.action is Treatment.ASK:
        if work.vk_use.current() is None:
            return End(
                RunStatus.CONTINUED, CHANGED_MEANWHILE, at_once=True
            )  # nobody asks for that token or community any more
        work.vk_found = VkFound(vk_state(error), code, error.redirect_uri)
        return End(RunStatus.STOPPED, code, error.message, error.holds or OWNER_HOLDS)
    if error.action is Treatment.STOP:
        log.error("vk_refuses_application", user_id=work.vk_use.user_id, code=code)
        return End(RunStatus.FAILED, code, error.message, error.holds or OWNER_HOLDS)
    return End(RunStatus.CONTINUED, code, error.message, error.holds or FAULT_HOLDS)


def _unforeseen(error: Exception, user_id: int, run_id: int) -> End:
    """After a rollback. Raises a database error where the database is away."""
    if isinstance(error, OperationalError | InterfaceError) and not is_contention(error):
        log.error(LOST, user_id=user_id, run_id=run_id, error=type(error.orig).__name__)
        return End(RunStatus.FAILED, LOST, pauses=FAULT_HOLDS)
    if not records.is_there(run_id):
        log.info(ACCOUNT_DELETED, user_id=user_id, run_id=run_id)
        return End(RunStatus.STOPPED, ACCOUNT_DELETED)
    if is_contention(error) or isinstance(error, IntegrityError | StaleDataError | ObjectDeletedError):
        # The owner's pages and this run wrote the same rows; the next run plans by what stands there now.
        log.info(CHANGED_MEANWHILE, user_id=user_id, run_id=run_id)
        return End(RunStatus.CONTINUED, CHANGED_MEANWHILE, pauses=(1, *FAULT_HOLDS))
    log.error("run_failed", user_id=user_id, run_id=run_id, exc_info=error)
    return End(RunStatus.FAILED, "internal", pauses=FAULT_HOLDS)


def _outcome(user_id: int, email: str, run_id: int) -> Outcome:
    query = sa.select(SyncRun).where(SyncRun.id == run_id).execution_options(populate_existing=True)
    run = db.session.scalar(query)
    if run is None:
        return _gone(user_id, email, run_id)
    is_open = run.status == RunStatus.RUNNING  # the end could not be written: the next worker buries it
    outcome = Outcome(
        user_id,
        email,
        RunStatus.FAILED if is_open else run.status,
        run_id,
        counts=run.counts,
        skipped=run.skipped,
        error=LOST if is_open else run.error_code,
        fingerprint=run.fingerprint,
    )
    db.session.commit()
    return outcome


def _gone(user_id: int, email: str, run_id: int | None = None) -> Outcome:
    return Outcome(user_id, email, RunStatus.STOPPED, run_id, error=ACCOUNT_DELETED)
