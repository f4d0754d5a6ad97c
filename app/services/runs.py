"""Runs are rows: requested, claimed by one worker, kept alive by a lease, finished once."""

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.context import settings
from app.db import db, utcnow
from app.models import EntryOutcome, OwnerOrder, RunStatus, RunTrigger, SyncConfig, SyncRun, SyncState, VkConnection
from app.models.run import ACTIVE

CANCELLED, SWITCHED_OFF, CHANGED_MEANWHILE = "cancelled", "switched_off", "changed_meanwhile"
OTHER_ORDER = "other_order"
"""The owner ordered something in one piece, which comes first."""
LONGEST_PAUSE = timedelta(days=1)
CLOCK_TOLERANCE = timedelta(hours=1)
"""Moments further ahead than they can have been set are from a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends.

    `pauses` in seconds, for the first, second, … time in a row; without them the next run comes as usual, or `at_once`.
    """

    status: RunStatus
    code: str | None = None
    text: str | None = None
    pauses: tuple[float, ...] = ()
    at_once: bool = False


def worker_name() -> str:
    """Tells one worker from another for good, even on one machine and after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[:128]


def request(user_id: int, trigger: RunTrigger) -> None:
    """Queue a run; where one is at work already, another follows it."""
    active = _active(user_id)
    if active is None:
        try:
            with db.session.begin_nested():
                db.session.add(SyncRun(user_id=user_id, trigger=trigger, status=RunStatus.QUEUED))
        except IntegrityError:
            active = _active(user_id)
    if active is not None and active.status == RunStatus.RUNNING:
        schedule(user_id, utcnow())


def _active(user_id: int) -> SyncRun | None:
    return db.session.scalar(sa.select(SyncRun).where(SyncRun.user_id == user_id, SyncRun.status.in_(ACTIVE)))


def drop_queued(user_id: int, code: str = SWITCHED_OFF) -> None:
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.QUEUED)
        .values(status=RunStatus.STOPPED, error_code=code, finished_at=utcnow())
    )


def cancel(user_id: int, code: str = CANCELLED) -> None:
    """The owner wants the user's run to end: a queued one at once, one at work between two changes."""
    drop_queued(user_id, code)
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING)
        .values(cancel_requested=True, error_code=None if code == CANCELLED else code)
    )


def not_before(user_id: int, moment: datetime) -> None:
    """No run starts by itself earlier than that."""
    is_earlier = sa.or_(SyncState.next_run_at.is_(None), SyncState.next_run_at < moment)
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id, is_earlier).values(next_run_at=moment))


def schedule(user_id: int, at: datetime) -> None:
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(next_run_at=at))


def end_pause(user_id: int) -> None:
    """What held the user's runs is mended: the next one starts at once, and later pauses begin small again.

    Its code stays until a run came through: after a captcha VK is asked slowly.
    """
    db.session.execute(sa.update(SyncState).where(SyncState.user_id == user_id).values(next_run_at=utcnow(), strikes=0))


def _next_pause(user_id: int, code: str, pauses: Sequence[float], *, has_progress: bool) -> timedelta:
    """The pause after a run that ended for this reason, longer each time in a row without progress between.

    `pauses` in seconds. Flushes.
    """
    query = sa.select(SyncState).where(SyncState.user_id == user_id)
    state = db.session.scalar(query.execution_options(populate_existing=True))
    if state is None:
        return timedelta(seconds=pauses[0])
    state.strikes = 1 if has_progress or state.strike_code != code else state.strikes + 1
    state.strike_code = code
    db.session.flush()
    return timedelta(seconds=pauses[min(state.strikes, len(pauses)) - 1])


def claim(user_id: int, trigger: RunTrigger, worker: str) -> SyncRun | None:
    """The user's run, now ours; None while another worker is at work. Commits."""
    now = utcnow()
    _bury_dead(user_id, now)
    values = {
        "status": RunStatus.RUNNING,
        "worker": worker,
        "started_at": now,
        "heartbeat_at": now,
        "lease_until": now + timedelta(seconds=settings().run_lease_seconds),
    }
    queued = (
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.QUEUED)
        .values(values)
        .returning(SyncRun.id)
    )
    run_id = db.session.scalar(queued)
    if run_id is None:
        run_id = _insert_running(user_id, trigger, values)
    db.session.commit()
    return db.session.get(SyncRun, run_id, populate_existing=True) if run_id is not None else None


