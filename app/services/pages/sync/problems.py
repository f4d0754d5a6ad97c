"""Everything that needs the owner, the heaviest first; read from what is stored."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.clients.vk.error_table import PASSING, classify
from app.clients.vk.errors import ALBUMS_FULL, SHOP_FULL, stored
from app.clock import utcnow
from app.db import db
from app.domain.listing.emptiness import Emptiness
from app.domain.listing.fitness import SkipReason
from app.domain.planning.albums import ALBUMS_MAX
from app.domain.planning.changes import LinkState
from app.domain.rules import Status
from app.models import (
    AlbumState,
    CatalogStore,
    ConnectionState,
    EvotorConnection,
    Listing,
    StoreState,
    User,
    VkAlbum,
    VkConnection,
)
from app.models.run import ACTIVE
from app.services.catalog import unreadable
from app.services.catalog.unreadable import UnreadableRow
from app.services.market import answers
from app.services.owner import config as owner_config
from app.services.owner import orders, rules, switch
from app.services.owner.settings import owner_settings
from app.services.planning import look_alikes
from app.services.runs import records
from app.services.runs.codes import QUOTA_USED_UP, TIME_SLICE
from app.services.vendors.faults import UNREACHABLE

STRANGE_ERRORS = "vk_strange_errors"
UNPAID = "evotor_payment_required"
STRIKES_THAT_WORRY = 3
EXAMPLES_SHOWN = 5
NEEDS_OWNER = (SkipReason.NO_PRICE, SkipReason.NO_NAME, SkipReason.NO_PHOTO)
"""What keeps a product out and can be mended; the other reasons are as the owner wants them."""


def needs_somebody(code: str) -> bool:
    """After a run that ended so, waiting alone mends nothing: VK said no, and not «later»."""
    number = re.fullmatch(r"vk_(\d+)", code)
    return code == STRANGE_ERRORS or (number is not None and classify(int(number[1])).left not in PASSING)


class Kind(StrEnum):
    """In the order of weight."""

    CONNECTION = "connection"
    RECONNECTED = "reconnected"
    """Another account or community was connected, which took the confirmation back."""
    NO_STORE = "no_store"
    APPROVAL = "approval"
    ORDER = "order"
    """What the owner ordered in one piece is not done, and why."""
    RUNS_FAIL = "runs_fail"
    EMPTY = "empty"
    """Next to nothing of the selection can be shown."""
    STORE = "store"
    """Stores that could not be read, all for the same reason."""
    SHOP_FULL = "shop_full"
    STUCK = "stuck"
    """Items that VK does not let us hide, change or delete, all for the same reason."""
    QUOTA = "quota"
    """VK does no more of something today."""
    NOT_CONFIRMED = "not_confirmed"
    QUESTIONS = "questions"
    """About items that were in VK before us, or that were deleted there."""
    REFUSED = "refused"
    """Products that VK refuses, all for the same reason."""
    UNREADABLE = "unreadable"
    """Products that Evotor sent in a form we cannot trust."""
    CATEGORY = "category"
    REJECTED = "rejected"
    """Items that VK's moderators refuse for the common showcase."""
    REVIEW = "review"
    UNFIT = "unfit"
    ALIKE = "alike"
    """Products that buyers cannot tell from one another."""
    ALBUMS_TAKEN = "albums_taken"
    ALBUM_FULL = "album_full"
    ALBUM_REFUSED = "album_refused"
    """Albums that VK does not make or rename, all for the same reason."""
    NOT_IN_ALBUM = "not_in_album"
    """Items that VK does not let into or out of their album, all for the same reason."""
    LOST_RULES = "lost_rules"


LOUD = frozenset(
    {
        Kind.CONNECTION,
        Kind.RECONNECTED,
        Kind.APPROVAL,
        Kind.ORDER,
        Kind.RUNS_FAIL,
        Kind.EMPTY,
        Kind.STORE,
        Kind.SHOP_FULL,
    }
)
"""While one of these stands, the shop window is not kept, or not all of it."""
STEPS = frozenset({Kind.NO_STORE, Kind.NOT_CONFIRMED})
"""What the list of first steps asks for anyway."""


MINOR = frozenset(
    {
        *(Kind.REJECTED, Kind.REVIEW, Kind.UNFIT, Kind.ALIKE, Kind.LOST_RULES),
        *(Kind.ALBUMS_TAKEN, Kind.ALBUM_FULL, Kind.ALBUM_REFUSED, Kind.NOT_IN_ALBUM),
    }
)
"""What can be bettered, while all that can be done is done."""


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Kind
    code: str = ""
    """An error's or a reason's, where the kind has several."""
    count: int = 1
    names: Sequence[str] = ()
    vendor: str = ""
    """Of a connection; of an order, which one."""
    state: ConnectionState | None = None
    passes: bool = False
    """The vendor's own trouble; nothing for the owner to do."""
    emptiness: Emptiness | None = None
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


def problems(
    user: User, held: Mapping[SkipReason, int], *, plan_waits: bool = False, empty: Emptiness | None = None
) -> list[Problem]:
    """`held`: selected products that buyers do not see, by the reason (services.rule_summary), and what that makes.

    `plan_waits`: the plan as it stands now needs the owner's word (services.outlook).
    """
    found = [
        *_of_connections(user),
        *_of_switch(user),
        *_of_order(user),
        *_of_runs(user, plan_waits=plan_waits),
        *filter(None, [empty_problem(user, empty)]),
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
                state=ConnectionState(row.state),
                passes=row.state == ConnectionState.UNAVAILABLE and row.error_code != UNPAID,
                way_out=getattr(row, "way_out", None),
                needs_owner=row.state == ConnectionState.NEEDS_OWNER,
            )


