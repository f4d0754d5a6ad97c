"""Pictures of items on their way to VK: an upload address, the upload, the saving; docs/contracts/vk.md §8.1."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app import clock
from app.clients.answers import MalformedAnswer, decode
from app.clients.http import Transport, TransportError
from app.clients.vk import answers
from app.clients.vk.batches import MAYBE_OF_THE_METHOD, Batches
from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.calls import CallHooks, Value, VkCaller
from app.clients.vk.error_table import BACK_OFF, classify
from app.clients.vk.errors import METHOD_QUOTA, UPLOAD_FAILED, Treatment, VkError
from app.clients.vk.failures import Failure, no_answer

ADDRESS = "market.getProductPhotoUploadServer"
SAVE_ONE, SAVE_SEVERAL = "market.saveProductPhoto", BulkForm.SAVE_PHOTOS
MOST_PICTURES = 5
UPLOAD_TRIES = 3


class ProductPhotos:
    """One token's pictures, up to `size` of them by one upload and one request.

    `address_of` reads an upload address. `send` alone may be called by several threads at once.
    """

    def __init__(
        self,
        vk: VkCaller,
        batches: Batches,
        uploads: Transport,
        hooks: CallHooks,
        *,
        address_of: Callable[[object], str],
        size: int,
    ) -> None:
        self._vk, self._batches, self._uploads, self._hooks = vk, batches, uploads, hooks
        self._address_of, self._size = address_of, size

    @property
    def room(self) -> int:
        """How many pictures one upload may hold now; 1: each goes by itself."""
        return 1 if self._hooks.is_resting(SAVE_SEVERAL) else self._size

    def check_quota(self) -> None:
        """Raises VkError, before any work is done for them, where VK takes no pictures today."""
        for method in (ADDRESS, *(() if self.room > 1 else (SAVE_ONE,))):
            if self._hooks.is_resting(method):
                raise Failure(code=METHOD_QUOTA, method=method).error()

    def upload(self, group_id: int, jpeg: bytes) -> int:
        """All three steps for one picture: the id of a photo that is good for one item."""
        pauses = iter(BACK_OFF[: UPLOAD_TRIES - 1])
        while True:
            try:
                return self._upload_once(group_id, jpeg)
            except VkError as error:
                may_help = error.outcome_unknown or classify(error.code).treatment is Treatment.UPLOAD
                # A photo that was saved without our knowing belongs to no item and harms nobody.
                error.outcome_unknown = False
                pause = next(pauses, None) if may_help else None
                if pause is None:
                    raise
            clock.sleep(pause + clock.jitter())
            self._hooks.before_repeat()

    def _upload_once(self, group_id: int, jpeg: bytes) -> int:
        (where,) = self.addresses(group_id, [1])
        receipt = self.send(where, [jpeg])
        self._hooks.before_repeat()  # the owner may be gone since the picture was sent
        return self.save(receipt, 1)[0]

    def addresses(self, group_id: int, sizes: Sequence[int]) -> list[str]:
        """Where to send pictures: an address for so many at once of each size. Raises VkError."""
        given: list[dict[str, Value]] = [
            {"group_id": group_id, "bulk": True} if size > 1 else {"group_id": group_id} for size in sizes
        ]
        is_alone = len(given) == 1
        told = None if is_alone or len(given) > self._batches.room else self._batches.ask(ADDRESS, given)
        outcomes: Sequence[msgspec.Raw | Failure | None] = told or [None] * len(given)
        return [self._read_address(params, one, is_alone=is_alone) for params, one in zip(given, outcomes, strict=True)]

    def _read_address(self, params: dict[str, Value], told: msgspec.Raw | Failure | None, *, is_alone: bool) -> str:
        try:
            return self._address_of(decode(told, object) if isinstance(told, msgspec.Raw) else None)
        except MalformedAnswer:
            if not is_alone:
                self._hooks.before_repeat()
            return self._vk.read(ADDRESS, params, self._address_of)

    def send(self, address: str, jpegs: Sequence[bytes]) -> str:
        """The upload server's answer as text, which VK wants back unread. Raises VkError."""
        names = [f"file{number}" for number, _ in enumerate(jpegs, 1)] if len(jpegs) > 1 else ["file"]
        files = {name: ("photo.jpg", jpeg, "image/jpeg") for name, jpeg in zip(names, jpegs, strict=True)}
        try:
            answer = self._uploads.send("POST", address, files=files)
            receipt = decode(answer.body, dict[str, Any])
        except (TransportError, MalformedAnswer):
            raise no_answer(outcome_unknown=True) from None
        if answer.status >= 500:
            raise no_answer(status=answer.status, outcome_unknown=True)
        if answer.status != 200 or not receipt or receipt.get("error") or receipt.get("error_msg"):
            raise Failure(code=UPLOAD_FAILED, status=answer.status).error()
        return answer.body.decode()

    def save(self, receipt: str, count: int) -> list[int]:
        """The ids of so many photos, in the order of the pictures. Raises VkError.

        What was uploaded can be saved once only, so after a save of unclear outcome a new upload begins.
        """
        given: dict[str, Value] = {"upload_response": receipt}
        if count == 1:
            return [self._vk.create(SAVE_ONE, given, "photo_id")]
        try:
            saved = self._vk.call(SAVE_SEVERAL, given, repeatable=False)
        except VkError as error:
            if error.code in MAYBE_OF_THE_METHOD:
                self.give_up()
            raise
        return _all_of(saved, count)

    def give_up(self) -> None:
        """VK does not take several at once: one by one from now on, and it is told so that others know."""
        self._hooks.note_refused(SAVE_SEVERAL)


def _all_of(saved: object, count: int) -> list[int]:
    """Another count of ids than of pictures tells of none which one it is."""
    try:
        found = answers.photo_ids(saved)
    except MalformedAnswer:
        found = []
    if len(found) != count:
        raise Failure(code=UPLOAD_FAILED, method=SAVE_SEVERAL, status=200).error()
    return found
