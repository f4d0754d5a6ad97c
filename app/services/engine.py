"""One run for one user, from its claim to its end. Whatever fails, the next run goes on from the records."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from app.clients.errors import VkError
from app.clients.vk_errors import FAULT_HOLDS, OWNER_HOLDS
from app.clients.vk_errors import Action as Treatment
from app.context import settings
from app.db import db, utcnow
from app.models import RunStatus, RunTrigger, SyncRun, SyncRunEntry, User
from app.services import orders, runs
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
    order = orders.order_of(user)
    if (obstacle := orders.order_obstacle(user) if order else run_obstacle(user)) is not None:
        db.session.commit()
        status = "not_active" if obstacle == "not_active" else "not_ready"
        return Outcome(user.id, user.email, status, error=obstacle)
    run = runs.claim(user.id, RunTrigger(order) if order else trigger, runs.worker_name())
    if run is None:
        return Outcome(user.id, user.email, "already_running")
    deadline = math.inf if to_end else monotonic() + settings().run_slice_seconds
    kind = OrderWork if order else SyncWork
    try:
        work = kind(user, run, to_end=to_end, deadline=deadline, sleep=sleep, monotonic=monotonic, order=order)
        _work(user, run, work)
    except (OperationalError, InterfaceError) as error:
        db.session.rollback()
        log.error("database_lost", user_id=user.id, run_id=run.id, error=type(error.orig).__name__)
        _finish(run, RunStatus.FAILED, pauses=FAULT_HOLDS, code="database_lost")
    except Exception:
        db.session.rollback()
        log.exception("run_failed", user_id=user.id, run_id=run.id)
        _finish(run, RunStatus.FAILED, pauses=FAULT_HOLDS, code="internal")
    outcome = _outcome(user, run)
    log.info("run", user_id=user.id, run_id=run.id, status=outcome.status, error=outcome.error, done=run.done)
    return outcome


def _work(user: User, run: SyncRun, work: RunWork) -> None:
    """Every end that was foreseen."""
    try:
        work.do()
    except RunEnds as end:
        work.keep_refusals()
        _finish(run, end.status, pauses=end.pauses, code=end.code, text=end.text)
    except VkError as error:
        work.keep_refusals()
        _finish_for_vk(user, run, error)
    else:
        _finish(run, RunStatus.SUCCEEDED)


def _finish(
    run: SyncRun,
    status: RunStatus,
    *,
    pauses: tuple[float, ...] = (),
    code: str | None = None,
    text: str | None = None,
) -> None:
    """`pauses` in seconds, for the first, second, … time in a row; without them the next run comes as usual."""
    wait = timedelta(minutes=settings().sync_interval_minutes)
    if pauses and code is not None:
        wait = runs.next_pause(run.user_id, code, pauses) if any(pauses) else timedelta(0)
    runs.finish(
        run,
        status,
        utcnow() + wait,
        hold=bool(pauses),
        error_code=code,
        error_text=text,
        counts=_counts(run.id),
    )


def _counts(run_id: int) -> dict[str, dict[str, int]]:
    query = (
        sa.select(SyncRunEntry.action, SyncRunEntry.outcome, sa.func.count())
        .where(SyncRunEntry.run_id == run_id)
        .group_by(SyncRunEntry.action, SyncRunEntry.outcome)
        .order_by(SyncRunEntry.action, SyncRunEntry.outcome)
    )
    counts: dict[str, dict[str, int]] = {}
    for action, outcome, number in db.session.execute(query):
        counts.setdefault(action, {})[outcome] = number
    return counts


def _finish_for_vk(user: User, run: SyncRun, error: VkError) -> None:
    """The owner's problem stops this user's run and shows on the connection; VK's own passes by itself."""
    code = vk_code(error)
    needs_owner = error.token_rejected or error.action is Treatment.ASK
    if needs_owner and user.vk is not None:
        user.vk.state, user.vk.error_code, user.vk.checked_at = vk_state(error), code, utcnow()
        user.vk.way_out = error.redirect_uri
        _finish(run, RunStatus.STOPPED, pauses=error.holds or OWNER_HOLDS, code=code, text=error.message)
    elif error.action is Treatment.STOP:
        log.error("vk_refuses_application", user_id=user.id, run_id=run.id, code=code)
        _finish(run, RunStatus.FAILED, pauses=error.holds or OWNER_HOLDS, code=code, text=error.message)
    else:
        _finish(run, RunStatus.CONTINUED, pauses=error.holds or FAULT_HOLDS, code=code, text=error.message)


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