def _bury_dead(user_id: int, now: datetime) -> None:
    """A run whose lease has ended has lost its worker; so has one whose lease no clock that is right can have given."""
    longest = timedelta(seconds=settings().run_lease_seconds) + CLOCK_TOLERANCE
    is_dead = sa.or_(SyncRun.lease_until < now, SyncRun.lease_until > now + longest)
    db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.user_id == user_id, SyncRun.status == RunStatus.RUNNING, is_dead)
        .values(status=RunStatus.FAILED, error_code="worker_lost", finished_at=now)
    )


def _insert_running(user_id: int, trigger: RunTrigger, values: dict[str, Any]) -> int | None:
    try:
        with db.session.begin_nested():
            run = SyncRun(user_id=user_id, trigger=trigger, **values)
            db.session.add(run)
        return run.id
    except IntegrityError:
        return None


def confirmation(user_id: int) -> str | None:
    """What tells what was confirmed from anything else; None where it was confirmed before that was noted."""
    return db.session.scalar(sa.select(SyncState.confirmation).where(SyncState.user_id == user_id))


def renew(
    run: SyncRun,
    worker: str,
    confirmed: str | None,
    group_id: int,
    order: str | None = None,
    *,
    news: Mapping[str, Any] | None = None,
) -> bool:
    """One committed UPDATE: the lease goes on if worker, switch, what was confirmed and community are what they were.

    `order`: the run is for something that the owner ordered, so that is what must stand still. `news`: columns of the
    run that tell the owner what it is doing.
    """
    now = utcnow()
    renewed = db.session.execute(
        sa.update(SyncRun)
        .where(
            SyncRun.id == run.id,
            SyncRun.status == RunStatus.RUNNING,
            SyncRun.worker == worker,
            SyncRun.cancel_requested.is_(False),
            _still_wanted(run.user_id, confirmed, order),
            sa.exists().where(VkConnection.user_id == run.user_id, VkConnection.group_id == group_id),
        )
        .values(heartbeat_at=now, lease_until=now + timedelta(seconds=settings().run_lease_seconds), **(news or {}))
        .execution_options(synchronize_session=False)
    )
    if getattr(renewed, "rowcount", 0) != 1:
        db.session.rollback()  # what was about to be written is not wanted any more, and is another worker's business
        return False
    db.session.commit()
    return True


def _still_wanted(user_id: int, confirmed: str | None, order: str | None) -> sa.ColumnElement[bool]:
    """What the owner ordered in one piece stands whatever the switch says."""
    if order is not None:
        return sa.exists().where(SyncState.user_id == user_id, SyncState.owner_order == order)
    return sa.and_(_is_on(user_id), _is_confirmed(user_id, confirmed))


def _is_on(user_id: int) -> sa.Exists:
    return sa.exists().where(SyncConfig.user_id == user_id, SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))


def _is_confirmed(user_id: int, confirmed: str | None) -> sa.ColumnElement[bool]:
    """The same rules and settings as when the run began: confirming them once more only renews the date."""
    is_same = SyncState.confirmation.is_not_distinct_from(confirmed)
    return sa.exists().where(SyncState.user_id == user_id, is_same)


def why_stopped(run: SyncRun, confirmed: str | None, order: str | None = None) -> str:
    """After a lease that was not renewed: a code."""
    query = sa.select(SyncRun.cancel_requested, SyncRun.error_code).where(SyncRun.id == run.id)
    cancelled = db.session.execute(query).first()
    if cancelled is not None and cancelled.cancel_requested:
        return cancelled.error_code or CANCELLED
    is_other = sa.and_(_is_on(run.user_id), sa.not_(_is_confirmed(run.user_id, confirmed)))
    if order is None and db.session.scalar(sa.select(is_other)):
        return CHANGED_MEANWHILE
    return SWITCHED_OFF


