"""A run for something that the owner ordered in one piece: no catalog, no plan, no brakes."""

from app.clients.vk.errors import FAULT_HOLDS
from app.domain.planning.changes import Change, LinkState, Reason, hide, show
from app.models import OwnerOrder, RunStage, RunStatus
from app.services.engine.work import RunEnds, RunWork
from app.services.market.records import to_link
from app.services.owner import orders
from app.services.owner.switch import withdraw_order
from app.services.planning.plans import desired_for


class OrderWork(RunWork):
    def do(self) -> None:
        self.enter(RunStage.PLAN)
        self.renew()
        self.load_records()
        self._apply_all()
        self._find_more()
        self._apply_all()
        self.renew()
        self.came_through()
        self.end_early()
        if self._changes():
            raise RunEnds(RunStatus.CONTINUED, "order_refused", pauses=FAULT_HOLDS)
        withdraw_order(self.user)

    def _apply_all(self) -> None:
        changes = self._changes()
        self.run.total = self.run.done + len(changes)
        self.apply(changes)

    def _find_more(self) -> None:
        """Whatever VK shows of ours, also where our records do not say so: made without an answer, shown by hand."""
        desired = desired_for(self.user)
        self.renew()
        self.hide_twins(self.read_market(desired))

    def _changes(self) -> list[Change]:
        rows = [row for row in self.place.listings.values() if row.vk_item_id and row.state != LinkState.GONE]
        if self.order == OwnerOrder.HIDE_ALL:
            return [hide(link, Reason.OWNER) for link in map(to_link, rows) if not link.is_hidden]
        state = self.user.sync_state
        undone = orders.parts_of(self.user.id, state.order_run_id) if state and state.order_run_id else []
        return [show(to_link(row), Reason.OWNER) for row in rows if row.hidden_run_id in undone]
