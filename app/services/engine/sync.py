"""The steps of a synchronisation: pull, select, plan, brake, apply, record; again while answers got lost."""

from datetime import datetime, timedelta

from app.clients.vk.errors import FAULT_HOLDS, METHOD_QUOTA, OWNER_HOLDS, Treatment, VkError
from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Store
from app.domain.listing.key import sku
from app.domain.market.items import MarketItem
from app.domain.planning.changes import ALBUM_STEPS, Action, LinkState, Reason
from app.domain.planning.plan import Desired, Plan, make_plan
from app.models import ConnectionState, RunStage, RunStatus
from app.services.catalog import refresh
from app.services.catalog.refresh import CatalogUnavailable
from app.services.engine import deletion_proof
from app.services.engine.work import RunEnds, RunWork, is_lost_album
from app.services.market import categories as market_categories
from app.services.market import links as market_links
from app.services.market.records import load_albums, to_link
from app.services.owner.rules import digest_of_rules
from app.services.owner.settings import owner_settings
from app.services.planning import approvals, look_alikes, pending
from app.services.planning.approvals import Judgement
from app.services.planning.plans import desired_for, undecided
from app.services.runs import codes
from app.services.vendors.connection_use import CONNECTION_CHANGED

MARKET_READ_EVERY = timedelta(days=1)
LONGEST_WAIT = timedelta(seconds=30)
MOST_PASSES = 5
LOOK = "market.get"


