"""How the service is doing, counted over all users by statements that indexes answer or that read one table once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType
from app.models import (
    ConnectionState,
    EvotorConnection,
    OutgoingMail,
    RunStatus,
    SyncConfig,
    SyncFilter,
    SyncRun,
    SyncState,
    User,
    VkConnection,
)
from app.services.runs.lanes.ready import is_wanted
from app.services.vendors import circuits

_IS_ACTIVE = sa.text("status IN ('queued', 'running')")
"""To the letter as the index of active runs has it: SQLite knows it by that alone."""
ENDS = (RunStatus.SUCCEEDED, RunStatus.CONTINUED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.NEEDS_APPROVAL)


class Withdrawn(StrEnum):
    """What Evotor said of the application, which outweighs what it answers to the token."""

    UNINSTALLED = "uninstalled"
    TERMINATED = "terminated"


class Users(NamedTuple):
    """Whoever is halted is nothing else beside that."""

    total: int
    active: int
    paused: int
    """Confirmed once, and switched off by their owners."""
    waiting: int
    """A store is chosen, and nothing confirmed."""
    halted: int
    """By an operator."""


class Due(NamedTuple):
    """Users whose run could begin now and has not."""

    users: int
    oldest: datetime | None
    """Since when the one waits who has waited longest."""


class AtWork(NamedTuple):
    queued: int
    running: int
    lost: int
    """Of those that are running: their worker has not shown itself for longer than its lease."""


class Mails(NamedTuple):
    waiting: int
    oldest: datetime | None
    given_up: int


class Failures(NamedTuple):
    """Runs that ended for one reason."""

    code: str
    runs: int
    users: int


def users() -> Users:
    total, halted = db.session.execute(
        sa.select(sa.func.count(), sa.func.count(User.halted_at)).select_from(User)
    ).one()
    is_confirmed = SyncConfig.confirmed_at.is_not(None)
    has_store = sa.exists().where(
        SyncFilter.sync_config_id == SyncConfig.id, SyncFilter.entity_type == EntityType.STORE
    )
    active, paused, waiting = db.session.execute(
        sa.select(
            sa.func.count().filter(is_confirmed, SyncConfig.is_enabled),
            sa.func.count().filter(is_confirmed, ~SyncConfig.is_enabled),
            sa.func.count().filter(~is_confirmed, has_store),
        )
        .select_from(SyncConfig)
        .join(User, User.id == SyncConfig.user_id)
        .where(User.halted_at.is_(None))
    ).one()
    return Users(total, active, paused, waiting, halted)


def due(now: datetime) -> Due:
    """Without users for whom no run may start, or who wait for a vendor that answers nobody."""
    is_time = sa.or_(SyncState.next_run_at.is_(None), SyncState.next_run_at <= now)
    queued = sa.select(SyncRun.user_id).where(_IS_ACTIVE, SyncRun.status == RunStatus.QUEUED)
    running = sa.select(SyncRun.user_id).where(_IS_ACTIVE, SyncRun.status == RunStatus.RUNNING)
    candidates = sa.union(sa.select(SyncState.user_id).where(is_time), queued).subquery()
    asked_at = (
        sa.select(SyncRun.created_at)
        .where(SyncRun.user_id == SyncState.user_id, SyncRun.status == RunStatus.QUEUED)
        .scalar_subquery()
    )
    since = sa.func.coalesce(asked_at, SyncState.next_run_at, SyncConfig.confirmed_at, SyncConfig.updated_at)
    query = (
        sa.select(sa.func.count(), sa.func.min(since))
        .select_from(candidates)
        .join(SyncState, SyncState.user_id == candidates.c.user_id)
        .join(SyncConfig, SyncConfig.user_id == SyncState.user_id)
        .where(is_wanted(), _is_answered(), SyncState.user_id.not_in(running))
    )
    return Due(*db.session.execute(query).one())


def _is_answered() -> sa.ColumnElement[bool]:
    """Every vendor that the user's run needs answers, as far as is known."""
    away = circuits.silent_since().keys()
    if away.isdisjoint(circuits.needed(is_order=False)):
        return sa.true()
    return SyncState.owner_order.is_not(None) if away.isdisjoint(circuits.needed(is_order=True)) else sa.false()


