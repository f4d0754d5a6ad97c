"""Owners as operators look at them: what works and what does not. No keys, and nothing of what they sell."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from app.db import contains, db
from app.domain.paging import Page, fetch_page
from app.models import EvotorConnection, SyncConfig, SyncRun, SyncState, User, VkConnection
from app.services.ops.figures import state_of
from app.services.runs import quiet

A_PAGE = 50
MOST_FAILING = 50
MOST_RUNS = 20


class Account(NamedTuple):
    id: int
    email: str
    is_enabled: bool
    confirmed_at: datetime | None
    halted_at: datetime | None
    evotor: str
    """As `figures.connections` names it."""
    vk: str


class Failing(NamedTuple):
    user_id: int
    code: str
    strikes: int
    """Runs in a row that ended so."""


def accounts(words: str, number: int) -> Page[Account]:
    """Those whose address holds these words, or whose number that is; without words all, the newest first."""
    wanted = _wanted(words)
    query = (
        sa.select(
            *(User.id, User.email, sa.func.coalesce(SyncConfig.is_enabled, sa.false()), SyncConfig.confirmed_at),
            *(User.halted_at, state_of(EvotorConnection), state_of(VkConnection)),
        )
        .join(SyncConfig, SyncConfig.user_id == User.id, isouter=True)
        .join(EvotorConnection, EvotorConnection.user_id == User.id, isouter=True)
        .join(VkConnection, VkConnection.user_id == User.id, isouter=True)
        .where(*wanted)
        .order_by(User.id.desc())
    )

    def fetch(offset: int, limit: int) -> tuple[int, Sequence[Account]]:
        total = db.session.scalar(sa.select(sa.func.count()).select_from(User).where(*wanted)) or 0
        rows = db.session.execute(query.offset(offset).limit(limit))
        return total, [Account(*row) for row in rows]

    return fetch_page(fetch, number, A_PAGE)


def _wanted(words: str) -> list[sa.ColumnElement[bool]]:
    if not words:
        return []
    if words.isdecimal() and len(words) < 10:
        return [User.id == int(words)]
    return [contains(User.__table__.c.email, words.lower())]


def failing() -> Sequence[Failing]:
    """Whose runs end badly again and again, the worst first."""
    query = (
        sa.select(SyncState.user_id, SyncState.strike_code, SyncState.strikes)
        .join(SyncConfig, SyncConfig.user_id == SyncState.user_id)
        .where(SyncState.strike_code.is_not(None), SyncState.strikes > 0)
        .where(SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
        .order_by(SyncState.strikes.desc(), SyncState.user_id)
    )
    rows = db.session.execute(query.limit(MOST_FAILING))
    return [Failing(user_id, code or "", strikes) for user_id, code, strikes in rows]


def latest_runs(user_id: int) -> Sequence[SyncRun]:
    """The newest first; of those that left no row the last one."""
    query = sa.select(SyncRun).where(SyncRun.user_id == user_id).order_by(SyncRun.created_at.desc(), SyncRun.id.desc())
    runs = list(db.session.scalars(query.limit(MOST_RUNS)))
    left_no_row = sa.select(SyncState).where(SyncState.user_id == user_id, SyncState.quiet_run_id.is_not(None))
    if (state := db.session.scalar(left_no_row)) is not None:
        runs.append(quiet.row_of(state))
    return sorted(runs, key=lambda run: (run.created_at, run.id), reverse=True)[:MOST_RUNS]
