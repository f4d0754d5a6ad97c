"""That a run found nothing left to do, and for how long the next ones need not look: while the owner's records have the
number that they had then (app/services/plan_version.py), and no moment has come for which something waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.digest import digest_of
from app.models import KeptPlan, User
from app.services import plan_version
from app.services.market.categories import known_categories
from app.services.photos import files
from app.services.planning import plan_validity


@dataclass(frozen=True, slots=True)
class Look:
    """What a plan is about to be made of; taken before anything of it is read."""

    version: int
    stamp: str
    at: datetime


def look(user: User) -> Look:
    query = sa.select(KeptPlan.version).where(KeptPlan.user_id == user.id)
    return Look(db.session.scalar(query) or 0, _stamp(user), utcnow())


def note(user: User, seen: Look, skipped: Mapping[str, int]) -> None:
    """The plan of that look changes nothing. `skipped`: the products that it leaves as they are, by the reason."""
    if not seen.version:
        plan_version.begin(user.id)  # nobody numbered the records so far: the next run may note something
    until = plan_validity.valid_until(user, seen.at)
    if (known := known_categories(user)) is not None:
        until = min(until, known.old_at)
    values = {
        "settled_of": seen.version,
        "settled_stamp": seen.stamp,
        "settled_at": seen.at,
        "settled_until": until,
        "settled_skipped": dict(skipped),
    }
    noted = sa.update(KeptPlan).where(KeptPlan.user_id == user.id).values(values)
    db.session.execute(noted.execution_options(synchronize_session=False))


def skipped_if_settled(user: User) -> Mapping[str, int] | None:
    """What `note` was told, while that holds; else None. A clock that was set back proves nothing."""
    found = db.session.execute(_noted(), {"user_id": user.id}).one_or_none()
    if found is None or found.settled_of != found.version or not found.settled_at <= utcnow() < found.settled_until:
        return None
    skipped: Mapping[str, int] = found.settled_skipped
    return skipped if found.settled_stamp == _stamp(user) else None


@cache
def _noted() -> sa.Select[Any]:
    columns = (KeptPlan.version, KeptPlan.settled_of, KeptPlan.settled_stamp, KeptPlan.settled_at)
    query = sa.select(*columns, KeptPlan.settled_until, KeptPlan.settled_skipped)
    return query.where(KeptPlan.user_id == sa.bindparam("user_id", type_=sa.Integer))


def _stamp(user: User) -> str:
    """Of what counts beside the records: files of photos may be lost, and come back."""
    return digest_of(_program(), plan_validity.stamp(user), *sorted(files.digests(user.id)))


@cache
def _program() -> str:
    """Another release may go about it otherwise."""
    return digest_of(*(path.read_text("utf-8") for path in sorted(Path(__file__).parent.rglob("*.py"))))
