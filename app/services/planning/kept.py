"""The plan made once for each state of what it is made of, and kept for all pages and processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from app import clock
from app.clock import utcnow
from app.db import db, reading, snapshot
from app.domain.planning.summary import PlanSummary, summary_of
from app.models import KeptPart, KeptPlan, User
from app.services import plan_version
from app.services.catalog.load import load_names
from app.services.planning import kept_parts, plan_validity, plans

CLAIM = timedelta(seconds=15)
"""Longer than a plan takes: what is older was left by a process that died, for which nobody waits long."""
LOOK_EVERY = 0.05
"""Seconds between two looks at whether somebody else has made it."""


@dataclass(frozen=True, slots=True)
class Kept:
    user_id: int
    made_of: int
    summary: PlanSummary


def kept_plan(user: User) -> Kept:
    """Made anew by whoever first needs it after a change, while the others wait. Commits where it has to be made.

    Only for those who look: a transaction that changed something sees its own changes in `plans.plan_for` alone.
    """
    user_id = user.id  # a claim begins a transaction that writes: nothing may be loaded before it
    stored = _stored(user_id)
    wanted = stored.version if stored else 0
    while stored is None or not _is_good(stored, user, wanted):
        db.session.commit()
        if stored is None:
            _begin(user_id)
        until = _claim(user_id)
        db.session.expire_all()
        stored = _stored(user_id)
        if until is None:
            clock.sleep(LOOK_EVERY)
        elif stored is not None and _is_good(stored, user, wanted):
            _release(user_id, until)  # it was made between our look and our claim
        elif (made := _make(user, until)) is not None:
            return made
    return _kept(user_id, stored)


def fresh_plan(user: User) -> Kept | None:
    """None where it has to be made first. For a transaction that changed nothing of what plans are made of."""
    stored = _stored(user.id)
    return _kept(user.id, stored) if stored is not None and _is_good(stored, user, stored.version) else None


def _kept(user_id: int, stored: Any) -> Kept:
    return Kept(user_id, stored.made_of, msgspec.convert(stored.summary, PlanSummary))


def _stored(user_id: int) -> Any:
    return db.session.execute(_kept_of_user(), {"user_id": user_id}).one_or_none()


@cache
def _kept_of_user() -> sa.Select[Any]:
    columns = (KeptPlan.version, KeptPlan.made_of, KeptPlan.stamp, KeptPlan.made_at, KeptPlan.valid_until)
    query = sa.select(*columns, KeptPlan.summary)
    return query.where(KeptPlan.user_id == sa.bindparam("user_id", type_=sa.Integer))


def _is_good(stored: Any, user: User, wanted: int) -> bool:
    """`wanted`: the version of the moment at which somebody asked. A clock that was set back proves nothing."""
    if stored.made_of is None or stored.made_of < wanted or not stored.made_at <= utcnow() < stored.valid_until:
        return False
    return bool(stored.stamp == plan_validity.stamp(user))


def _begin(user_id: int) -> None:
    with reading(False):
        plan_version.begin(user_id)
        db.session.commit()


def _claim(user_id: int) -> datetime | None:
    """Until when it is ours to make; None while somebody else makes it. Commits."""
    with reading(False):
        db.session.execute(sa.select(KeptPlan.user_id).where(KeptPlan.user_id == user_id).with_for_update())
        now = utcnow()  # of our turn: a claim that was made while we waited is no claim of a wrong clock
        until = now + CLAIM
        # A moment further ahead than any claim lasts was set by a clock that went wrong.
        is_free = KeptPlan.making_until.is_(None) | ~KeptPlan.making_until.between(now, until)
        is_ours = _changed(sa.update(KeptPlan).where(KeptPlan.user_id == user_id, is_free).values(making_until=until))
        db.session.commit()
    return until if is_ours else None


def _make(user: User, until: datetime) -> Kept | None:
    """None where it took so long that somebody else makes it by now. Commits."""
    try:
        with snapshot():
            db.session.expire_all()
            version = db.session.scalars(sa.select(KeptPlan.version).where(KeptPlan.user_id == user.id)).one()
            now = utcnow()
            plan = plans.plan_for(user, now)
            names = load_names(user.id) if plan.skipped else {}
            told = {
                "made_of": version,
                "stamp": plan_validity.stamp(user),
                "made_at": now,
                "valid_until": plan_validity.valid_until(user, now),
            }
        kept = Kept(user.id, version, summary_of(plan))
        told["summary"] = msgspec.to_builtins(kept.summary)
        is_kept = _keep(kept, list(kept_parts.parts_of(user.id, version, kept_parts.rows_of(plan, names))), told, until)
    except BaseException:
        _release(user.id, until)
        raise
    return kept if is_kept else None


def _keep(kept: Kept, parts: Sequence[Mapping[str, Any]], told: Mapping[str, Any], until: datetime) -> bool:
    """The plan that was kept before stays, too: somebody may be reading it, statement by statement. Commits."""
    ours = (KeptPlan.user_id == kept.user_id, KeptPlan.making_until == until)
    before = sa.select(KeptPlan.made_of).where(KeptPlan.user_id == kept.user_id).scalar_subquery()
    with reading(False):
        older = KeptPart.made_of != sa.func.coalesce(before, kept.made_of)
        outdated = sa.or_(older, KeptPart.made_of == kept.made_of)
        gone = sa.delete(KeptPart).where(KeptPart.user_id == kept.user_id, outdated)
        db.session.execute(gone, execution_options=_BLINDLY)
        if parts:
            db.session.execute(sa.insert(KeptPart), parts)
        # Last, because whoever commits a change writes this row, too.
        is_ours = _changed(sa.update(KeptPlan).where(*ours).values(**told, making_until=None))
        if is_ours:
            db.session.commit()
        else:
            db.session.rollback()
    return is_ours


def _release(user_id: int, until: datetime) -> None:
    db.session.rollback()
    ours = (KeptPlan.user_id == user_id, KeptPlan.making_until == until)
    with reading(False):
        _changed(sa.update(KeptPlan).where(*ours).values(making_until=None))
        db.session.commit()


_BLINDLY: Any = {"synchronize_session": False}


def _changed(update: sa.Update) -> bool:
    return getattr(db.session.execute(update, execution_options=_BLINDLY), "rowcount", 0) == 1
