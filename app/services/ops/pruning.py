"""Old history goes: what happened long ago fills the disk and helps nobody."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.clock import utcnow
from app.db import db, reading
from app.models import (
    AccountEvent,
    EvotorKeptToken,
    OutgoingMail,
    SignInFailures,
    SyncApproval,
    SyncRun,
    SyncRunEntry,
    UserSession,
    VkPendingAccess,
    VkSignIn,
)
from app.models.run import ACTIVE
from app.services.accounts.throttle import FORGOTTEN_AFTER
from app.services.photos import gallery

KEPT_DAYS = 90
MAILS_ARE_ASKED_FOR = timedelta(days=8)
"""Those of the last week say what was told already."""
RUNS_A_TIME, ENTRIES_A_TIME = 200, 2_000
"""Deleted in short transactions, so that nobody at work waits."""


def prune(days: int) -> dict[str, int]:
    """Entries and runs that ended more than `days` ago, but for every user's newest run; events as old; approvals and
    sessions that have expired, sign-ins at VK that nobody ended or chose a community after, and tokens that nobody was
    linked to in time; forgotten failures to sign in; mails that
    went out or were given up; files of photos that nothing names.

    Commits. Returns how many of each were deleted.
    """
    deleted = {"runs": 0, "entries": 0}
    while ids := _old_runs(days):
        while (last := _last_of_some_entries(ids)) is not None:
            some = (SyncRunEntry.run_id.in_(ids), SyncRunEntry.id <= last)
            deleted["entries"] += _deleted(sa.delete(SyncRunEntry).where(*some))
            db.session.commit()
        deleted["runs"] += _deleted(sa.delete(SyncRun).where(SyncRun.id.in_(ids)))
        db.session.commit()
    now = utcnow()
    for name, gone in {
        "approvals": sa.delete(SyncApproval).where(SyncApproval.expires_at <= now),
        "events": sa.delete(AccountEvent).where(AccountEvent.at < now - timedelta(days=days)),
        "sessions": sa.delete(UserSession).where(UserSession.expires_at <= now),
        "vk_sign_ins": sa.delete(VkSignIn).where(VkSignIn.expires_at <= now),
        "vk_pending": sa.delete(VkPendingAccess).where(VkPendingAccess.expires_at <= now),
        "kept_tokens": sa.delete(EvotorKeptToken).where(EvotorKeptToken.expires_at <= now),
        "failures": sa.delete(SignInFailures).where(_forgotten(now)),
        "mails": sa.delete(OutgoingMail).where(_ended(now, max(timedelta(days=days), MAILS_ARE_ASKED_FOR))),
    }.items():
        deleted[name] = _deleted(gone)
        db.session.commit()
    deleted["photos"] = gallery.sweep()
    return deleted


def _ended(now: datetime, kept_for: timedelta) -> sa.ColumnElement[bool]:
    """Mails that wait for nothing; those to nobody after a day."""
    to_nobody = sa.and_(OutgoingMail.user_id.is_(None), OutgoingMail.created_at < now - timedelta(days=1))
    return sa.and_(OutgoingMail.next_try_at.is_(None), sa.or_(OutgoingMail.created_at < now - kept_for, to_nobody))


def _forgotten(now: datetime) -> sa.ColumnElement[bool]:
    """Without those that a try is counting at this moment: nobody waits for them here."""
    key = (SignInFailures.account, SignInFailures.source)
    old = sa.select(*key).where(SignInFailures.last_at < now - FORGOTTEN_AFTER).with_for_update(skip_locked=True)
    return sa.tuple_(*key).in_(old)


def _old_runs(days: int) -> list[int]:
    """The first of them. Looked for without the writer's turn."""
    newer = aliased(SyncRun)
    query = sa.select(SyncRun.id).where(
        SyncRun.finished_at < utcnow() - timedelta(days=days),
        SyncRun.status.not_in(ACTIVE),
        sa.exists().where(newer.user_id == SyncRun.user_id, newer.id > SyncRun.id),
    )
    with reading():
        found = list(db.session.scalars(query.order_by(SyncRun.id).limit(RUNS_A_TIME)))
        db.session.commit()
    return found


def _last_of_some_entries(run_ids: Sequence[int]) -> int | None:
    """Up to which number about as many as one transaction deletes are theirs; None where no more are left."""
    some = sa.select(SyncRunEntry.id).where(SyncRunEntry.run_id.in_(run_ids))
    few = some.order_by(SyncRunEntry.id).limit(ENTRIES_A_TIME).subquery()
    with reading():
        last: int | None = db.session.scalar(sa.select(sa.func.max(few.c.id)))
        db.session.commit()
    return last


def _deleted(statement: sa.Delete) -> int:
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0))
