"""What every run does: changes one after another, under a lease, until something says that it must end."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clients.vk.error_table import CODES
from app.clients.vk.errors import CAPTCHA, DAY, FAULT_HOLDS, METHOD_QUOTA, OWNER_HOLDS, VkError, stored
from app.clock import utcnow
from app.context import settings
from app.db import db
from app.domain.listing.key import sku
from app.domain.market.items import Album, MarketItem
from app.domain.planning.changes import Action, Change
from app.domain.planning.plan import Desired
from app.models import AlbumState, ConnectionState, EntryOutcome, RunStage, RunStatus, SyncRun, User, VkAlbum
from app.models.run import NOTE_LENGTH
from app.services.engine import applying, clock_repair
from app.services.engine.context import Workplace
from app.services.market import albums as market_albums
from app.services.market import links, watch
from app.services.market.records import load_listings
from app.services.owner.settings import owner_settings
from app.services.runs import lease, records
from app.services.runs.ending import End
from app.services.vendors.clients import evotor_client, vk_client
from app.services.vendors.connection_use import VkUse, evotor_use, vk_use
from app.services.vendors.faults import UNREACHABLE

FAULTS_IN_A_ROW = 3
UNKNOWN_ERRORS_IN_A_ROW = 5
AFTER_CAPTCHA_PER_SECOND = 1 / 3
STAGE_OF = {
    Action.HIDE: RunStage.HIDE,
    Action.EDIT: RunStage.EDIT,
    Action.SHOW: RunStage.SHOW,
    Action.ADD: RunStage.ADD,
    Action.ALBUM_RENAME: RunStage.ALBUMS,
    Action.ALBUM_ADD: RunStage.ALBUMS,
    Action.ALBUM_PUT: RunStage.ALBUMS,
    Action.ALBUM_REMOVE: RunStage.ALBUMS,
    Action.DELETE: RunStage.DELETE,
}


class RunEnds(Exception):
    """The run cannot, or need not, go on now; see `End`."""

    def __init__(self, status: RunStatus, code: str, *, pauses: tuple[float, ...] = (), at_once: bool = False) -> None:
        super().__init__(code)
        self.end = End(status, code, pauses=pauses, at_once=at_once)


@dataclass(frozen=True, slots=True)
class VkFound:
    """What a run says of the connection at its end."""

    state: ConnectionState
    code: str | None = None
    way_out: str | None = None


class RunWork(ABC):
    """One claimed run. Raises RunEnds or VkError to end it early."""

    def __init__(
        self,
        user: User,
        run: SyncRun,
        worker: str,
        *,
        to_end: bool,
        deadline: float,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        is_stopping: Callable[[], bool],
        order: str | None = None,
    ) -> None:
        vk = vk_use(user)
        if vk is None or user.vk is None:
            raise RunEnds(RunStatus.STOPPED, records.SWITCHED_OFF)  # between the look at the owner's word and the claim
        self.vk_use: VkUse = vk
        self.vk_found: VkFound | None = None
        self.user, self.run, self.to_end, self.deadline, self.order = user, run, to_end, deadline, order
        self.worker = worker  # never read from the row: there it may be somebody else's name by now
        self.sleep, self.monotonic, self.is_stopping = sleep, monotonic, is_stopping
        self.group_id = vk.group_id
        self.confirmed = lease.confirmation(user.id)
        self.answers_lost = self.leaves_some = False
        self._stage: tuple[RunStage, str | None] | None = None
        self._news: dict[str, Any] = {}
        self._resting = dict(user.vk.resting)
        was_asked_by_captcha = user.sync_state is not None and user.sync_state.strike_code == stored(CAPTCHA)
        self.vk = vk_client(
            vk.token,
            slowest=AFTER_CAPTCHA_PER_SECOND if was_asked_by_captcha else None,
            is_resting=self._is_resting,
            before_repeat=self.renew,
        )
        evotor = evotor_use(user)
        self.place = Workplace(
            run=run,
            group_id=self.group_id,
            vk=self.vk,
            evotor=evotor_client(evotor.token) if evotor else None,
            listings={},
            renew=self.renew,
            is_resting=self._is_resting,
        )

    @abstractmethod
    def do(self) -> None:
        """The work itself; returning means that all of it is done."""

    def renew(self) -> None:
        if not lease.renew(self.run, self.worker, self.confirmed, self.group_id, self.order, news=self._news):
            code = lease.why_stopped(self.run, self.confirmed, self.order)
            if code == records.CHANGED_MEANWHILE:
                raise RunEnds(RunStatus.CONTINUED, code, at_once=True)
            raise RunEnds(RunStatus.STOPPED, code)
        self._news = {}

    def between_pages(self) -> None:
        """Of a long read: the lease goes on, and whoever tells the process to stop need not wait for the last one."""
        self.renew()
        self.check_stop()

    def enter(self, stage: RunStage, note: str | None = None) -> None:
        """What the owner reads on the page from now on.

        Told with the next renewal of the lease: it costs no write, and no transaction begins here.
        """
        if (stage, note) != self._stage:
            self._stage = stage, note
            told = {"stage": stage, "stage_note": note and note[:NOTE_LENGTH]}
            self._news = {**told, "stage_since": utcnow(), "stage_done": SyncRun.done}

    def check_stop(self) -> None:
        if self.is_stopping():
            raise RunEnds(RunStatus.CONTINUED, "time_slice", at_once=True)

    def check_time(self) -> None:
        self.check_stop()
        if self.monotonic() > self.deadline:
            raise RunEnds(RunStatus.CONTINUED, "time_slice", at_once=True)

    def apply(self, changes: Iterable[Change]) -> None:
        silent = strange = 0
        self.answers_lost = self.leaves_some = False
        for change in changes:
            self.check_time()
            self.enter(STAGE_OF[change.action])
            done = applying.apply_change(self.place, change)
            if done is None or done.outcome is not EntryOutcome.DONE:
                self.leaves_some = True
            if done is None:
                continue
            lost = done.outcome is EntryOutcome.UNKNOWN
            self.answers_lost = self.answers_lost or lost
            silent = silent + 1 if done.vk_is_silent else 0
            strange = strange + 1 if _is_strange(done.error) else 0
            if silent >= FAULTS_IN_A_ROW:
                raise RunEnds(RunStatus.CONTINUED, UNREACHABLE, pauses=FAULT_HOLDS)
            if strange >= UNKNOWN_ERRORS_IN_A_ROW:
                raise RunEnds(RunStatus.FAILED, "vk_strange_errors", pauses=OWNER_HOLDS)

    def load_records(self, before: datetime | None = None) -> None:
        """Our records as they stand now: the owner's pages may have changed them since.

        `before`: when the lists were read that they are to be held against, if any.
        """
        db.session.expire_all()
        self.place.listings = load_listings(self.user.id, self.group_id)
        self.place.albums = market_albums.album_rows(self.user.id, self.group_id)
        self._resting = dict(self.user.vk.resting) if self.user.vk else {}
        clock_repair.mend(self.place.listings.values(), self.place.albums.values(), utcnow())
        watch.forget_deleted(self.place, before or utcnow())

    def read_market(self, desired: Desired) -> list[MarketItem]:
        """The whole market held against our records; returns the twins, which are to be hidden.

        No transaction is open while VK answers.
        """
        began = utcnow()
        self.enter(RunStage.MARKET)
        items = self.vk.market(self.group_id, on_page=self.between_pages)
        albums = self.vk.albums(self.group_id)
        seen = watch.with_unlisted(self.place, items)
        albums += self._unlisted_albums(albums)
        self.renew()
        self.load_records(began)
        market_albums.reconcile_albums(self.user.id, self.group_id, albums, began)
        if not self.place.albums and not any(row.vk_item_id for row in self.place.listings.values()):
            titles = {sku(key.product_id): wanted.album for key, wanted in desired.wanted.items()}
            market_albums.relink_albums(self.user.id, self.group_id, albums, items, titles)
        self.place.albums = market_albums.album_rows(self.user.id, self.group_id)
        self.place.seen_albums = albums
        watch.note_gone(self.place, seen, began)
        twins = links.reconcile_items(self.user.id, self.group_id, items, desired.known, self.place.listings)
        links.settle_lost(self.place.listings.values(), began, seen.odd)
        links.hold_back(self.user.id, self.group_id, items.odd, desired.known, self.place.listings)
        watch.note_drift(self.place, seen, owner_settings(self.user), began)
        watch.note_rejections(self.place, seen)
        watch.note_foreign(self.user, self.place, items, desired.products)
        if not twins:
            self._market_was_read(began)
        db.session.commit()
        return twins

    def _unlisted_albums(self, albums: Sequence[Album]) -> list[Album]:
        """An album missing from the list is asked for by its id before it is taken for gone.

        docs/contracts/vk.md §12.1.
        """
        seen = {album.id for album in albums}
        known = [row.vk_album_id for row in self.place.albums.values() if row.vk_album_id is not None]
        absent = [album_id for album_id in known if album_id not in seen]
        return self.vk.albums_by_id(self.group_id, absent) if absent else []

    def hide_twins(self, twins: Sequence[MarketItem]) -> None:
        began = utcnow()
        for twin in twins:
            applying.hide_twin(self.place, twin)
        if twins:
            self._market_was_read(began)

    def _market_was_read(self, at: datetime) -> None:
        if self.user.sync_state is not None:
            self.user.sync_state.market_read_at = at

    def end_early(self) -> None:
        """Raises RunEnds where all was done that can be done now, but that is not all."""
        if self.is_uncertain():
            raise RunEnds(RunStatus.CONTINUED, "lost_answers", pauses=(settings().vk_read_lag_seconds, *FAULT_HOLDS))
        if self.place.rested or self.place.waits_for_quota:
            raise RunEnds(RunStatus.CONTINUED, stored(METHOD_QUOTA))

    def is_uncertain(self) -> bool:
        return self.answers_lost or self.has_lost_adds()

    def has_lost_adds(self) -> bool:
        lost_items = any(row.is_lost for row in self.place.listings.values())
        return lost_items or any(map(is_lost_album, self.place.albums.values()))

    def came_through(self) -> None:
        """The connection works, but for what VK said no to on the way. From here on it is held, as before any state."""
        self.vk_use.current()
        self.vk_found = VkFound(ConnectionState.OK)

    def keep_findings(self) -> None:
        """What the run learnt of the connection outlives it, unless another token or community is stored by now.

        Flushes. Methods at rest and categories that VK refused are kept however the run ended.
        """
        connection = self.vk_use.current()
        if connection is None:
            return
        if (found := self.vk_found) is not None:
            connection.state, connection.error_code, connection.way_out = found.state, found.code, found.way_out
            connection.checked_at = utcnow()
            if found.state is ConnectionState.OK and self.place.is_plain_shop:
                connection.is_extended = False
        if self.place.rested or self.place.refused_categories or connection.resting:
            until = (utcnow() + timedelta(seconds=DAY)).isoformat()
            still = {method: moment for method, moment in connection.resting.items() if _is_ahead(moment)}
            connection.resting = {**dict.fromkeys(self.place.rested, until), **still}
            connection.refused_categories = sorted({*connection.refused_categories, *self.place.refused_categories})
        db.session.flush()

    def _is_resting(self, method: str) -> bool:
        # Asked in the middle of a call, so from memory: no transaction may begin then.
        moment = self._resting.get(method)
        return method in self.place.rested or (moment is not None and _is_ahead(moment))


def is_lost_album(row: VkAlbum) -> bool:
    return row.state == AlbumState.ADDING and row.attempted_at is not None


def _is_ahead(moment: str) -> bool:
    """And no further than a rest lasts: then a wrong clock has set it."""
    return utcnow() < datetime.fromisoformat(moment) <= utcnow() + timedelta(seconds=DAY)


def _is_strange(error: VkError | None) -> bool:
    """A code that docs/contracts/vk.md §11 does not know."""
    return error is not None and error.code is not None and error.code not in CODES
