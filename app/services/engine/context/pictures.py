"""Pictures of items on their way to VK: what comes next is drawn and sent up while the pace waits."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from app.clients.vk.batches import meets_every_call
from app.clients.vk.client import VkClient
from app.clients.vk.errors import FAULT_HOLDS, METHOD_QUOTA, UPLOAD_FAILED, Treatment, VkError
from app.domain.listing.card import card_digest
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Action, Change, LinkState
from app.logs import get_logger
from app.models import Listing, RunStatus
from app.services.engine.context.early_end import FAULTS_IN_A_ROW, RunEnds, concerns_one_change
from app.services.engine.context.held_lease import HeldLease
from app.services.market.records import MarketRecords
from app.services.photos import cards, files
from app.services.vendors.faults import UNREACHABLE

log = get_logger()

Refusals = dict[ListingKey, VkError]
ABOUT_THE_PICTURE = (None, 200, 400, 413, 415, 422)
"""Statuses of an upload server that tell of the picture; without any it was not even sent."""


@dataclass(frozen=True, slots=True)
class _Sending:
    """Pictures that go by one upload; its receipt is what VK saves them by."""

    changes: Sequence[Change]
    receipt: Future[str]


class Pictures:
    """Those of one run. Drawing and sending up is other threads' work, which touch no database.

    No more than two requests' worth of pictures is on the way, so that memory stays as it is.
    """

    def __init__(self, vk: VkClient, market: MarketRecords, lease: HeldLease, *, at_once: int) -> None:
        self._vk, self._market, self._lease = vk, market, lease
        self._at_once = at_once
        self._pool: ThreadPoolExecutor | None = None
        self._expected: list[Change] = []
        self._places: dict[ListingKey, int] = {}
        self._on_the_way: dict[ListingKey, _Sending] = {}
        self._waiting: set[ListingKey] = set()
        """Of edits whose new photo is saved, but not the item's yet."""
        self._faults = 0
        """Uploads in a row that failed and not for their pictures."""

    def close(self) -> None:
        """What is on the way belongs to no item and harms nobody; it ends as VK's client is closed."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def expect(self, changes: Iterable[Change]) -> None:
        """The changes of the pass that begins, in their order."""
        self._expected = [change for change in changes if change.photo is not None and change.key is not None]
        self._places = {change.listing_key: place for place, change in enumerate(self._expected)}
        self._waiting.clear()
        for sending in self._on_the_way.values():
            sending.receipt.cancel()
        self._on_the_way.clear()  # another picture may be wanted by now

    def bring_one(self, row: Listing, change: Change) -> None:
        """For a change that is made by itself: what is saved already or on the way, else it is sent up now.

        Raises VkError and RunEnds.
        """
        if change.listing_key in self._waiting:
            self._waiting.discard(change.listing_key)
        elif change.listing_key not in self._on_the_way:
            self.upload(row, change)
        elif refusals := self.bring([change]):
            raise refusals[change.listing_key]

    def upload(self, row: Listing, change: Change) -> None:
        """One picture, anew. Raises VkError and RunEnds."""
        self._vk.photos.check_quota()
        self._lease.renew()
        try:
            photo_id = self._vk.photos.upload(self._market.group_id, self._picture(change))
        except VkError as error:
            self._count_fault(error)
            raise
        self._note(row, change, photo_id)
        self._lease.renew()  # not a bare commit: the row may be gone with its account, and its id another's by now

    def bring(self, changes: Sequence[Change]) -> Refusals:
        """A photo for each listing, which it keeps for its change; why there is none for the others.

        Raises VkError where the run cannot go on, and RunEnds.
        """
        lacking = [change for change in changes if self._lacks(change)]
        try:
            self._vk.photos.check_quota()
        except VkError as error:
            return dict.fromkeys((one.listing_key for one in lacking), error)
        self._lease.renew()  # and no transaction is open while VK is asked for addresses
        self._begin(lacking)
        self._begin(self._next_after(changes[-1]))
        refusals: Refusals = {}
        for change in lacking:
            if not self._lacks(change) or change.listing_key in refusals:
                continue  # it came with another one's
            quota = next((error for error in refusals.values() if error.code == METHOD_QUOTA), None)
            room = self._vk.photos.room
            refusals |= {change.listing_key: quota} if quota else self._finish(change)
            if self._vk.photos.room < room:
                self._begin_anew(one for one in lacking if self._lacks(one) and one.listing_key not in refusals)
        self._waiting.difference_update(one.listing_key for one in changes)
        return refusals

    def _lacks(self, change: Change) -> bool:
        row = self._market.listings.get(change.listing_key)
        if change.action is Action.ADD:
            return row is None or row.photo_id is None or row.photo_hash != change.photo
        return row is not None and row.state != LinkState.GONE and change.listing_key not in self._waiting

    def _next_after(self, change: Change) -> list[Change]:
        begin = self._places.get(change.listing_key, len(self._expected)) + 1
        following = self._expected[begin : begin + max(self._vk.room, self._vk.photos.room)]
        return [change for change in following if self._lacks(change)]

    # On the way

    def _begin(self, changes: Iterable[Change]) -> None:
        fresh = [change for change in changes if change.listing_key not in self._on_the_way]
        room = self._vk.photos.room
        groups = [fresh[start : start + room] for start in range(0, len(fresh), room)]
        if not groups:
            return
        try:
            addresses = self._vk.photos.addresses(self._market.group_id, [len(group) for group in groups])
        except VkError as error:
            if meets_every_call(error):
                raise
            return  # by itself each hears what is wrong
        self._pool = self._pool or ThreadPoolExecutor(self._at_once, thread_name_prefix="pictures")
        for address, group in zip(addresses, groups, strict=True):
            receipt = self._pool.submit(copy_context().run, self._send, address, group)
            self._on_the_way |= dict.fromkeys((one.listing_key for one in group), _Sending(group, receipt))

    def _begin_anew(self, changes: Iterable[Change]) -> None:
        """Several at once are refused from now on, so what is on the way together will not be saved."""
        self._on_the_way.clear()
        self._begin(changes)

    def _send(self, address: str, changes: Sequence[Change]) -> str:
        """In a thread of the pool."""
        return self._vk.photos.send(address, list(map(self._picture, changes)))

    def _finish(self, change: Change) -> Refusals:
        """Of the change, and of those whose pictures went with it."""
        sending = self._on_the_way.get(change.listing_key)
        if sending is None:
            return self._one_by_one([change])
        for other in sending.changes:
            del self._on_the_way[other.listing_key]
        try:
            receipt = sending.receipt.result()
            self._lease.renew_or_stop()
            saved = self._vk.photos.save(receipt, len(sending.changes))
        except VkError as error:
            return self._not_sent(sending.changes, error)
        for other, photo_id in zip(sending.changes, saved, strict=True):
            self._note(self._market.ensure_listing(other.listing_key), other, photo_id)
        return {}

    def _not_sent(self, changes: Sequence[Change], error: VkError) -> Refusals:
        """Send each by itself. If all are taken that were refused together, it is the form that VK refuses."""
        if len(changes) == 1 and not concerns_one_change(error):
            return _refusals(changes, error)
        if meets_every_call(error):
            raise error
        self._count_fault(error)
        refusals = self._one_by_one(changes)
        was_refused = error.code is not None and not error.outcome_unknown
        if was_refused and not refusals and self._vk.photos.room > 1 and len(changes) > 1:
            self._vk.photos.give_up()
        return refusals

    def _one_by_one(self, changes: Sequence[Change]) -> Refusals:
        refusals: Refusals = {}
        for place, change in enumerate(changes):
            try:
                self.upload(self._market.ensure_listing(change.listing_key), change)
            except VkError as error:
                if not concerns_one_change(error):
                    return refusals | _refusals(changes[place:], error)
                refusals[change.listing_key] = error
        return refusals

    def _count_fault(self, error: VkError) -> None:
        """Raises RunEnds where the next picture would fare no better: then the changes are left for a later run."""
        self._faults = self._faults + 1 if _is_of_server(error) else 0
        if self._faults >= FAULTS_IN_A_ROW:
            raise RunEnds(RunStatus.CONTINUED, UNREACHABLE, pauses=FAULT_HOLDS)

    def _note(self, row: Listing, change: Change, photo_id: int) -> None:
        """Until the item carries the photo its hash stays unknown; a photo for an add waits on the row."""
        self._faults = 0
        row.name = row.name or change.name
        row.photo_id = photo_id
        row.photo_hash = change.photo if row.vk_item_id is None else None
        if change.action is not Action.ADD:
            self._waiting.add(change.listing_key)

    def _picture(self, change: Change) -> bytes:
        """The owner's, or the generated card. Raises VkError: without any it is this one that cannot be listed."""
        if change.photo is not None and change.photo != card_digest(change.name):
            try:
                return files.read(self._market.user_id, change.photo)
            except OSError:
                # Removed or lost since the plan was made: the next plan knows, and wants another picture.
                log.warning("photo_lost", user_id=self._market.user_id, digest=change.photo)
        try:
            return cards.draw(change.name)
        except (OSError, MemoryError):
            log.exception("card_not_drawn")
            raise VkError(Treatment.FAIL, code=UPLOAD_FAILED, message="no picture could be made") from None


def _refusals(changes: Sequence[Change], error: VkError) -> Refusals:
    """Of an error that would meet each of them. Raises it where the run cannot go on."""
    if error.code != METHOD_QUOTA:
        raise error
    return dict.fromkeys((one.listing_key for one in changes), error)


def _is_of_server(error: VkError) -> bool:
    """No answer, or one that is no word on the picture."""
    return error.code is None or (error.code == UPLOAD_FAILED and error.status not in ABOUT_THE_PICTURE)
