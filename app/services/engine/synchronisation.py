"""The steps of a synchronisation: pull, select, plan, brake, apply, record; again while answers got lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.clients.vk.errors import FAULT_HOLDS, METHOD_QUOTA, OWNER_HOLDS, Treatment, VkError
from app.clock import utcnow
from app.db import db, snapshot
from app.domain.catalog.goods import Store
from app.domain.listing.key import sku
from app.domain.planning.changes import Action
from app.domain.planning.plan import Desired, Plan, make_plan
from app.models import ConnectionState, RunStage, RunStatus
from app.models.run import UNASKED_FOR, UNREAD
from app.services.catalog import refresh
from app.services.catalog.refresh import CatalogUnavailable
from app.services.engine import settled, upkeep
from app.services.engine.changes import deletion_proof
from app.services.engine.changes.applying import apply_all, end_unless_complete, is_uncertain
from app.services.engine.context.early_end import RunEnds
from app.services.engine.context.run_context import RunContext
from app.services.engine.market_reader import hide_duplicates, read_market
from app.services.engine.settled import Look
from app.services.market import categories as market_categories
from app.services.market.records import load_albums, to_link
from app.services.market.removals import stores_with_removals
from app.services.owner import rules
from app.services.owner.known_stores import known_stores
from app.services.owner.rules import digest_of_rules
from app.services.owner.settings import owner_settings
from app.services.planning import approvals, look_alikes
from app.services.planning.approvals import BrakeCheck
from app.services.planning.plans import desired_for, undecided
from app.services.runs import codes, records
from app.services.vendors.connection_use import CONNECTION_CHANGED

MARKET_READ_EVERY = timedelta(days=1)
LONGEST_WAIT = timedelta(seconds=30)
MOST_PASSES = 5
LOOK = "market.get"


class Synchronisation:
    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._unread: list[str] = []
        """Names of the stores whose old copy serves."""
        self._has_removals = False
        """Something is to be taken away as soon as a whole list proves that its product is missing."""
        self._nothing_left: tuple[Look, Mapping[str, int]] | None = None
        """The look by which the last plan changes nothing, and what that plan skips."""
        self._settled: Mapping[str, int] | None = None
        """What is skipped, where nothing is another than when a run found nothing left to do."""

    def carry_out(self) -> None:
        """Returning means that all of it is done. Raises RunEnds or VkError to end early."""
        passing_failure = self._pull_catalog()
        is_settled = passing_failure is None and self._is_settled()
        answers_lost = not is_settled and self._apply_until_answers_are_known()
        self._make_sure_vk_was_asked()
        if not is_settled:
            self._read_categories_again()
        self._run.lease.renew()
        self._run.findings.note_came_through()
        if passing_failure is not None:
            raise passing_failure
        end_unless_complete(self._run, answers_lost)
        self._note_success(is_settled=is_settled)

    # The catalog

    def _pull_catalog(self) -> RunEnds | None:
        """How the run shall end after a passing failure, for which the last good copy serves."""
        lease = self._run.lease
        lease.enter(RunStage.CATALOG)
        lease.keep()
        whole = stores_with_removals(self._run.user, self._run.group_id, utcnow())
        self._has_removals = bool(whole)
        try:
            report = refresh.refresh(
                self._run.user,
                on_page=lease.keep_between_pages,
                on_store=self._note_store,
                is_patient=True,
                whole=whole,
            )
        except CatalogUnavailable as error:
            if error.code == CONNECTION_CHANGED:
                raise RunEnds(RunStatus.CONTINUED, codes.CHANGED_MEANWHILE, at_once=True) from error
            if error.state is not ConnectionState.UNAVAILABLE:
                raise RunEnds(RunStatus.STOPPED, error.code, pauses=OWNER_HOLDS) from error
            wait = error.retry_after or 0
            return RunEnds(RunStatus.FAILED, error.code, pauses=tuple(max(wait, pause) for pause in FAULT_HOLDS))
        self._run.whole_stores = frozenset(report.read)
        with snapshot():
            passing = set(rules.passing_stores(self._run.user))
            stale = (store.name for store in known_stores(self._run.user.id) if store.is_stale and store.id in passing)
            self._unread = sorted({*stale, *report.waiting})
            self._settled = settled.skipped_if_settled(self._run.user)
        return None

    def _note_store(self, store: Store) -> None:
        self._run.lease.enter(RunStage.CATALOG, store.name)

    # Nothing to do

    def _is_settled(self) -> bool:
        """Nothing is another than when a run found nothing left to do: so it would find now, and has no need to look.

        Whoever presses gets a whole run.
        """
        run = self._run
        if run.row.trigger not in UNASKED_FOR or self._has_removals or self._market_is_due(utcnow()):
            return False
        skipped = self._settled
        if skipped is None:
            return False
        run.lease.tell_skipped(self._with_unread(skipped))
        return True

    def _with_unread(self, skipped: Mapping[str, int]) -> dict[str, Any]:
        return {**skipped, **({UNREAD: self._unread} if self._unread else {})}

    # Passes

    def _apply_until_answers_are_known(self) -> bool:
        for _ in range(MOST_PASSES):
            answers_lost = self._plan_and_apply()
            if not is_uncertain(self._run, answers_lost) or (wait := self._seconds_to_next_look()) is None:
                break
            self._run.lease.enter(RunStage.WAIT)
            self._run.lease.renew()
            self._run.time_slice.sleep(wait)
        return answers_lost

    def _seconds_to_next_look(self) -> float | None:
        """Until lost answers may be looked up again, where this run waits for that at all."""
        market = self._run.market
        moments = [row.retry_after for row in market.listings.values() if row.is_lost and row.retry_after]
        moments += [album.retry_after for album in market.albums.values() if album.is_lost and album.retry_after]
        if not self._run.time_slice.to_end:
            return None
        wait = max(moments, default=utcnow()) - utcnow()
        return max(wait.total_seconds(), 0) if wait <= LONGEST_WAIT else None

    def _plan_and_apply(self) -> bool:
        """One pass."""
        run, began = self._run, utcnow()
        run.lease.enter(RunStage.PLAN)
        run.lease.renew()
        look = settled.look(run.user)
        run.load_records()
        if is_read := self._market_read_is_due(began):
            run.market.listings = {}  # read anew with the market; until then the memory is of use
        with snapshot():
            desired = desired_for(run.user, run.whole_stores)
        db.session.commit()
        duplicates = read_market(run, desired) if is_read else []
        deletion_proof.forget_old_answers(run.market.listings, desired.known, began)
        db.session.commit()
        plan = self._plan(desired, began)
        if not is_read and self._look_for_lost_links(plan):
            duplicates = read_market(run, desired)
            plan = self._plan(desired, began)
        look_alikes.record(run.user, run.group_id, plan, desired)
        plan = self._brake(plan, desired, began)
        upkeep.forget_what_is_over(run.market, plan)
        hide_duplicates(run, duplicates)
        self._nothing_left = None if plan.changes or duplicates else (look, plan.skipped_counts)
        run.row.total = run.row.done + len(plan.changes)
        db.session.commit()
        return apply_all(run, plan.changes)

    def _market_read_is_due(self, now: datetime) -> bool:
        return self._market_is_due(now) or self._run.market.has_lost_adds or self._withheld_are_due(now)

    def _market_is_due(self, now: datetime) -> bool:
        """By its age alone."""
        state = self._run.user.sync_state
        if state is None or state.market_read_at is None:
            return True
        return not timedelta(0) <= now - state.market_read_at < MARKET_READ_EVERY

    def _withheld_are_due(self, now: datetime) -> bool:
        """What is withheld because of an unreadable item is never added before the market was looked at again."""
        withheld = (row for row in self._run.market.listings.values() if row.is_withheld)
        return any(row.retry_after is not None and row.retry_after <= now for row in withheld)

    def _look_for_lost_links(self, plan: Plan) -> bool:
        """Ask VK for its newest items where the plan adds any; True if one of them stands there already. Commits.

        Links are lost since the last read of the market after a restored backup.
        """
        adding = {sku(change.key.product_id) for change in plan.changes if change.action is Action.ADD and change.key}
        db.session.commit()
        if not adding:
            return False
        _, newest = self._run.vk.market_page(self._run.group_id, 0)
        self._run.known_items.update(item.id for item in newest)
        linked = self._run.market.linked_ids
        if any(map(newest.odd.may_hold, adding)):
            return True
        return any(item.sku in adding and item.id not in linked for item in newest)

    def _plan(self, desired: Desired, began: datetime) -> Plan:
        user, market = self._run.user, self._run.market
        upkeep.note_who_is_out(market, desired, began)
        return make_plan(
            desired,
            {key: to_link(row) for key, row in market.listings.items()},
            load_albums(user, market.group_id, began),
            owner_settings(user),
            now=began,
            undecided=undecided(user.id, market.group_id),
        )

    # Brakes

    def _brake(self, plan: Plan, desired: Desired, now: datetime) -> Plan:
        """The plan that may be carried out. Raises RunEnds, before the first write, while it waits for approval."""
        run = self._run
        brake_check = approvals.check_brakes(run.user, plan, now)
        if brake_check.needs_approval and self._ask_about_missing(brake_check):
            plan = self._plan(desired, now)
            brake_check = approvals.check_brakes(run.user, plan, now)
        run.row.skipped = self._with_unread(plan.skipped_counts)
        run.approved = brake_check.approved
        if brake_check.needs_approval:
            run.row.fingerprint = brake_check.fingerprint
            self._make_sure_vk_was_asked()
            run.findings.note_came_through()
            raise RunEnds(RunStatus.NEEDS_APPROVAL, codes.NEEDS_APPROVAL)
        if (state := run.user.sync_state) is not None:
            if brake_check.brakes and state.confirmed_adds is not None:
                state.confirmed_adds = plan.counts[Action.ADD]  # so many were approved
            if approvals.is_first_after_confirmation(run.user):
                state.rules_digest = digest_of_rules(run.user)
        return plan

    def _ask_about_missing(self, brake_check: BrakeCheck) -> bool:
        """Before the owner is troubled: does Evotor, asked for each product alone, know it after all?

        True if anything was learnt. Commits.
        """
        db.session.commit()
        held = [change for brake in brake_check.brakes for change in brake.changes]
        return deletion_proof.ask_about(self._run, held)

    # The end

    def _make_sure_vk_was_asked(self) -> None:
        """A run that needed nothing of VK asks all the same: what is wrong there has to show at once."""
        run = self._run
        if run.vk.has_answered:
            return
        if run.findings.is_resting(LOOK):
            run.findings.note_waiting_for_quota()
            return
        run.lease.keep()
        try:
            run.vk.look_in(run.group_id)
        except VkError as error:
            if error.code != METHOD_QUOTA:
                raise
            run.findings.note_quota_used_up(LOOK)  # whoever counts calls has read the token

    def _read_categories_again(self) -> None:
        """Once a week, so that the owner hears of a chosen category that VK gave up."""
        run = self._run
        known = market_categories.known_categories(run.user)
        db.session.commit()
        if known is None or not known.is_old:
            return
        try:
            categories = run.vk.categories(run.group_id)
        except VkError as error:
            if error.treatment in (Treatment.ASK, Treatment.REFRESH):
                raise
            return
        if categories and run.findings.use.current() is not None:
            market_categories.store_categories(run.user, run.group_id, categories)

    def _note_success(self, *, is_settled: bool) -> None:
        user, state = self._run.user, self._run.user.sync_state
        if state is None or (is_settled and state.confirmed_adds is None):
            return
        records.hold(self._run.row.id)  # before the state: whoever asks for a run begins there, too
        state.confirmed_adds = None
        if is_settled:
            return
        state.rules_digest = digest_of_rules(user)
        if self._nothing_left is not None and not self._market_read_is_due(utcnow()):
            settled.note(user, *self._nothing_left)
