"""Many edits or deletions by one request: all intents recorded, one call made, each answer noted for its own item.

What is left open may be made once more by itself, whether VK made it or not: an edit says the same thing twice, and an
item already gone counts as deleted.
"""

from collections.abc import Iterable, Sequence

from app.clients.vk.errors import VkError
from app.domain.listing.key import Value
from app.domain.planning.changes import Action, Change, LinkState
from app.models import Listing
from app.services.engine.changes import adjusting, deletion_proof, editing
from app.services.engine.changes.result import Told
from app.services.engine.context.run_context import RunContext

TAKES_AWAY = (Action.HIDE, Action.DELETE)


def edit(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """Hides and shows as well. Raises VkError where the run cannot go on, and RunEnds."""
    told: list[Told] = [None] * len(changes)
    going = _going(run, changes)
    for number, error in _without_picture(run, changes, going).items():
        told[number] = error
        del going[number]
    if not 1 < len(going) <= run.vk.room:
        return told
    fields = {number: _fields(run, row, changes[number]) for number, row in going.items()}
    for number, row in going.items():
        editing.forget_old_failure(row)
        editing.note_in_flight(row, fields[number])
    run.begin_write(*going.values())
    edits = [(row.vk_item_id or 0, fields[number]) for number, row in going.items()]
    for number, answer in zip(going, run.vk.edit_items(run.group_id, edits), strict=True):
        told[number] = _edited(run, changes[number], fields[number], answer)
    return told


def delete(run: RunContext, changes: Sequence[Change]) -> list[Told]:
    """Raises as `edit` does."""
    told: list[Told] = [None] * len(changes)
    going = _going(run, changes)
    if not 1 < len(going) <= run.vk.room:
        return told
    run.begin_write(*going.values())
    answers = run.vk.delete_items(run.group_id, [row.vk_item_id or 0 for row in going.values()])
    for number, answer in zip(going, answers, strict=True):
        told[number] = editing.note_deleted(run, changes[number]) if isinstance(answer, bool) else answer
    return told


def kept(run: RunContext, changes: Sequence[Change]) -> list[Change]:
    """Those that would take away what Evotor does not prove gone. Raises as `edit` does."""
    found = []
    for change in changes:
        run.time_slice.check_stop()
        is_doubtful = change.action in TAKES_AWAY and run.listing_of(change).state != LinkState.GONE
        if is_doubtful and not deletion_proof.confirm_removal(run, change):
            found.append(change)
    return found


def _going(run: RunContext, changes: Sequence[Change]) -> dict[int, Listing]:
    """The records of those whose items still stand, by their number."""
    rows = enumerate(map(run.listing_of, changes))
    return {number: row for number, row in rows if row.state != LinkState.GONE}


def _without_picture(run: RunContext, changes: Sequence[Change], going: Iterable[int]) -> dict[int, VkError]:
    """Why, by their number, some of those that want one could not get a new picture; the others have it."""
    wanting = [changes[number] for number in going if changes[number].photo is not None]
    refusals = run.pictures.bring(wanting) if wanting else {}
    return {number: refusals[key] for number in going if (key := changes[number].key) in refusals}


def _fields(run: RunContext, row: Listing, change: Change) -> dict[str, Value]:
    fields = adjusting.without_refused(run.findings, dict(change.fields))
    return fields if change.photo is None else {**fields, "main_photo_id": row.photo_id or 0}


def _edited(run: RunContext, change: Change, fields: dict[str, Value], answer: bool | VkError | None) -> Told:
    if isinstance(answer, bool):
        return editing.note_edited(run, change, fields, was_other=answer)
    if answer is not None and adjusting.learn_refusal(run.findings, fields, answer) == fields:
        return answer
    if change.key is not None:
        run.perhaps_made.add(change.key)
    return None  # by itself it is made without what VK refused
