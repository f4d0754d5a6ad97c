"""The steps of a synchronisation: pull, select, plan, brake, apply, record; again while answers got lost."""

from datetime import datetime, timedelta
from typing import Any

from app.clients.vk_errors import FAULT_HOLDS, METHOD_QUOTA, OWNER_HOLDS
from app.context import settings
from app.db import db, utcnow
from app.domain.changes import Action, LinkState
from app.domain.listing import sku
from app.domain.market import MarketItem
from app.domain.plan import Desired, Plan, make_plan
from app.models import AlbumState, ConnectionState, RunStatus
from app.services import applying, approvals, catalog_refresh, clock_mending, market_links, market_watch
from app.services.catalog_refresh import CatalogUnavailable
from app.services.planning import desired_for, undecided
from app.services.run_work import RunEnds, RunWork
from app.services.shelves import load_albums, load_listings, to_link
from app.services.shop_settings import owner_settings
from app.services.sync_settings import digest_of_rules

MARKET_READ_EVERY = timedelta(days=1)
LONGEST_WAIT = timedelta(seconds=30)
MOST_PASSES = 5


class SyncWork(RunWork):
    def do(self) -> None:
        catalog_error = self._pull()
        for _ in range(MOST_PASSES):
            if not self._pass() or (wait := self._wait_for_lost_answers()) is None:
                break
            self.sleep(wait)
        self.renew()
        self.mark_vk()
        self._end_early(catalog_error)
        if self.user.sync_state is not None:
            self.user.sync_state.rules_digest = digest_of_rules(self.user)

    def _end_early(self, catalog_error: RunEnds | None) -> None:
        """All was done that can be done now, but that is not all."""
        if catalog_error is not None:
            raise catalog_error
        if self._uncertain():
            raise RunEnds(RunStatus.CONTINUED, "lost_answers", pauses=(settings().vk_read_lag_seconds,))
        if self.place.rested:
            raise RunEnds(RunStatus.CONTINUED, f"vk_{METHOD_QUOTA}", pauses=(settings().sync_interval_minutes * 60,))

    def _pull(self) -> RunEnds | None:
        """How the run shall end after a passing failure, for which the last good copy serves."""
        try:
            catalog_refresh.refresh(self.user, on_page=self.renew, is_patient=True)
        except CatalogUnavailable as error:
            connection = self.user.evotor
            if connection is not None and connection.state != ConnectionState.UNAVAILABLE:
                raise RunEnds(RunStatus.STOPPED, error.code, pauses=OWNER_HOLDS) from error
            wait = error.retry_after or 0
            return RunEnds(RunStatus.FAILED, error.code, pauses=tuple(max(wait, pause) for pause in FAULT_HOLDS))
        return None

    def _pass(self) -> bool:
        """Plan and apply once; True if some answers got lost on the way."""
        began = utcnow()
        self.renew()
        db.session.expire_all()  # what the owner changed meanwhile counts from here on
        self.place.listings = load_listings(self.user.id, self.group_id)
        self.place.albums = market_links.album_rows(self.user.id, self.group_id)
        clock_mending.mend(self.place.listings.values(), self.place.albums.values(), began)
        desired = desired_for(self.user)
        db.session.commit()
        twins: list[MarketItem] = []
        plan = None if self._market_read_is_due(began) else self._plan(desired, began)
        if plan is None or self._stand_already(plan):
            twins = self._read_market(desired, began)
            plan = self._plan(desired, began)
        self._brake(plan, began)
        self._hide_twins(twins, began)
        self.run.total = self.run.done + len(plan.changes)
        db.session.commit()
        self.apply(plan.changes)
        return self._uncertain()

    def _market_read_is_due(self, now: datetime) -> bool:
        state = self.user.sync_state
        if state is None or state.market_read_at is None:
            return True
        age = now - state.market_read_at
        return not timedelta(0) <= age < MARKET_READ_EVERY or self._has_lost_adds()

    def _stand_already(self, plan: Plan) -> bool:
        """Links lost since the last read, as after a restored backup: what the plan would add is in the market."""
        adding = {sku(change.key.product_id) for change in plan.changes if change.action is Action.ADD and change.key}
        db.session.commit()
        if not adding:
            return False
        _, newest = self.vk.market_page(self.group_id, 0)
        linked = {row.vk_item_id for row in self.place.listings.values()}
        return any(item.sku in adding and item.id not in linked for item in newest)

    def _read_market(self, desired: Desired, began: datetime) -> list[MarketItem]:
        """The whole market held against our records; returns the twins, which are to be hidden."""
        items = self.vk.market(self.group_id, on_page=self.renew)
        albums = self.vk.albums(self.group_id)
        self.renew()
        market_links.reconcile_albums(self.user.id, self.group_id, albums, began)
        self.place.albums = market_links.album_rows(self.user.id, self.group_id)
        self.place.seen_albums = albums
        twins = market_links.reconcile_items(self.user.id, self.group_id, items, desired.known, self.place.listings)
        market_links.settle_lost(self.place.listings.values(), began)
        market_watch.note_drift(self.place, items, owner_settings(self.user), began)
        market_watch.note_foreign(self.user, self.place, items, desired)
        if not twins:
            self._market_was_read(began)
        db.session.commit()
        return twins

    def _hide_twins(self, twins: list[MarketItem], began: datetime) -> None:
        for twin in twins:
            applying.hide_twin(self.place, twin)
        if twins:
            self._market_was_read(began)

    def _market_was_read(self, at: datetime) -> None:
        if self.user.sync_state is not None:
            self.user.sync_state.market_read_at = at

    def _plan(self, desired: Desired, began: datetime) -> Plan:
        self._note_who_is_out(desired, began)
        links = {key: to_link(row) for key, row in self.place.listings.items()}
        return make_plan(
            desired,
            links,
            load_albums(self.user, self.group_id, began),
            owner_settings(self.user),
            now=began,
            undecided=undecided(self.user.id, self.group_id),
        )

    def _note_who_is_out(self, desired: Desired, now: datetime) -> None:
        """The days until deletion count from the run that first saw the product outside the selection."""
        for key, row in self.place.listings.items():
            selected = key in desired.wanted or key in desired.unfit
            if selected and row.out_since is not None:
                row.out_since = None
            elif not selected and (row.out_since is None or row.out_since > now):
                row.out_since = now

    def _brake(self, plan: Plan, now: datetime) -> None:
        """Before the first write. Raises RunEnds while the owner has not approved."""
        self.run.skipped = dict(plan.skipped_counts)
        verdict = approvals.judge(self.user, plan, now)
        self.place.approved = verdict.approved
        if verdict.needs_approval:
            self.run.fingerprint = verdict.fingerprint
            raise RunEnds(RunStatus.NEEDS_APPROVAL, "needs_approval")

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


def _is_lost(row: Any) -> bool:
    return row.state == LinkState.ADDING and row.vk_item_id is None and row.attempted_at is not None
