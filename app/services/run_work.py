"""The steps of a run: pull, select, plan, apply, record; again while answers got lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from app.clients.errors import VkError
from app.clients.vk_errors import CODES
from app.context import settings
from app.db import db, utcnow
from app.domain.listing import digest_of, sku
from app.domain.plan import Action, Desired, LinkState, Plan, make_plan
from app.models import AlbumState, ConnectionState, EntryOutcome, RunStatus, SyncRun, User
from app.services import applying, catalog_refresh, market_links, runs
from app.services.catalog_refresh import CatalogUnavailable
from app.services.planning import desired_for
from app.services.shelves import load_albums, load_listings, owner_settings, to_link
from app.services.sync_settings import rules_of
from app.services.vendors import evotor_client, vk_client
from app.services.workplace import Workplace

MARKET_READ_EVERY = timedelta(days=1)
LONGEST_WAIT = timedelta(seconds=30)
OWNER_PAUSE = timedelta(hours=1)
FAULT_PAUSE = timedelta(minutes=5)
FAULTS_IN_A_ROW = 3
UNKNOWN_ERRORS_IN_A_ROW = 5
MOST_PASSES = 5


class RunEnds(Exception):
    """The run cannot, or need not, go on now."""

    def __init__(
        self, status: RunStatus, code: str, *, pause: timedelta | None = None, text: str | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.pause = pause
        self.text = text


class RunWork:
    """The steps of one claimed run. Raises RunEnds or VkError to end it early."""

    def __init__(
        self,
        user: User,
        run: SyncRun,
        *,
        to_end: bool,
        deadline: float,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        assert user.vk is not None and user.vk.group_id is not None and user.vk.token is not None
        assert user.evotor is not None and user.evotor.token is not None
        self.user, self.run, self.to_end, self.deadline = user, run, to_end, deadline
        self.sleep, self.monotonic = sleep, monotonic
        self.group_id = user.vk.group_id
        self.confirmed = runs.confirmation(user.id)
        self.answers_lost = False
        self.vk = vk_client(user.vk.token)
        self.place = Workplace(
            run=run,
            group_id=self.group_id,
            vk=self.vk,
            evotor=evotor_client(user.evotor.token),
            listings={},
            renew=self.renew,
        )

    def renew(self) -> None:
        if not runs.renew(self.run, self.confirmed, self.group_id):
            raise RunEnds(RunStatus.STOPPED, "switched_off")

    def do(self) -> None:
        catalog_error = self._pull()
        for _ in range(MOST_PASSES):
            if not self._pass() or (wait := self._wait_for_lost_answers()) is None:
                break
            self.sleep(wait)
        self.renew()
        if self.user.sync_state is not None:
            self.user.sync_state.rules_digest = _digest_of_rules(self.user)
        self._mark_vk_ok()
        if catalog_error:
            raise RunEnds(RunStatus.FAILED, catalog_error, pause=FAULT_PAUSE)
        if self._uncertain():
            lag = timedelta(seconds=settings().vk_read_lag_seconds)
            raise RunEnds(RunStatus.CONTINUED, "lost_answers", pause=lag)

    def _pull(self) -> str | None:
        """The code of a passing failure, after which the last good copy serves."""
        try:
            catalog_refresh.refresh(self.user, on_page=self.renew)
        except CatalogUnavailable as error:
            connection = self.user.evotor
            if connection is not None and connection.state != ConnectionState.UNAVAILABLE:
                raise RunEnds(RunStatus.STOPPED, error.code, pause=OWNER_PAUSE) from error
            return error.code
        return None

    def _pass(self) -> bool:
        """Plan and apply once; True if some answers got lost on the way."""
        began = utcnow()
        self.renew()
        db.session.expire_all()  # what the owner changed meanwhile counts from here on
        self.place.listings = load_listings(self.user.id, self.group_id)
        self.place.albums = market_links.album_rows(self.user.id, self.group_id)
        desired = desired_for(self.user)
        db.session.commit()
        plan = None if self._market_read_is_due(began) else self._plan(desired, began)
        if plan is None or self._stand_already(plan):
            self._read_market(desired, began)
            plan = self._plan(desired, began)
        self.run.total = self.run.done + len(plan.changes)
        self.run.skipped = dict(plan.skipped_counts)
        db.session.commit()
        self._apply(plan)
        return self._uncertain()

    def _market_read_is_due(self, now: datetime) -> bool:
        state = self.user.sync_state
        if state is None or state.market_read_at is None or state.market_read_at + MARKET_READ_EVERY <= now:
            return True
        return self._has_lost_adds()

    def _stand_already(self, plan: Plan) -> bool:
        """Links lost since the last read, as after a restored backup: what the plan would add is in the market."""
        adding = {sku(change.key.product_id) for change in plan.changes if change.action is Action.ADD and change.key}
        db.session.commit()
        if not adding:
            return False
        _, newest = self.vk.market_page(self.group_id, 0)
        linked = {row.vk_item_id for row in self.place.listings.values()}
        return any(item.sku in adding and item.id not in linked for item in newest)

    def _read_market(self, desired: Desired, began: datetime) -> None:
        items = self.vk.market(self.group_id, on_page=self.renew)
        albums = self.vk.albums(self.group_id)
        self.renew()
        market_links.reconcile_albums(self.user.id, self.group_id, albums, began)
        self.place.albums = market_links.album_rows(self.user.id, self.group_id)
        self.place.seen_albums = albums
        twins = market_links.reconcile_items(self.user.id, self.group_id, items, desired.known, self.place.listings)
        market_links.settle_lost(self.place.listings.values(), began)
        db.session.commit()
        for twin in twins:
            applying.hide_twin(self.place, twin)
        if self.user.sync_state is not None:
            self.user.sync_state.market_read_at = began
        db.session.commit()

    def _plan(self, desired: Desired, began: datetime) -> Plan:
        self._note_who_is_out(desired, began)
        links = {key: to_link(row) for key, row in self.place.listings.items()}
        albums = load_albums(self.user, self.group_id, began)
        return make_plan(
            desired, links, albums, now=began, remove_after_days=owner_settings(self.user).remove_after_days
        )

    def _note_who_is_out(self, desired: Desired, now: datetime) -> None:
        """The days until deletion count from the run that first saw the product outside the selection."""
        for key, row in self.place.listings.items():
            selected = key in desired.wanted or key in desired.unfit
            if selected and row.out_since is not None:
                row.out_since = None
            elif not selected and row.out_since is None:
                row.out_since = now

    def _apply(self, plan: Plan) -> None:
        silent = strange = 0
        self.answers_lost = False
        for change in plan.changes:
            if self.monotonic() > self.deadline:
                raise RunEnds(RunStatus.CONTINUED, "time_slice", pause=timedelta(0))
            done = applying.apply_change(self.place, change)
            if done is None:
                continue
            lost = done.outcome is EntryOutcome.UNKNOWN
            self.answers_lost = self.answers_lost or lost
            silent = silent + 1 if lost else 0
            strange = strange + 1 if _is_strange(done.error) else 0
            if silent >= FAULTS_IN_A_ROW:
                raise RunEnds(RunStatus.CONTINUED, "vk_unreachable", pause=FAULT_PAUSE)
            if strange >= UNKNOWN_ERRORS_IN_A_ROW:
                raise RunEnds(RunStatus.FAILED, "vk_strange_errors", pause=OWNER_PAUSE)

    def _uncertain(self) -> bool:
        return self.answers_lost or self._has_lost_adds()

    def _has_lost_adds(self) -> bool:
        lost_album = any(row.state == AlbumState.ADDING for row in self.place.albums.values())
        return lost_album or any(_is_lost(row) for row in self.place.listings.values())

    def _wait_for_lost_answers(self) -> float | None:
        """Seconds until lost answers may be looked up again, where this run waits for that at all."""
        moments = [row.retry_after for row in self.place.listings.values() if _is_lost(row) and row.retry_after]
        moments += [
            row.retry_after
            for row in self.place.albums.values()
            if row.state == AlbumState.ADDING and row.retry_after is not None
        ]
        if not self.to_end:
            return None
        wait = max(moments, default=utcnow()) - utcnow()
        return max(wait.total_seconds(), 0) if wait <= LONGEST_WAIT else None

    def _mark_vk_ok(self) -> None:
        connection = self.user.vk
        if connection is not None:
            connection.state, connection.error_code, connection.checked_at = ConnectionState.OK, None, utcnow()
            if self.place.is_plain_shop:
                connection.is_extended = False


def _is_lost(row: Any) -> bool:
    return row.state == LinkState.ADDING and row.vk_item_id is None and row.attempted_at is not None


def _is_strange(error: VkError | None) -> bool:
    """A code that contracts/vk.md section 9 does not know."""
    return error is not None and error.code is not None and error.code not in CODES


def _digest_of_rules(user: User) -> str:
    return digest_of(*sorted(f"{rule.entity_type}:{rule.mode}:{rule.entity_id}" for rule in rules_of(user).rules))