class SyncWork(RunWork):
    _wished = ""
    """What the last plan was made from."""
    _is_held = False
    """It leaves alone for now what was refused or got no answer."""

    def do(self) -> None:
        catalog_error = self._pull()
        for _ in range(MOST_PASSES):
            if not self._pass() or (wait := self._wait_for_lost_answers()) is None:
                break
            self.enter(RunStage.WAIT)
            self.renew()
            self.sleep(wait)
        self._ask_vk()
        self._read_categories_again()
        self.renew()
        self.came_through()
        if catalog_error is not None:
            raise catalog_error
        self.end_early()
        if self.user.sync_state is not None:
            self.user.sync_state.rules_digest = digest_of_rules(self.user)
            self.user.sync_state.confirmed_adds = None
            is_settled = not (self.leaves_some or self._is_held)
            self.user.sync_state.settled_digest = pending.settled(self._wished, self.user) if is_settled else None

    def _ask_vk(self) -> None:
        """A run that needed nothing of VK asks all the same: what is wrong there has to show at once."""
        if self.vk.has_answered or self.place.rests(LOOK):
            return
        self.renew()
        try:
            self.vk.look_in(self.group_id)
        except VkError as error:
            if error.code != METHOD_QUOTA:
                raise
            self.place.rested.add(LOOK)  # whoever counts calls has read the token

    def _read_categories_again(self) -> None:
        """Once a week, so that the owner hears of a chosen category that VK gave up."""
        known = market_categories.known(self.user)
        db.session.commit()
        if known is None or not known.is_old:
            return
        try:
            categories = self.vk.categories(self.group_id)
        except VkError as error:
            if error.action in (Treatment.ASK, Treatment.REFRESH):
                raise
            return
        if categories and self.vk_use.current() is not None:
            market_categories.keep(self.user, self.group_id, categories)

    def _pull(self) -> RunEnds | None:
        """How the run shall end after a passing failure, for which the last good copy serves."""
        self.enter(RunStage.CATALOG)
        self.renew()
        try:
            report = refresh.refresh(self.user, on_page=self.between_pages, on_store=self._note_store, is_patient=True)
        except CatalogUnavailable as error:
            if error.code == CONNECTION_CHANGED:
                raise RunEnds(RunStatus.CONTINUED, codes.CHANGED_MEANWHILE, at_once=True) from error
            if error.state is not ConnectionState.UNAVAILABLE:
                raise RunEnds(RunStatus.STOPPED, error.code, pauses=OWNER_HOLDS) from error
            wait = error.retry_after or 0
            return RunEnds(RunStatus.FAILED, error.code, pauses=tuple(max(wait, pause) for pause in FAULT_HOLDS))
        self.place.whole_stores = frozenset(report.read)
        return None

    def _note_store(self, store: Store) -> None:
        self.enter(RunStage.CATALOG, store.name)

    def _pass(self) -> bool:
        """Plan and apply once; True if some answers got lost on the way."""
        began = utcnow()
        self.enter(RunStage.PLAN)
        self.renew()
        self.load_records()
        self._wished = pending.wishes(self.user)
        desired = desired_for(self.user, self.place.whole_stores)
        deletion_proof.forget_old_answers(self.place.listings, desired.known, began)
        db.session.commit()
        twins: list[MarketItem] = []
        plan = None if self._market_read_is_due(began) else self._plan(desired, began)
        if plan is None or self._stand_already(plan):
            twins = self.read_market(desired)
            plan = self._plan(desired, began)
        look_alikes.note(self.user, self.group_id, plan, desired)
        plan = self._braked(plan, desired, began)
        self._is_held = not plan.skipped_counts.keys().isdisjoint((Reason.REFUSED, Reason.UNCERTAIN))
        self._forget_what_is_over(plan)
        self.hide_twins(twins)
        self.run.total = self.run.done + len(plan.changes)
        db.session.commit()
        self.apply(plan.changes)
        return self.is_uncertain()

    def _market_read_is_due(self, now: datetime) -> bool:
        state = self.user.sync_state
        if state is None or state.market_read_at is None:
            return True
        age = now - state.market_read_at
        return not timedelta(0) <= age < MARKET_READ_EVERY or self.has_lost_adds() or self._held_are_due(now)

    def _held_are_due(self, now: datetime) -> bool:
        """What is held because of an unreadable item is never added before the market was looked at again."""
        held = filter(market_links.is_held, self.place.listings.values())
        return any(row.retry_after is not None and row.retry_after <= now for row in held)

    def _stand_already(self, plan: Plan) -> bool:
        """Links lost since the last read, as after a restored backup: what the plan would add is in the market."""
        adding = {sku(change.key.product_id) for change in plan.changes if change.action is Action.ADD and change.key}
        db.session.commit()
        if not adding:
            return False
        _, newest = self.vk.market_page(self.group_id, 0)
        linked = {row.vk_item_id for row in self.place.listings.values()}
        if any(map(newest.odd.may_hold, adding)):
            return True
        return any(item.sku in adding and item.id not in linked for item in newest)

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

    def _forget_what_is_over(self, plan: Plan) -> None:
        """VK's answers to what nobody asks of it any more."""
        arranged = {change.key for change in plan.changes if change.action in ALBUM_STEPS}
        asked = {change.key for change in plan.changes if change.action not in ALBUM_STEPS}
        asked |= {key for key, reason in plan.skipped.items() if reason is Reason.REFUSED}
        for key, row in self.place.listings.items():
            if row.error_code is not None and key not in asked and row.state != LinkState.GONE and not row.is_lost:
                row.error_code = row.error_text = row.failed_digest = row.retry_after = None
            if row.album_error is not None and key not in arranged:
                row.album_error = None
        for title, album in self.place.albums.items():
            is_left_alone = album.retry_after is not None and album.retry_after > utcnow()
            if album.error_code is not None and title not in plan.crowds and not is_left_alone:
                album.error_code = None

    def _note_who_is_out(self, desired: Desired, now: datetime) -> None:
        """The days until deletion count only while the item is hidden and its product outside the selection."""
        for key, row in self.place.listings.items():
            is_selected = key in desired.wanted or key in desired.unfit
            is_out = not is_selected and (to_link(row).is_hidden or row.state == LinkState.GONE)
            if not is_out:
                row.out_since = None
            elif row.out_since is None or row.out_since > now:
                row.out_since = now

    def _braked(self, plan: Plan, desired: Desired, now: datetime) -> Plan:
        """The plan that may be carried out. Raises RunEnds, before the first write, while it waits for approval."""
        verdict = approvals.judge(self.user, plan, now)
        if verdict.needs_approval and self._lists_were_incomplete(verdict):
            plan = self._plan(desired, now)
            verdict = approvals.judge(self.user, plan, now)
        self.run.skipped = dict(plan.skipped_counts)
        self.place.approved = verdict.approved
        if verdict.needs_approval:
            self.run.fingerprint = verdict.fingerprint
            self._ask_vk()
            self.came_through()
            raise RunEnds(RunStatus.NEEDS_APPROVAL, "needs_approval")
        if (state := self.user.sync_state) is not None:
            if verdict.brakes and state.confirmed_adds is not None:
                state.confirmed_adds = plan.counts[Action.ADD]  # so many were approved
            if approvals.is_first_after_confirmation(self.user):
                state.rules_digest = digest_of_rules(self.user)
        return plan

    def _lists_were_incomplete(self, verdict: Judgement) -> bool:
        """Before the owner is troubled: does Evotor, asked for each product alone, know it after all?"""
        db.session.commit()
        held = [change for brake in verdict.brakes for change in brake.changes]
        return deletion_proof.ask_about(self.place, held, self.check_time)

    def _wait_for_lost_answers(self) -> float | None:
        """Seconds until lost answers may be looked up again, where this run waits for that at all."""
        moments = [row.retry_after for row in self.place.listings.values() if row.is_lost and row.retry_after]
        moments += [row.retry_after for row in self.place.albums.values() if is_lost_album(row) and row.retry_after]
        if not self.to_end:
            return None
        wait = max(moments, default=utcnow()) - utcnow()
        return max(wait.total_seconds(), 0) if wait <= LONGEST_WAIT else None