def _of_switch(user: User) -> Iterator[Problem]:
    state, config = user.sync_state, owner_config.config_of(user)
    if state is not None and state.pause_reason:
        yield Problem(Kind.RECONNECTED, state.pause_reason)
    if switch.run_obstacle(user) == "no_store_passes":
        yield Problem(Kind.NO_STORE)
    if config.confirmed_at is None and switch.confirmation_obstacle(user) is None:
        yield Problem(Kind.NOT_CONFIRMED)


def empty_problem(user: User, empty: Emptiness | None) -> Problem | None:
    """Nobody asks for goods to be shown before a store is chosen."""
    if empty is None or not rules.passing_stores(user):
        return None
    return Problem(Kind.EMPTY, next(iter(empty.reasons), ""), emptiness=empty)


def _of_runs(user: User, *, plan_waits: bool) -> Iterator[Problem]:
    """A waiting plan of a sync that is switched off waits for nobody."""
    last, state = records.latest(user.id), user.sync_state
    if last is None or state is None or switch.status_of(user) is not Status.ACTIVE:
        return
    if plan_waits and switch.run_obstacle(user) is None:
        yield Problem(Kind.APPROVAL)
    is_told_already = any(problem.code == state.strike_code for problem in _of_connections(user))
    worries = state.strikes >= (1 if needs_somebody(state.strike_code or "") else STRIKES_THAT_WORRY)
    if state.strike_code and worries and not is_told_already:
        yield Problem(Kind.RUNS_FAIL, state.strike_code, count=state.strikes, run_id=last.id)


def _of_order(user: User) -> Iterator[Problem]:
    order, last = orders.order_of(user), records.latest(user.id)
    if order is None:
        return
    if obstacle := orders.order_obstacle(user):
        yield Problem(Kind.ORDER, obstacle, vendor=order, count=orders.live_count(user))
    elif last is not None and last.trigger == order and last.status not in ACTIVE and last.error_code != TIME_SLICE:
        yield Problem(Kind.ORDER, last.error_code or "", vendor=order, count=orders.live_count(user), run_id=last.id)


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
    if count := answers.questions(user):
        yield Problem(Kind.QUESTIONS, count=count)
    if count := answers.rejected_count(user):
        yield Problem(Kind.REJECTED, count=count)
    if any(datetime.fromisoformat(until) > utcnow() for until in user.vk.resting.values()):
        yield Problem(Kind.QUOTA, QUOTA_USED_UP, passes=True)
    yield from _refusals(user.id, user.vk.group_id)
    yield from _albums(user, user.vk.group_id, utcnow())


def _refusals(user_id: int, group_id: int) -> Iterator[Problem]:
    """What VK said no to the last time it was asked."""
    code, is_left_alone, count = Listing.error_code, Listing.failed_digest.is_not(None), sa.func.count()
    ours = (Listing.user_id == user_id, Listing.vk_group_id == group_id, Listing.state != LinkState.GONE)
    answered = (code.is_not(None), code != UNREACHABLE, sa.not_(Listing.is_lost))
    refused = sa.select(code, is_left_alone, count).where(*ours, *answered)
    for found, is_left, number in db.session.execute(refused.group_by(code, is_left_alone)):
        if found == stored(SHOP_FULL):
            yield Problem(Kind.SHOP_FULL)
        else:
            yield Problem(Kind.REFUSED if is_left else Kind.STUCK, found or "", count=number)
    misplaced = sa.select(Listing.album_error, count).where(*ours, Listing.album_error.is_not(None))
    for found, number in db.session.execute(misplaced.group_by(Listing.album_error)):
        yield Problem(Kind.NOT_IN_ALBUM, found or "", count=number)


def shop_is_full(user: User) -> bool:
    """VK took no more items the last time it was asked."""
    full = (Listing.user_id == user.id, Listing.error_code == stored(SHOP_FULL), Listing.state != LinkState.GONE)
    in_community = Listing.vk_group_id == (user.vk.group_id if user.vk else None)
    return db.session.scalar(sa.select(Listing.id).where(*full, in_community).limit(1)) is not None


def _albums(user: User, group_id: int, now: datetime) -> Iterator[Problem]:
    ours = (VkAlbum.user_id == user.id, VkAlbum.vk_group_id == group_id)
    rows = db.session.scalars(sa.select(VkAlbum).where(*ours).order_by(VkAlbum.title)).all()
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


def _of_goods(user: User, held: Mapping[SkipReason, int]) -> Iterator[Problem]:
    if count := unreadable.count(user.id):
        yield Problem(Kind.UNREADABLE, count=count, unreadable=unreadable.first_rows(user.id, EXAMPLES_SHOWN))
    settings = owner_settings(user)
    chosen = {settings.category_id, *settings.category_by_group.values()}
    if lost := chosen & settings.refused_categories:
        yield Problem(Kind.CATEGORY, count=len(lost))
    if count := held.get(SkipReason.REVIEW, 0):
        yield Problem(Kind.REVIEW, count=count)
    if (alike := look_alikes.noted(user)).count:
        yield Problem(Kind.ALIKE, count=alike.count, names=alike.names)
    for reason in NEEDS_OWNER:
        if count := held.get(reason, 0):
            yield Problem(Kind.UNFIT, reason, count=count)


def _of_rules(user: User) -> Iterator[Problem]:
    if lost := rules.rules_not_in_catalog(user):
        yield Problem(Kind.LOST_RULES, count=len(lost), names=[rule.entity_name or rule.entity_id for rule in lost])
