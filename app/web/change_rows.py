"""Changes of a plan and entries of a run, as the rows of a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Action, Change
from app.models import EntryOutcome, SyncRunEntry
from app.services.pages.goods.names import Names
from app.services.planning.kept_parts import SHOWN_OF_NEW
from app.services.vendors.clients import vk_window
from app.web import labels
from app.web.formatting import money, quoted
from app.web.messages import is_known, message

LONGEST = 120
VISIBLE = ("name", "price", "stock_amount", "description", "category_id")


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    action: str
    name: str
    store: str
    differences: Sequence[Difference] = ()
    reason: labels.Advice | None = None


NO_NAMES = Names({}, {})


def change_rows(changes: Iterable[Change]) -> list[ChangeRow]:
    """Changes of a product that the page names anyway."""
    return [change_row(change, NO_NAMES) for change in changes]


def change_row(change: Change, names: Names) -> ChangeRow:
    store = names.stores.get(change.key.store_id, "") if change.key else ""
    return ChangeRow(
        labels.ACTION[change.action],
        change.name or (names.products.get(change.key, "") if change.key else ""),
        store,
        differences(change.action, change.before, change.fields, change.album, photo=change.photo is not None),
        labels.reason(change.reason) if change.reason else None,
    )


def differences(
    action: str, before: Mapping[str, object], after: Mapping[str, object], album: str | None, *, photo: bool = False
) -> list[Difference]:
    """What the owner sees of a change: for a new item its price and stock, else every field with its old value."""
    visible = SHOWN_OF_NEW if action == Action.ADD else VISIBLE
    found = [
        Difference(labels.FIELD[name], _old(name, before), shown(name, after[name]))
        for name in visible
        if name in after
    ]
    if photo and action != Action.ADD:
        found.append(Difference(labels.FIELD["photo"], None, "новое"))
    if album and action != Action.ALBUM_ADD:
        found.append(Difference(labels.FIELD["album"], None, quoted(album)))
    return found


def _old(name: str, before: Mapping[str, object]) -> str | None:
    value = before.get(name)
    return None if value is None else shown(name, value)


def shown(name: str, value: object) -> str:
    if name == "price":
        return money(str(value))
    if name == "stock_amount" and str(value) == "-1":
        return "без ограничения"
    if name == "deleted":
        return "скрыт" if value else "показан"
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class EntryRow:
    entry: SyncRunEntry
    action: str
    outcome: labels.Label
    differences: Sequence[Difference]
    reason: labels.Advice | None
    error: str | None
    detail: str | None
    """VK's own words, where we have no sentence for its code."""
    key: ListingKey | None
    group_id: int | None
    """The community in which the item stands."""


def entry_rows(entries: Iterable[SyncRunEntry], communities: Mapping[tuple[ListingKey, int], int]) -> list[EntryRow]:
    """`communities`: where the items stand, by product and item."""
    return [_entry_row(entry, communities) for entry in entries]


def _entry_row(entry: SyncRunEntry, communities: Mapping[tuple[ListingKey, int], int]) -> EntryRow:
    code = entry.error_code
    key = ListingKey(entry.store_id, entry.product_id) if entry.store_id and entry.product_id else None
    return EntryRow(
        entry,
        labels.ACTION[Action(entry.action)],
        labels.OUTCOME[EntryOutcome(entry.outcome)],
        differences(entry.action, entry.before, entry.after, entry.after.get("album"), photo="photo" in entry.after),
        labels.reason(entry.reason) if entry.reason else None,
        message(code) if code else None,
        None if code is None or is_known(code) else entry.error_text,
        key,
        communities.get((key, entry.vk_item_id)) if key and entry.vk_item_id else None,
    )


def item_address(group_id: int, item_id: int | None) -> str:
    return f"{vk_window(group_id)}?w=product-{group_id}_{item_id}"
