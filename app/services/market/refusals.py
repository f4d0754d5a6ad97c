"""What VK said no to the last time it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.clients.vk.errors import SHOP_FULL, stored
from app.db import db
from app.domain.planning.changes import LinkState
from app.models import Listing, User
from app.services.vendors.faults import UNREACHABLE


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    is_left_alone: bool
    """VK is not asked again before something changes, or time passes."""
    count: int


def refusals(user_id: int, group_id: int) -> Sequence[Refusal]:
    """Of items; an answer that did not come is none."""
    code, is_left_alone, count = Listing.error_code, Listing.failed_digest.is_not(None), sa.func.count()
    answered = (code.is_not(None), code != UNREACHABLE, sa.not_(Listing.is_lost))
    query = sa.select(code, is_left_alone, count).where(_standing(user_id, group_id), *answered)
    rows = db.session.execute(query.group_by(code, is_left_alone))
    return [Refusal(found or "", is_left, number) for found, is_left, number in rows]


def album_refusals(user_id: int, group_id: int) -> dict[str, int]:
    """{code: items that VK does not let into or out of their album}"""
    code, count = Listing.album_error, sa.func.count()
    query = sa.select(code, count).where(_standing(user_id, group_id), code.is_not(None)).group_by(code)
    return {found or "": number for found, number in db.session.execute(query)}


def shop_is_full(user: User) -> bool:
    """VK took no more items the last time it was asked."""
    if user.vk is None or user.vk.group_id is None:
        return False
    full = (_standing(user.id, user.vk.group_id), Listing.error_code == stored(SHOP_FULL))
    return db.session.scalar(sa.select(Listing.id).where(*full).limit(1)) is not None


def _standing(user_id: int, group_id: int) -> sa.ColumnElement[bool]:
    """Not deleted in VK by somebody else."""
    return sa.and_(Listing.in_market(user_id, group_id), Listing.state != LinkState.GONE)
