"""An item's picture on its way to VK."""

from app.clients.vk.errors import UPLOAD_FAILED, Treatment, VkError
from app.domain.listing.card import card_digest
from app.domain.planning.changes import Change
from app.logs import get_logger
from app.models import Listing
from app.services.engine.context.run_context import RunContext
from app.services.photos import cards, files

log = get_logger()


def upload(run: RunContext, row: Listing, change: Change) -> None:
    """Until the item carries the photo its hash stays unknown; a photo for an add waits on the row."""
    run.lease.renew()
    row.photo_id = run.vk.upload_product_photo(run.group_id, _picture(run, change))
    row.photo_hash = change.photo if row.vk_item_id is None else None
    run.lease.renew()  # not a bare commit: the row may be gone with its account, and its id another's by now


def _picture(run: RunContext, change: Change) -> bytes:
    """The owner's, or the generated card. Raises VkError: without any it is this one product that cannot be listed."""
    if change.photo is not None and change.photo != card_digest(change.name):
        try:
            return files.read(run.row.user_id, change.photo)
        except OSError:
            # Removed or lost since the plan was made: the next plan knows, and wants another picture.
            log.warning("photo_lost", user_id=run.row.user_id, digest=change.photo)
    try:
        return cards.draw(change.name)
    except (OSError, MemoryError):
        log.exception("card_not_drawn")
        raise VkError(Treatment.FAIL, code=UPLOAD_FAILED, message="no picture could be made") from None
