"""Everything that needs the owner, the heaviest first; read from what is stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.db import db, utcnow
from app.domain.album_plan import ALBUMS_MAX
from app.domain.changes import LinkState
from app.domain.listing import SkipReason
from app.domain.rules import Status
from app.models import (
    AlbumState,
    CatalogStore,
    ConnectionState,
    EvotorConnection,
    Listing,
    RunStatus,
    StoreState,
    User,
    VkAlbum,
    VkConnection,
)
from app.services import hand_work, planning, runs, sync_settings, unreadable
from app.services.shop_settings import owner_settings
from app.services.unreadable import UnreadableRow

SHOP_FULL = "vk_1405"
STRIKES_THAT_WORRY = 3
EXAMPLES_SHOWN = 5
NEEDS_OWNER = (SkipReason.NO_PRICE, SkipReason.NO_NAME, SkipReason.NO_PHOTO)
"""What keeps a product out and can be mended; the other reasons are as the owner wants them."""


class Kind(StrEnum):
    """In the order of weight."""

    CONNECTION = "connection"
    RECONNECTED = "reconnected"
    """Another account or community was connected, which took the confirmation back."""
    NO_STORE = "no_store"
    APPROVAL = "approval"
    RUNS_FAIL = "runs_fail"
    STORE = "store"
    """Stores that could not be read, all for the same reason."""
    SHOP_FULL = "shop_full"
    NOT_CONFIRMED = "not_confirmed"
    QUESTIONS = "questions"
    """About items that were in VK before us, or that were deleted there."""
    REFUSED = "refused"
    """Products that VK refuses, all for the same reason."""
    UNREADABLE = "unreadable"
    """Products that Evotor sent in a form we cannot trust."""
    CATEGORY = "category"
    REVIEW = "review"
    UNFIT = "unfit"
    ALIKE = "alike"
    """Products that buyers cannot tell from one another."""
    ALBUMS_TAKEN = "albums_taken"
    ALBUM_FULL = "album_full"
    LOST_RULES = "lost_rules"


LOUD = frozenset({Kind.CONNECTION, Kind.RECONNECTED, Kind.APPROVAL, Kind.RUNS_FAIL, Kind.STORE})
"""While one of these stands, the shop window is not kept, or not all of it."""
STEPS = frozenset({Kind.NO_STORE, Kind.NOT_CONFIRMED})
"""What the list of first steps asks for anyway."""


MINOR = frozenset({Kind.REVIEW, Kind.UNFIT, Kind.ALIKE, Kind.ALBUMS_TAKEN, Kind.ALBUM_FULL, Kind.LOST_RULES})
"""What can be bettered, while all that can be done is done."""


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Kind
    code: str = ""
    """An error's or a reason's, where the kind has several."""
    count: int = 1
    names: Sequence[str] = ()
    vendor: str = ""
    """Of a connection."""
    passes: bool = False
    """The vendor's own trouble; nothing for the owner to do."""
    way_out: str | None = None
    """A page of VK's that the owner has to open first."""
    needs_owner: bool = False
    run_id: int | None = None
    unreadable: Sequence[UnreadableRow] = ()
    """The first of them."""

    @property
    def is_loud(self) -> bool:
        return self.kind in LOUD

    @property
    def is_a_step(self) -> bool:
        return self.kind in STEPS

    @property
    def is_minor(self) -> bool:
        return self.kind in MINOR


def problems(user: User, held: Mapping[SkipReason, int]) -> list[Problem]:
    """`held`: selected products that buyers do not see, by the reason (services.rule_summary)."""
    found = [
        *_of_connections(user),
        *_of_switch(user),
        *_of_runs(user),
        *_of_stores(user),
        *_of_market(user),
        *_of_goods(user, held),
        *_of_rules(user),
    ]
    weight = list(Kind).index
    return sorted(found, key=lambda problem: (weight(problem.kind), -problem.count, problem.code))


def _of_connections(user: User) -> Iterator[Problem]:
    connections: Iterable[tuple[str, EvotorConnection | VkConnection | None]]
    connections = (("evotor", user.evotor), ("vk", user.vk))
    for vendor, row in connections:
        if row is not None and row.is_connected and row.error_code:
            yield Problem(
                Kind.CONNECTION,
                row.error_code,
                vendor=vendor,
                passes=row.state == ConnectionState.UNAVAILABLE,
                way_out=getattr(row, "way_out", None),
                needs_owner=row.state == ConnectionState.NEEDS_OWNER,
            )


