"""What needs the owner in the community's market: questions, refusals, albums, limits of VK."""

from collections.abc import Iterator
from datetime import datetime

from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.errors import ALBUMS_FULL, SHOP_FULL, stored
from app.clock import utcnow
from app.domain.vk_limits import ALBUMS_MAX
from app.models import AlbumState, User
from app.services.market import owner_answers, refusals
from app.services.market.records import albums_of
from app.services.market.refusals import Refusal, Refused
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.services.runs.codes import QUOTA_USED_UP


def market_problems(user: User) -> Iterator[Problem]:
    if user.vk is None or user.vk.group_id is None:
        return
    if count := owner_answers.question_count(user):
        yield Problem(Kind.QUESTIONS, count=count)
    refused = refusals.refused(user.id, user.vk.group_id)
    if refused.rejected:
        yield Problem(Kind.REJECTED, count=refused.rejected)
    used_up = user.vk.resting.keys() - set(BulkForm)
    if any(datetime.fromisoformat(user.vk.resting[method]) > utcnow() for method in used_up):
        yield Problem(Kind.QUOTA, QUOTA_USED_UP, passes=True)
    yield from _refusals(refused)
    yield from _albums(user, user.vk.group_id, utcnow())


def _refusals(refused: Refused) -> Iterator[Problem]:
    for refusal in refused.items:
        if refusal.code == stored(SHOP_FULL):
            yield Problem(Kind.SHOP_FULL)
        else:
            yield Problem(_kind(refusal), refusal.code, count=refusal.count)
    for code, count in refused.albums.items():
        yield Problem(Kind.NOT_IN_ALBUM, code, count=count)


def _kind(refusal: Refusal) -> Kind:
    if not refusal.is_left_alone:
        return Kind.STUCK
    return Kind.OUTDATED if refusal.is_live else Kind.REFUSED


def _albums(user: User, group_id: int, now: datetime) -> Iterator[Problem]:
    rows = albums_of(user.id, group_id)
    foreign = user.sync_state.foreign_albums if user.sync_state else 0
    live = [row for row in rows if row.state == AlbumState.LIVE]
    refused: dict[str, list[str]] = {}
    for row in rows:
        if row.error_code is not None:
            refused.setdefault(row.error_code, []).append(row.title)
    if len(live) + foreign >= ALBUMS_MAX or refused.pop(stored(ALBUMS_FULL), []):
        yield Problem(Kind.ALBUMS_TAKEN)
    full = [row.title for row in live if row.full_until is not None and row.full_until > now]
    if full:
        yield Problem(Kind.ALBUM_FULL, count=len(full), names=full)
    for code, titles in refused.items():
        yield Problem(Kind.ALBUM_REFUSED, code, count=len(titles), names=titles)
