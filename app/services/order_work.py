"""A run for something that the owner ordered in one piece: no catalog, no plan, no brakes."""

from app.domain.changes import Change, LinkState, Reason, hide, show
from app.models import Listing, OwnerOrder, RunStatus
from app.services.run_work import RunEnds, RunWork
from app.services.shelves import load_listings, to_link
from app.services.sync_settings import withdraw_order


class OrderWork(RunWork):
    def do(self) -> None:
        self.renew()
        self.place.listings = load_listings(self.user.id, self.group_id)
        changes = [self._change(row) for row in self.place.listings.values() if self._concerns(row)]
        self.run.total = self.run.done + len(changes)
        self.apply(changes)
        self.renew()
        if self.answers_lost:
            raise RunEnds(RunStatus.CONTINUED, "lost_answers", pauses=(60,))
        withdraw_order(self.user)
        self.mark_vk()

    def _concerns(self, row: Listing) -> bool:
        if row.vk_item_id is None or row.state == LinkState.GONE:
            return False
        if self.order == OwnerOrder.HIDE_ALL:
            return row.sent.get("deleted") != 1
        assert self.user.sync_state is not None
        return row.hidden_run_id is not None and row.hidden_run_id == self.user.sync_state.order_run_id

    def _change(self, row: Listing) -> Change:
        link = to_link(row)
        return hide(link, Reason.OWNER) if self.order == OwnerOrder.HIDE_ALL else show(link, Reason.OWNER)