def finish(run_id: int, worker: str, end: End, counts: Mapping[str, Mapping[str, int]]) -> bool:
    """Ends the run once; commits this and whatever the session holds.

    False where the run is not this worker's any more, buried by another one or gone with its account: then nothing is
    changed, the next time and the strikes included. A request that came during the run has set an earlier time, which
    stands where VK or the owner do not need the pause.
    """
    ended = db.session.execute(
        sa.update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.status == RunStatus.RUNNING, SyncRun.worker == worker)
        .values(status=end.status, finished_at=utcnow(), error_code=end.code, error_text=end.text, counts=counts)
        .returning(SyncRun.user_id, SyncRun.started_at, SyncRun.cancel_requested)
        .execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        db.session.rollback()
        return False
    if end.status == RunStatus.NEEDS_APPROVAL:
        _drop_earlier_waiting(ended.user_id, run_id)
    _schedule_next(ended.user_id, end, counts, ended.started_at, is_cancelled=ended.cancel_requested)
    if end.status == RunStatus.SUCCEEDED:
        calm = sa.update(SyncState).where(SyncState.user_id == ended.user_id, SyncState.strike_code.is_not(None))
        db.session.execute(calm.values(strikes=0, strike_code=None).execution_options(synchronize_session=False))
    db.session.commit()
    return True


def _schedule_next(
    user_id: int, end: End, counts: Mapping[str, Mapping[str, int]], started_at: datetime, *, is_cancelled: bool
) -> None:
    """`is_cancelled`: by the owner, who may have asked for something else meanwhile."""
    wait = timedelta(0) if end.at_once else timedelta(minutes=settings().sync_interval_minutes)
    if end.pauses and end.code is not None:
        has_progress = any(EntryOutcome.DONE in outcomes for outcomes in counts.values())
        wait = _next_pause(user_id, end.code, end.pauses, has_progress=has_progress)
    next_run_at = utcnow() + wait
    scheduled = sa.update(SyncState).where(SyncState.user_id == user_id)
    if is_cancelled or not (end.at_once or end.pauses):
        arms = [SyncState.next_run_at.is_(None), SyncState.next_run_at <= started_at]
        if end.status != RunStatus.STOPPED:
            arms.append(SyncState.next_run_at > next_run_at)  # it came through, so an earlier pause is over
        scheduled = scheduled.where(sa.or_(*arms))
    db.session.execute(scheduled.values(next_run_at=next_run_at).execution_options(synchronize_session=False))


def is_there(run_id: int) -> bool:
    """A run at work goes only with its account."""
    return db.session.scalar(sa.select(SyncRun.id).where(SyncRun.id == run_id)) is not None


def _drop_earlier_waiting(user_id: int, run_id: int) -> None:
    """A waiting plan is made anew at every pass: the history tells it once."""
    db.session.execute(
        sa.delete(SyncRun).where(
            SyncRun.user_id == user_id,
            SyncRun.id < run_id,
            SyncRun.status == RunStatus.NEEDS_APPROVAL,
            SyncRun.done == 0,
        )
    )


def due_user_ids(now: datetime | None = None) -> list[int]:
    """Active users, and those who ordered something, whose run is queued or whose time has come."""
    now = now or utcnow()
    queued = sa.select(SyncRun.id).where(SyncRun.user_id == SyncConfig.user_id, SyncRun.status == RunStatus.QUEUED)
    is_active = sa.and_(SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
    is_time = sa.or_(
        SyncState.next_run_at.is_(None),
        SyncState.next_run_at <= now,
        SyncState.next_run_at > now + LONGEST_PAUSE + CLOCK_TOLERANCE,
    )
    query = (
        sa.select(SyncConfig.user_id)
        .join(SyncState, SyncState.user_id == SyncConfig.user_id, isouter=True)
        .where(sa.or_(is_active, SyncState.owner_order.is_not(None)), sa.or_(queued.exists(), is_time))
        .order_by(SyncState.next_run_at.is_not(None), SyncState.next_run_at, SyncConfig.user_id)
    )
    return list(db.session.scalars(query))


def somebody_is_at_work(now: datetime) -> bool:
    """A worker is alive, whoever it works for."""
    at_work = (SyncRun.status.in_(ACTIVE), SyncRun.status == RunStatus.RUNNING, SyncRun.lease_until > now)
    return db.session.scalar(sa.select(SyncRun.id).where(*at_work).limit(1)) is not None


def latest(user_id: int) -> SyncRun | None:
    return db.session.scalar(sa.select(SyncRun).where(SyncRun.user_id == user_id).order_by(SyncRun.id.desc()).limit(1))


def last_success(user_id: int) -> datetime | None:
    """When a synchronisation last came through to its end; what the owner ordered in one piece is none."""
    came_through = (
        SyncRun.user_id == user_id,
        SyncRun.status == RunStatus.SUCCEEDED,
        SyncRun.trigger.not_in([*OwnerOrder]),
    )
    return db.session.scalar(sa.select(sa.func.max(SyncRun.finished_at)).where(*came_through))
