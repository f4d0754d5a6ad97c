"""What VK said no to the last time it was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

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
    is_live: bool
    """The items stand in the window, as they were before."""
    count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Of one community's items."""

    items: Sequence[Refusal]
    albums: Mapping[str, int]
    """{code: items that VK does not let into or out of their album}"""
    rejected: int
    """By VK's moderators."""


def refused(user_id: int, group_id: int) -> Refused:
    """All of it with one look. An answer that did not come is none."""
    items: list[Refusal] = []
    albums: dict[str, int] = {}
    rejected = 0
    for what, code, is_left_alone, is_live, count in db.session.execute(
        _told(), {"user_id": user_id, "group_id": group_id}
    ):
        if what == _ITEM:
            items.append(Refusal(code, bool(is_left_alone), bool(is_live), count))
        elif what == _ALBUM:
            albums[code] = count
        else:
            rejected = count
    return Refused(items, albums, rejected)


_ITEM, _ALBUM, _MODERATORS = "item", "album", "moderators"


@cache
def _told() -> sa.CompoundSelect[str, str, bool, bool, int]:
    """Each part by an index of its own."""
    user_id, group_id = sa.bindparam("user_id", type_=sa.Integer), sa.bindparam("group_id", type_=sa.BigInteger)
    standing, count, no = _standing(user_id, group_id), sa.func.count(), sa.false()
    code, is_left_alone, album_code = Listing.error_code, Listing.failed_digest.is_not(None), Listing.album_error
    is_live = Listing.state == LinkState.LIVE
    answered = (code.is_not(None), code != UNREACHABLE, sa.not_(Listing.is_lost))
    rejected = (Listing.in_market(user_id, group_id), Listing.rejection.is_not(None), Listing.state == LinkState.LIVE)
    return sa.union_all(
        sa.select(sa.literal(_ITEM), code, is_left_alone, is_live, count)
        .where(standing, *answered)
        .group_by(code, is_left_alone, is_live),
        sa.select(sa.literal(_ALBUM), album_code, no, no, count)
        .where(standing, album_code.is_not(None))
        .group_by(album_code),
        sa.select(sa.literal(_MODERATORS), sa.literal(""), no, no, count).where(*rejected),
    )


def shop_is_full(user: User) -> bool:
    """VK took no more items the last time it was asked."""
    if user.vk is None or user.vk.group_id is None:
        return False
    full = (_standing(user.id, user.vk.group_id), Listing.error_code == stored(SHOP_FULL))
    return db.session.scalar(sa.select(Listing.id).where(*full).limit(1)) is not None


def _standing(user_id: int | sa.BindParameter[int], group_id: int | sa.BindParameter[int]) -> sa.ColumnElement[bool]:
    """Not deleted in VK by somebody else."""
    return sa.and_(Listing.in_market(user_id, group_id), Listing.state != LinkState.GONE)