def _of_switch(user: User) -> Iterator[Problem]:
    state, config = user.sync_state, sync_settings.config_of(user)
    if state is not None and state.pause_reason:
        yield Problem(Kind.RECONNECTED, state.pause_reason)
    if sync_settings.run_obstacle(user) == "no_store_passes":
        yield Problem(Kind.NO_STORE)
    if config.confirmed_at is None and sync_settings.confirmation_obstacle(user) is None:
        yield Problem(Kind.NOT_CONFIRMED)


def _of_runs(user: User) -> Iterator[Problem]:
    """A waiting plan of a sync that is switched off waits for nobody."""
    last, state = runs.latest(user.id), user.sync_state
    if last is None or state is None or sync_settings.status_of(user) is not Status.ACTIVE:
        return
    if last.status == RunStatus.NEEDS_APPROVAL:
        yield Problem(Kind.APPROVAL)
    is_told_already = any(problem.code == state.strike_code for problem in _of_connections(user))
    if state.strike_code and state.strikes >= STRIKES_THAT_WORRY and not is_told_already:
        yield Problem(Kind.RUNS_FAIL, state.strike_code, count=state.strikes, run_id=last.id)


def _of_stores(user: User) -> Iterator[Problem]:
    """Where Evotor itself does not answer, or is not connected, the stores are no trouble of their own."""
    if user.evotor is None or not user.evotor.is_connected or user.evotor.error_code:
        return
    unread = (CatalogStore.state.not_in([StoreState.OK, StoreState.CLOSED]), CatalogStore.user_id == user.id)
    query = sa.select(CatalogStore.error_code, CatalogStore.name).where(*unread).order_by(CatalogStore.name)
    names: dict[str, list[str]] = {}
    for code, name in db.session.execute(query):
        names.setdefault(code or "", []).append(name)
    for code, stores in names.items():
        yield Problem(Kind.STORE, code, count=len(stores), names=stores)


def _of_market(user: User) -> Iterator[Problem]:
    if user.vk is None or user.vk.group_id is None:
        return
    if count := hand_work.questions(user):
        yield Problem(Kind.QUESTIONS, count=count)
    yield from _refusals(user.id, user.vk.group_id, utcnow())
    yield from _albums(user, user.vk.group_id, utcnow())


def _refusals(user_id: int, group_id: int, now: datetime) -> Iterator[Problem]:
    """What VK refused and we do not try again yet."""
    code, count = Listing.error_code, sa.func.count()
    refused = (Listing.failed_digest.is_not(None), code.is_not(None), Listing.retry_after > now)
    ours = (Listing.user_id == user_id, Listing.vk_group_id == group_id, Listing.state != LinkState.GONE)
    for found, number in db.session.execute(sa.select(code, count).where(*ours, *refused).group_by(code)):
        yield Problem(Kind.SHOP_FULL) if found == SHOP_FULL else Problem(Kind.REFUSED, found or "", count=number)


def _albums(user: User, group_id: int, now: datetime) -> Iterator[Problem]:
    ours = (VkAlbum.user_id == user.id, VkAlbum.vk_group_id == group_id, VkAlbum.state == AlbumState.LIVE)
    rows = db.session.scalars(sa.select(VkAlbum).where(*ours).order_by(VkAlbum.title)).all()
    foreign = user.sync_state.foreign_albums if user.sync_state else 0
    if len(rows) + foreign >= ALBUMS_MAX:
        yield Problem(Kind.ALBUMS_TAKEN)
    full = [row.title for row in rows if row.full_until is not None and row.full_until > now]
    if full:
        yield Problem(Kind.ALBUM_FULL, count=len(full), names=full)


def _of_goods(user: User, held: Mapping[SkipReason, int]) -> Iterator[Problem]:
    if count := unreadable.count(user.id):
        yield Problem(Kind.UNREADABLE, count=count, unreadable=unreadable.first_rows(user.id, EXAMPLES_SHOWN))
    settings = owner_settings(user)
    chosen = {settings.category_id, *settings.category_by_group.values()}
    if lost := chosen & settings.refused_categories:
        yield Problem(Kind.CATEGORY, count=len(lost))
    if count := held.get(SkipReason.REVIEW, 0):
        yield Problem(Kind.REVIEW, count=count)
    if names := planning.look_alike(user):
        yield Problem(Kind.ALIKE, count=len(names), names=list(dict.fromkeys(names))[:EXAMPLES_SHOWN])
    for reason in NEEDS_OWNER:
        if count := held.get(reason, 0):
            yield Problem(Kind.UNFIT, reason, count=count)


def _of_rules(user: User) -> Iterator[Problem]:
    if lost := sync_settings.rules_not_in_catalog(user):
        yield Problem(Kind.LOST_RULES, count=len(lost), names=[rule.entity_name or rule.entity_id for rule in lost])