def at_work(now: datetime) -> AtWork:
    is_running = SyncRun.status == RunStatus.RUNNING
    query = sa.select(
        sa.func.count().filter(SyncRun.status == RunStatus.QUEUED),
        sa.func.count().filter(is_running),
        sa.func.count().filter(is_running, SyncRun.lease_until < now),
    )
    return AtWork(*db.session.execute(query.select_from(SyncRun).where(_IS_ACTIVE)).one())


def ended(since: datetime) -> Mapping[RunStatus, int]:
    """How the runs ended that ended after that and left a row."""
    query = sa.select(SyncRun.status, sa.func.count()).where(SyncRun.finished_at > since).group_by(SyncRun.status)
    found = _by_name(query)
    return {status: found.get(status, 0) for status in ENDS}


def quiet_users(since: datetime) -> int:
    """Whose last run that found nothing to do, and left no row, ended after that."""
    query = sa.select(sa.func.count()).select_from(SyncState).where(SyncState.quiet_at > since)
    return db.session.scalar(query) or 0


def failures(since: datetime) -> Sequence[Failures]:
    """Why runs ended badly after that, the most frequent first."""
    count = sa.func.count()
    query = (
        sa.select(SyncRun.error_code, count, sa.func.count(SyncRun.user_id.distinct()))
        .where(SyncRun.finished_at > since, SyncRun.status.in_((RunStatus.FAILED, RunStatus.STOPPED)))
        .where(SyncRun.error_code.is_not(None))
        .group_by(SyncRun.error_code)
        .order_by(count.desc(), SyncRun.error_code)
    )
    return [Failures(code or "", runs, users) for code, runs, users in db.session.execute(query)]


def connections() -> Mapping[str, Mapping[str, int]]:
    """By vendor and state: a ConnectionState, or Withdrawn."""
    return {
        "evotor": _by_state(EvotorConnection, [*ConnectionState, *Withdrawn]),
        "vk": _by_state(VkConnection, [*ConnectionState]),
    }


def _by_state(model: type[EvotorConnection] | type[VkConnection], states: Sequence[str]) -> Mapping[str, int]:
    state = state_of(model)
    found = _by_name(sa.select(state, sa.func.count()).group_by(state))
    return {str(name): found.get(name, 0) for name in states}


def state_of(model: type[EvotorConnection] | type[VkConnection]) -> sa.ColumnElement[str]:
    """None of a vendor that was never connected is as good as disconnected."""
    arms: list[tuple[sa.ColumnElement[bool], str]] = [(model.token.is_(None), ConnectionState.DISCONNECTED)]
    if issubclass(model, EvotorConnection):
        arms.append((model.is_uninstalled.is_(True), Withdrawn.UNINSTALLED))
        arms.append((model.is_terminated.is_(True), Withdrawn.TERMINATED))
    return sa.case(*arms, else_=model.state)


def _by_name(query: sa.Select[str, int]) -> Mapping[str, int]:
    return {row[0]: row[1] for row in db.session.execute(query)}


def mails(given_up_since: datetime) -> Mails:
    """Without those to nobody, for passwords that nobody has: they go nowhere."""
    is_to_somebody = OutgoingMail.user_id.is_not(None)
    waiting, oldest = db.session.execute(
        sa.select(sa.func.count(), sa.func.min(OutgoingMail.created_at)).where(
            OutgoingMail.next_try_at.is_not(None), is_to_somebody
        )
    ).one()
    given_up = sa.select(sa.func.count()).where(OutgoingMail.given_up_at > given_up_since, is_to_somebody)
    return Mails(waiting, oldest, db.session.scalar(given_up.select_from(OutgoingMail)) or 0)
