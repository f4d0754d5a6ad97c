"""Until when the same records make the same plan: some of them wait for a moment."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from app import domain
from app.context import settings
from app.db import db
from app.domain.digest import digest_of
from app.models import Listing, User, VkAlbum
from app.services import catalog, market, planning
from app.services.market.read_lag import read_lag
from app.services.owner import rules
from app.services.owner.settings import owner_settings, stored_text

LONGEST = timedelta(days=1)


def valid_until(user: User, now: datetime) -> datetime:
    """The next moment for which something waits: a refusal, a lost answer, a full album, grace before a deletion."""
    grace = timedelta(days=owner_settings(user).remove_after_days)
    waits = (
        (Listing, Listing.retry_after, timedelta(0)),
        (Listing, Listing.out_since, grace),
        (Listing, Listing.deleted_at, read_lag()),
        (VkAlbum, VkAlbum.retry_after, timedelta(0)),
        (VkAlbum, VkAlbum.full_until, timedelta(0)),
    )
    first = [
        sa.select(sa.func.min(moment))
        .where(model.in_market(user.id, user.market_id), moment > now - span)
        .scalar_subquery()
        for model, moment, span in waits
    ]
    found = db.session.execute(sa.select(*first)).one()
    moments = [moment + span for moment, (_, _, span) in zip(found, waits, strict=True) if moment is not None]
    first_of_all: datetime = min([*moments, now + LONGEST])
    return first_of_all


def stamp(user: User) -> str:
    """Of what a plan is made by and of, beside the numbered records: another one makes another plan."""
    operator = settings()
    own = (operator.remove_after_days, operator.vk_read_lag_seconds)
    return digest_of(_program(), repr(own), rules.digest_of_rules(user), stored_text(user))


@cache
def _program() -> str:
    """Another release may plan otherwise, or keep its plans in another form."""
    rooms = (Path(room.__path__[0]) for room in (domain, catalog, market, planning))
    return digest_of(*(path.read_text("utf-8") for room in rooms for path in sorted(room.rglob("*.py"))))
