"""One run for one user, from its claim to its end. Whatever fails, the next run goes on from the records."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.clients.errors import VkError
from app.clients.vk_errors import FAULT_HOLDS, OWNER_HOLDS
from app.clients.vk_errors import Action as Treatment
from app.context import settings
from app.db import db, utcnow
from app.models import EntryOutcome, RunStatus, RunTrigger, SyncRun, User
from app.services import orders, run_history, runs
from app.services.order_work import OrderWork
from app.services.run_work import RunEnds, RunWork
from app.services.sync_settings import run_obstacle
from app.services.sync_work import SyncWork
from app.services.vendors import vk_code, vk_state

log = structlog.get_logger()


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
    def succeeded(self) -> bool:
        return self.status in (RunStatus.SUCCEEDED, RunStatus.CONTINUED)


def run_user(
    user: User,
    trigger: RunTrigger,
    *,
    to_end: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Bring the user's market up to date, or do what the owner ordered.

    `to_end`: no time slice, and short waits are waited out.
    """
    if (obstacle := _obstacle(user)) is not None:
        db.session.commit()
        status = "not_active" if obstacle == "not_active" else "not_ready"
        return Outcome(user.id, user.email, status, error=obstacle)
    worker = runs.worker_name()
    run = runs.claim(user.id, trigger, worker)
    if run is None:
        return Outcome(user.id, user.email, "already_running")
    deadline = math.inf if to_end else monotonic() + settings().run_slice_seconds
    db.session.expire_all()  # what the run is for is what the owner wants now
    order = orders.order_of(user)
    kind = OrderWork if order else SyncWork
    run.trigger = order or run.trigger
    try:
        work = kind(user, run, worker, to_end=to_end, deadline=deadline, sleep=sleep, monotonic=monotonic, order=order)
        _work(user, run, worker, work)
    except (IntegrityError, StaleDataError):
        # The owner's pages and this run wrote the same rows; the next run plans by what stands there now.
        db.session.rollback()
        log.info("changed_meanwhile", user_id=user.id, run_id=run.id)
        _finish(run, worker, RunStatus.CONTINUED, pauses=(1, *FAULT_HOLDS), code="changed_meanwhile")
    except (OperationalError, InterfaceError) as error:
        db.session.rollback()
        log.error("database_lost", user_id=user.id, run_id=run.id, error=type(error.orig).__name__)
        _finish(run, worker, RunStatus.FAILED, pauses=FAULT_HOLDS, code="database_lost")
    except Exception:
        db.session.rollback()
        log.exception("run_failed", user_id=user.id, run_id=run.id)
        _finish(run, worker, RunStatus.FAILED, pauses=FAULT_HOLDS, code="internal")
    outcome = _outcome(user, run)
    log.info("run", user_id=user.id, run_id=run.id, status=outcome.status, error=outcome.error, done=run.done)
    return outcome


def _obstacle(user: User) -> str | None:
    return orders.order_obstacle(user) if orders.order_of(user) else run_obstacle(user)


def _work(user: User, run: SyncRun, worker: str, work: RunWork) -> None:
    """Every end that was foreseen."""
    try:
        work.do()
    except RunEnds as end:
        work.keep_refusals()
        _finish(run, worker, end.status, pauses=end.pauses, at_once=end.at_once, code=end.code)
    except VkError as error:
        work.keep_refusals()
        _finish_for_vk(user, run, worker, error)
    else:
        _finish(run, worker, RunStatus.SUCCEEDED)


def _finish(
    run: SyncRun,
    worker: str,
    status: RunStatus,
    *,
    pauses: tuple[float, ...] = (),
    at_once: bool = False,
    code: str | None = None,
    text: str | None = None,
) -> None:
    """`pauses` in seconds, for the first, second, … time in a row; without them the next run comes as usual."""
    counts = run_history.count_entries(run.id)
    wait = timedelta(0) if at_once else timedelta(minutes=settings().sync_interval_minutes)
    if pauses and code is not None:
        has_progress = any(EntryOutcome.DONE in outcomes for outcomes in counts.values())
        wait = runs.next_pause(run.user_id, code, pauses, has_progress=has_progress)
    hold = at_once or bool(pauses)
    runs.finish(run, worker, status, utcnow() + wait, hold=hold, error_code=code, error_text=text, counts=counts)


def _finish_for_vk(user: User, run: SyncRun, worker: str, error: VkError) -> None:
    """The owner's problem stops this user's run and shows on the connection; VK's own passes by itself."""
    code = vk_code(error)
    needs_owner = error.token_rejected or error.action is Treatment.ASK
    if needs_owner and user.vk is not None:
        user.vk.state, user.vk.error_code, user.vk.checked_at = vk_state(error), code, utcnow()
        user.vk.way_out = error.redirect_uri
        _finish(run, worker, RunStatus.STOPPED, pauses=error.holds or OWNER_HOLDS, code=code, text=error.message)
    elif error.action is Treatment.STOP:
        log.error("vk_refuses_application", user_id=user.id, run_id=run.id, code=code)
        _finish(run, worker, RunStatus.FAILED, pauses=error.holds or OWNER_HOLDS, code=code, text=error.message)
    else:
        _finish(run, worker, RunStatus.CONTINUED, pauses=error.holds or FAULT_HOLDS, code=code, text=error.message)


def _outcome(user: User, run: SyncRun) -> Outcome:
    return Outcome(
        user.id,
        user.email,
        run.status,
        run.id,
        counts=run.counts,
        skipped=run.skipped,
        error=run.error_code,
        fingerprint=run.fingerprint,
    )
