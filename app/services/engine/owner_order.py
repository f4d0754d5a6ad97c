"""A run for something that the owner ordered in one piece: no catalog, no plan, no brakes."""

from app.clients.vk.errors import FAULT_HOLDS
from app.domain.planning.changes import Change, LinkState, Reason, hide, show
from app.models import OwnerOrder, RunStage, RunStatus
from app.services.engine.changes.applying import apply_all, end_unless_complete
from app.services.engine.context.early_end import RunEnds
from app.services.engine.context.run_context import RunContext
from app.services.engine.market_reader import hide_duplicates, read_market
from app.services.market.records import to_link
from app.services.owner import orders
from app.services.owner.switch import withdraw_order
from app.services.planning.plans import desired_for
from app.services.runs import codes


class OrderedWork:
    def __init__(self, run: RunContext) -> None:
        self._run = run

    def carry_out(self) -> None:
        """Returning means that all of it is done. Raises RunEnds or VkError to end early."""
        run = self._run
        run.lease.enter(RunStage.PLAN)
        run.lease.renew()
        run.load_records()
        self._apply_what_is_due()
        self._find_more()
        answers_lost = self._apply_what_is_due()
        run.lease.renew()
        run.findings.note_came_through()
        end_unless_complete(run, answers_lost)
        if self._changes():
            raise RunEnds(RunStatus.CONTINUED, codes.ORDER_REFUSED, pauses=FAULT_HOLDS)
        withdraw_order(run.user)

    def _apply_what_is_due(self) -> bool:
        changes = self._changes()
        self._run.row.total = self._run.row.done + len(changes)
        return apply_all(self._run, changes)

    def _find_more(self) -> None:
        """Whatever VK shows of ours, also where our records do not say so: made without an answer, shown by hand."""
        desired = desired_for(self._run.user)
        self._run.lease.renew()
        hide_duplicates(self._run, read_market(self._run, desired))

    def _changes(self) -> list[Change]:
        user, listings = self._run.user, self._run.market.listings
        rows = [row for row in listings.values() if row.vk_item_id and row.state != LinkState.GONE]
        if self._run.order == OwnerOrder.HIDE_ALL:
            return [hide(link, Reason.OWNER) for link in map(to_link, rows) if not link.is_hidden]
        state = user.sync_state
        undone = orders.parts_of(user.id, state.order_run_id) if state and state.order_run_id else []
        return [show(to_link(row), Reason.OWNER) for row in rows if row.hidden_run_id in undone]
