"""One run for one user, from its claim to its end. Whatever fails, the next run goes on from the records."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa
import structlog

from app.clients.errors import VkError
from app.clients.vk_errors import Action as Treatment
from app.context import settings
from app.db import db, utcnow
from app.models import RunStatus, RunTrigger, SyncRun, SyncRunEntry, User
from app.services import runs
from app.services.run_work import FAULT_PAUSE, OWNER_PAUSE, RunEnds, RunWork
from app.services.sync_settings import run_obstacle
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
    """Bring the user's market up to date. `to_end`: no time slice, and short waits are waited out."""
    if (obstacle := run_obstacle(user)) is not None:
        db.session.commit()
        status = "not_active" if obstacle == "not_active" else "not_ready"
        return Outcome(user.id, user.email, status, error=obstacle)
    run = runs.claim(user.id, trigger, runs.worker_name())
    if run is None:
        return Outcome(user.id, user.email, "already_running")
    deadline = math.inf if to_end else monotonic() + settings().run_slice_seconds
    work = RunWork(user, run, to_end=to_end, deadline=deadline, sleep=sleep, monotonic=monotonic)
    try:
        work.do()
    except RunEnds as end:
        _finish(run, end.status, pause=end.pause, code=end.code, text=end.text)
    except VkError as error:
        _finish_for_vk(user, run, error)
    except Exception:
        db.session.rollback()
        log.exception("run_failed", user_id=user.id, run_id=run.id)
        _finish(run, RunStatus.FAILED, code="internal")
    else:
        _finish(run, RunStatus.SUCCEEDED)
    outcome = _outcome(user, run)
    log.info("run", user_id=user.id, run_id=run.id, status=outcome.status, error=outcome.error, done=run.done)
    return outcome


def _finish(
    run: SyncRun,
    status: RunStatus,
    *,
    pause: timedelta | None = None,
    code: str | None = None,
    text: str | None = None,
) -> None:
    wait = timedelta(minutes=settings().sync_interval_minutes) if pause is None else pause
    runs.finish(
        run,
        status,
        utcnow() + wait,
        hold=pause is not None,
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
    code, hold = vk_code(error), timedelta(seconds=error.retry_after or 0)
    needs_owner = error.token_rejected or error.action is Treatment.ASK
    if needs_owner and user.vk is not None:
        user.vk.state, user.vk.error_code, user.vk.checked_at = vk_state(error), code, utcnow()
        _finish(run, RunStatus.STOPPED, pause=max(hold, OWNER_PAUSE), code=code, text=error.message)
    elif error.action is Treatment.STOP:
        log.error("vk_refuses_application", user_id=user.id, run_id=run.id, code=code)
        _finish(run, RunStatus.FAILED, pause=OWNER_PAUSE, code=code, text=error.message)
    else:
        _finish(run, RunStatus.CONTINUED, pause=max(hold, FAULT_PAUSE), code=code, text=error.message)


def _outcome(user: User, run: SyncRun) -> Outcome:
    return Outcome(
        user.id, user.email, run.status, run.id, counts=run.counts, skipped=run.skipped, error=run.error_code
    )
