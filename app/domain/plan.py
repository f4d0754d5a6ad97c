"""The ordered changes that turn the VK market into the selection."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.catalog import Product
from app.domain.listing import HandField, ListingKey, OwnerSettings, SkipReason, Value, Wanted, sku

ALBUMS_MAX = 100
ITEMS_IN_ALBUM_MAX = 1000


class LinkState(StrEnum):
    ADDING = "adding"
    LIVE = "live"
    HIDDEN = "hidden"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Link:
    """Our record of one item. `sent` lacks every field whose value at VK we cannot be sure of."""

    key: ListingKey
    state: LinkState
    name: str = ""
    item_id: int | None = None
    sent: Mapping[str, Value] = field(default_factory=dict)
    photo: str | None = None
    album: str | None = None
    album_intent: str | None = None
    """An album in which the item may stand, because the answer to a call was lost."""
    out_since: datetime | None = None
    failed_digest: str | None = None
    """What VK refused; not sent again before `retry_after` unless it changed."""
    retry_after: datetime | None = None
    is_adopted: bool = False
    """The community had it before us, so it bears our sku only once we gave it one."""
    keeps_photo: bool = False
    drift: frozenset[str] = frozenset()
    """Fields that somebody changed in VK by hand."""
    hide_approved: bool = False


class Action(StrEnum):
    HIDE = "hide"
    EDIT = "edit"
    SHOW = "show"
    ADD = "add"
    ALBUM_RENAME = "album_rename"
    ALBUM_ADD = "album_add"
    ALBUM_PUT = "album_put"
    ALBUM_REMOVE = "album_remove"
    DELETE = "delete"


_ORDER = {
    Action.HIDE: 0,
    Action.EDIT: 1,
    Action.SHOW: 2,
    Action.ADD: 3,
    Action.ALBUM_RENAME: 4,
    Action.ALBUM_ADD: 5,
    Action.ALBUM_REMOVE: 6,
    Action.ALBUM_PUT: 7,
    Action.DELETE: 8,
}
"""Hides and price changes protect the merchant, so they go first; what cannot be undone goes last."""


class Reason(StrEnum):
    """Why an item that was live is hidden, changed or held back, beside `SkipReason`."""

    OUT = "out"
    MISSING = "missing"
    CLOSED = "closed"
    GONE = "gone"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    SIMILAR = "similar"
    """The community has something alike: the owner says first whether it is the same."""
    TWIN = "twin"
    DRIFT = "drift"
    OWNER = "owner"
    """The owner ordered just this."""


@dataclass(frozen=True, slots=True)
class Change:
    action: Action
    name: str
    key: ListingKey | None = None
    item_id: int | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    before: Mapping[str, Value | None] = field(default_factory=dict)
    photo: str | None = None
    album: str | None = None
    reason: SkipReason | Reason | None = None
    digest: str | None = None
    is_approved: bool = False
    """The deletion of what was hidden with the owner's approval."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What the rules and the catalog ask for.

    `wanted` are selected and fit; `unfit` are selected and not; `known` are all keys of the catalog, so that a listing
    outside all three belongs to a product that Evotor no longer shows.
    """

    wanted: Mapping[ListingKey, Wanted]
    unfit: Mapping[ListingKey, SkipReason]
    sold_out: frozenset[ListingKey] = frozenset()
    known: Collection[ListingKey] = ()
    closed_stores: frozenset[str] = frozenset()
    products: Mapping[ListingKey, Product] = field(default_factory=dict)
    """Those of `wanted`."""
    shared: int = 0
    """Barcodes that stand in more than one of the selected stores."""


@dataclass(frozen=True, slots=True)
class Albums:
    """Titles of ours that exist in VK, those of which we cannot be sure yet, and the number of other albums."""

    ours: frozenset[str] = frozenset()
    uncertain: frozenset[str] = frozenset()
    renaming: frozenset[str] = frozenset()
    """Those of ours that may bear another title, because the answer to a call was lost."""
    full: frozenset[str] = frozenset()
    """Those of ours into which VK takes nothing more."""
    foreign: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[Change, ...]
    skipped: Mapping[ListingKey, SkipReason | Reason]
    live_keys: frozenset[ListingKey]
    """Of the listings that stand in the window before the plan."""
    shared: int = 0

    @property
    def live(self) -> int:
        return len(self.live_keys)

    @property
    def counts(self) -> Counter[Action]:
        return Counter(change.action for change in self.changes)

    @property
    def skipped_counts(self) -> Counter[str]:
        return Counter(self.skipped.values())


def make_plan(
    desired: Desired,
    links: Mapping[ListingKey, Link],
    albums: Albums,
    settings: OwnerSettings,
    *,
    now: datetime,
    undecided: Collection[ListingKey] = (),
) -> Plan:
    """`undecided`: products that may be in the market already, as an item that is not ours."""
    skipped: dict[ListingKey, SkipReason | Reason] = dict(desired.unfit)
    changes: list[Change] = []
    for key, wanted in desired.wanted.items():
        link = links.get(key)
        held = _held_back(wanted, link, sold_out=key in desired.sold_out, undecided=key in undecided, now=now)
        if held is not None:
            skipped[key] = held
        else:
            changes.extend(_toward(wanted, link, settings.edited_in_vk))
    grace = timedelta(days=settings.remove_after_days)
    for key, link in links.items():
        if key not in desired.wanted:
            changes.extend(_leaving(link, _leaving_reason(key, desired), now, grace))
    changes.extend(_album_changes(desired, links, albums, skipped))
    changes.sort(key=lambda change: (_ORDER[change.action], "price" not in change.fields))
    live = frozenset(key for key, link in links.items() if link.state is LinkState.LIVE)
    return Plan(tuple(changes), skipped, live, shared=desired.shared)


def _held_back(
    wanted: Wanted, link: Link | None, *, sold_out: bool, undecided: bool, now: datetime
) -> SkipReason | Reason | None:
    if link is not None and link.state is LinkState.GONE:
        return Reason.GONE
    if link is not None and link.retry_after is not None and link.retry_after > now:
        if link.state is LinkState.ADDING and link.failed_digest is None:
            return Reason.UNCERTAIN
        if link.failed_digest == wanted.digest:
            return Reason.REFUSED
    if link is None or link.state is LinkState.ADDING:
        may_stand_already = link is not None and link.retry_after is not None
        if sold_out:
            return SkipReason.SOLD_OUT
        return Reason.SIMILAR if undecided and not may_stand_already else None
    return None


_PROTECTIVE = ("price", "stock_amount", "deleted")
"""Fields that keep the merchant from a wrong sale: sent first, so that no refused text or picture holds them up."""


def _toward(wanted: Wanted, link: Link | None, edited_in_vk: Collection[str]) -> Iterable[Change]:
    name = str(wanted.fields["name"])
    if link is None or link.item_id is None:
        yield Change(
            Action.ADD,
            name,
            wanted.key,
            fields=wanted.fields,
            photo=wanted.photo,
            album=wanted.album,
            digest=wanted.digest,
        )
        return
    changed = _differences(wanted, link, edited_in_vk)
    protective = {field: value for field, value in changed.items() if field in _PROTECTIVE}
    rest = {field: value for field, value in changed.items() if field not in _PROTECTIVE}
    photo = wanted.photo if _needs_photo(wanted, link, edited_in_vk) else None
    if protective:
        yield _edit(wanted, link, protective)
    if rest or photo is not None:
        yield _edit(wanted, link, rest, photo)


def _differences(wanted: Wanted, link: Link, edited_in_vk: Collection[str]) -> dict[str, Value]:
    asked: Mapping[str, Value] = wanted.fields
    if link.is_adopted:
        asked = {**asked, "sku": sku(wanted.key.product_id)}
    return {
        field: value for field, value in asked.items() if link.sent.get(field) != value and field not in edited_in_vk
    }


def _needs_photo(wanted: Wanted, link: Link, edited_in_vk: Collection[str]) -> bool:
    is_left = link.keeps_photo or HandField.PHOTO in edited_in_vk
    return link.photo != wanted.photo and not wanted.is_hidden and not is_left


def _edit(wanted: Wanted, link: Link, fields: Mapping[str, Value], photo: str | None = None) -> Change:
    return Change(
        _kind_of_edit(fields, link),
        str(wanted.fields["name"]),
        wanted.key,
        link.item_id,
        fields=fields,
        before={field: link.sent.get(field) for field in fields},
        photo=photo,
        reason=_reason_of_edit(fields, link, photo),
        digest=wanted.digest,
    )


def _reason_of_edit(fields: Mapping[str, Value], link: Link, photo: str | None) -> SkipReason | Reason | None:
    if fields.get("deleted") == 1:
        return SkipReason.SOLD_OUT
    touched = {*fields} | ({HandField.PHOTO.value} if photo else set())
    return Reason.DRIFT if touched & link.drift else None


def _kind_of_edit(changed: Mapping[str, Value], link: Link) -> Action:
    if changed.get("deleted") == 1:
        return Action.HIDE
    if "deleted" in changed and link.state is LinkState.HIDDEN:
        return Action.SHOW
    return Action.EDIT


def _leaving_reason(key: ListingKey, desired: Desired) -> SkipReason | Reason:
    if key in desired.unfit:
        return desired.unfit[key]
    if key.store_id in desired.closed_stores:
        return Reason.CLOSED
    return Reason.OUT if key in desired.known else Reason.MISSING


def _leaving(link: Link, reason: SkipReason | Reason, now: datetime, grace: timedelta) -> Iterable[Change]:
    """Hidden first; deleted only after it stayed out for the whole grace, and never while it is selected."""
    if link.item_id is None or link.state is LinkState.GONE:
        return
    if link.sent.get("deleted") != 1:
        yield hide(link, reason)
    elif isinstance(reason, Reason) and link.out_since is not None and link.out_since + grace <= now:
        yield Change(Action.DELETE, link.name, link.key, link.item_id, reason=reason, is_approved=link.hide_approved)


def hide(link: Link, reason: SkipReason | Reason) -> Change:
    return Change(
        Action.HIDE, link.name, link.key, link.item_id, fields={"deleted": 1}, before={"deleted": 0}, reason=reason
    )


def show(link: Link, reason: Reason) -> Change:
    return Change(
        Action.SHOW, link.name, link.key, link.item_id, fields={"deleted": 0}, before={"deleted": 1}, reason=reason
    )


def _album_changes(
    desired: Desired, links: Mapping[ListingKey, Link], albums: Albums, skipped: Mapping[ListingKey, object]
) -> Iterable[Change]:
    titles = {
        key: wanted.album for key, wanted in desired.wanted.items() if not wanted.is_hidden and key not in skipped
    }
    renames = _renames(titles, links, albums)
    yield from (_rename(title, renames.get(title, title)) for title in sorted({*renames} | albums.renaming))
    made = (albums.ours - renames.keys()) | {*renames.values()}
    open_titles = _open_albums(Counter(title for title in titles.values() if title is not None), made, albums)
    yield from (Change(Action.ALBUM_ADD, title, album=title) for title in sorted(open_titles - made))
    members: Counter[str | None] = Counter()
    for key, title in sorted(titles.items(), key=lambda entry: not _is_in(links.get(entry[0]), entry[1], renames)):
        members[title] += 1
        link = links.get(key)
        has_room = members[title] <= ITEMS_IN_ALBUM_MAX and (title not in albums.full or _is_in(link, title, renames))
        place = title if title in open_titles and has_room else None
        yield from _moved(key, str(desired.wanted[key].fields["name"]), link, place, renames)


def _renames(
    titles: Mapping[ListingKey, str | None], links: Mapping[ListingKey, Link], albums: Albums
) -> dict[str, str]:
    """Old title → new, where everything that stands in an album of ours now wants one and the same new one."""
    wanted_now = {*titles.values()}
    targets: dict[str, Counter[str | None]] = {}
    for key, title in titles.items():
        link = links.get(key)
        if link is not None and link.album in albums.ours and link.album not in wanted_now:
            targets.setdefault(link.album or "", Counter())[title] += 1
    renames: dict[str, str] = {}
    for old, counted in sorted(targets.items(), key=lambda entry: (-entry[1].total(), entry[0])):
        new = next(iter(counted))
        is_free = new not in (albums.ours | albums.uncertain) and new not in renames.values()
        if len(counted) == 1 and new is not None and is_free:
            renames[old] = new
    return renames


def _rename(old: str, new: str) -> Change:
    return Change(Action.ALBUM_RENAME, new, album=new, before={"album": old})


def _is_in(link: Link | None, title: str | None, renames: Mapping[str, str]) -> bool:
    return link is not None and _now(link.album, renames) == title


def _now(title: str | None, renames: Mapping[str, str]) -> str | None:
    return renames.get(title, title) if title is not None else None


def _moved(
    key: ListingKey, name: str, link: Link | None, place: str | None, renames: Mapping[str, str]
) -> Iterable[Change]:
    item_id = link.item_id if link else None
    current, intent = (_now(link.album, renames), _now(link.album_intent, renames)) if link else (None, None)
    for album in {current, intent} - {None, place}:
        yield Change(Action.ALBUM_REMOVE, name, key, item_id, album=album)
    if place is not None and (current != place or intent == place):
        yield Change(Action.ALBUM_PUT, name, key, item_id, album=place)


def _open_albums(sizes: Mapping[str, int], made: Collection[str], albums: Albums) -> set[str]:
    """Albums once made stay; free places go to the fullest groups."""
    kept = {title for title in sizes if title in made}
    free = max(0, ALBUMS_MAX - albums.foreign - len(made) - len(albums.uncertain))
    new = sizes.keys() - kept - albums.uncertain
    fullest = sorted(new, key=lambda title: (-sizes[title], title))
    return kept | set(fullest[:free])
