"""The ordered changes that turn the VK market into the selection."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.listing import ListingKey, SkipReason, Value, Wanted, digest_of

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


class Action(StrEnum):
    HIDE = "hide"
    EDIT = "edit"
    SHOW = "show"
    ADD = "add"
    ALBUM_ADD = "album_add"
    ALBUM_PUT = "album_put"
    ALBUM_REMOVE = "album_remove"
    DELETE = "delete"


_ORDER = {
    Action.HIDE: 0,
    Action.EDIT: 1,
    Action.SHOW: 2,
    Action.ADD: 3,
    Action.ALBUM_ADD: 4,
    Action.ALBUM_REMOVE: 5,
    Action.ALBUM_PUT: 6,
    Action.DELETE: 7,
}
"""Hides and price changes protect the merchant, so they go first; what cannot be undone goes last."""


class Reason(StrEnum):
    """Why an item that was live is hidden or held back, beside `SkipReason`."""

    OUT = "out"
    MISSING = "missing"
    GONE = "gone"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    TWIN = "twin"


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
    shared: int = 0
    """Barcodes that stand in more than one of the selected stores."""


@dataclass(frozen=True, slots=True)
class Albums:
    """Titles of ours that exist in VK, those of which we cannot be sure yet, and the number of other albums."""

    ours: frozenset[str] = frozenset()
    uncertain: frozenset[str] = frozenset()
    foreign: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[Change, ...]
    skipped: Mapping[ListingKey, SkipReason | Reason]
    live: int
    shared: int = 0

    @property
    def counts(self) -> Counter[Action]:
        return Counter(change.action for change in self.changes)

    @property
    def skipped_counts(self) -> Counter[str]:
        return Counter(self.skipped.values())

    @property
    def fingerprint(self) -> str:
        """Of the changes that take something away, whatever their order."""
        return digest_of(
            *sorted(
                f"{change.action}:{change.key.store_id}:{change.key.product_id}"
                for change in self.changes
                if change.key and change.action in (Action.HIDE, Action.DELETE)
            )
        )


def make_plan(
    desired: Desired, links: Mapping[ListingKey, Link], albums: Albums, *, now: datetime, remove_after_days: int
) -> Plan:
    skipped: dict[ListingKey, SkipReason | Reason] = dict(desired.unfit)
    changes: list[Change] = []
    for key, wanted in desired.wanted.items():
        link = links.get(key)
        held = _held_back(wanted, link, sold_out=key in desired.sold_out, now=now)
        if held is not None:
            skipped[key] = held
        elif (change := _toward(wanted, link)) is not None:
            changes.append(change)
    for key, link in links.items():
        if key not in desired.wanted:
            changes.extend(_leaving(link, _leaving_reason(key, desired), now, timedelta(days=remove_after_days)))
    changes.extend(_album_changes(desired, links, albums, skipped))
    changes.sort(key=lambda change: (_ORDER[change.action], "price" not in change.fields))
    live = sum(link.state is LinkState.LIVE for link in links.values())
    return Plan(tuple(changes), skipped, live=live, shared=desired.shared)


def _held_back(wanted: Wanted, link: Link | None, *, sold_out: bool, now: datetime) -> SkipReason | Reason | None:
    if link is None:
        return SkipReason.SOLD_OUT if sold_out else None
    if link.state is LinkState.GONE:
        return Reason.GONE
    if link.retry_after is not None and link.retry_after > now:
        if link.state is LinkState.ADDING and link.failed_digest is None:
            return Reason.UNCERTAIN
        if link.failed_digest == wanted.digest:
            return Reason.REFUSED
    if link.state is LinkState.ADDING and sold_out:
        return SkipReason.SOLD_OUT
    return None


def _toward(wanted: Wanted, link: Link | None) -> Change | None:
    name = str(wanted.fields["name"])
    if link is None or link.item_id is None:
        return Change(
            Action.ADD,
            name,
            wanted.key,
            fields=wanted.fields,
            photo=wanted.photo,
            album=wanted.album,
            digest=wanted.digest,
        )
    changed = {field: value for field, value in wanted.fields.items() if link.sent.get(field) != value}
    photo = wanted.photo if link.photo != wanted.photo and not wanted.is_hidden else None
    if not changed and photo is None:
        return None
    return Change(
        _kind_of_edit(changed, link),
        name,
        wanted.key,
        link.item_id,
        fields=changed,
        before={field: link.sent.get(field) for field in changed},
        photo=photo,
        reason=SkipReason.SOLD_OUT if changed.get("deleted") == 1 else None,
        digest=wanted.digest,
    )


def _kind_of_edit(changed: Mapping[str, Value], link: Link) -> Action:
    if changed.get("deleted") == 1:
        return Action.HIDE
    if "deleted" in changed and link.state is LinkState.HIDDEN:
        return Action.SHOW
    return Action.EDIT


def _leaving_reason(key: ListingKey, desired: Desired) -> SkipReason | Reason:
    if key in desired.unfit:
        return desired.unfit[key]
    return Reason.OUT if key in desired.known else Reason.MISSING


def _leaving(link: Link, reason: SkipReason | Reason, now: datetime, grace: timedelta) -> Iterable[Change]:
    """Hidden first; deleted only after it stayed out for the whole grace, and never while it is selected."""
    if link.item_id is None or link.state is LinkState.GONE:
        return
    if link.sent.get("deleted") != 1:
        fields: dict[str, Value] = {"deleted": 1}
        yield Change(
            Action.HIDE, link.name, link.key, link.item_id, fields=fields, before={"deleted": 0}, reason=reason
        )
    elif isinstance(reason, Reason) and link.out_since is not None and link.out_since + grace <= now:
        yield Change(Action.DELETE, link.name, link.key, link.item_id, reason=reason)


def _album_changes(
    desired: Desired, links: Mapping[ListingKey, Link], albums: Albums, skipped: Mapping[ListingKey, object]
) -> Iterable[Change]:
    titles = {
        key: wanted.album for key, wanted in desired.wanted.items() if not wanted.is_hidden and key not in skipped
    }
    open_titles = _open_albums(Counter(title for title in titles.values() if title is not None), albums)
    yield from (Change(Action.ALBUM_ADD, title, album=title) for title in sorted(open_titles - albums.ours))
    members: Counter[str | None] = Counter()
    for key, title in sorted(titles.items(), key=lambda entry: not _is_in(links.get(entry[0]), entry[1])):
        members[title] += 1
        link = links.get(key)
        place = title if title in open_titles and members[title] <= ITEMS_IN_ALBUM_MAX else None
        yield from _moved(key, str(desired.wanted[key].fields["name"]), link, place)


def _is_in(link: Link | None, title: str | None) -> bool:
    return link is not None and link.album == title


def _moved(key: ListingKey, name: str, link: Link | None, place: str | None) -> Iterable[Change]:
    item_id, current, intent = (link.item_id, link.album, link.album_intent) if link else (None, None, None)
    for album in {current, intent} - {None, place}:
        yield Change(Action.ALBUM_REMOVE, name, key, item_id, album=album)
    if place is not None and (current != place or intent == place):
        yield Change(Action.ALBUM_PUT, name, key, item_id, album=place)


def _open_albums(sizes: Mapping[str, int], albums: Albums) -> set[str]:
    """Albums once made stay; free places go to the fullest groups."""
    made = {title for title in sizes if title in albums.ours}
    free = max(0, ALBUMS_MAX - albums.foreign - len(albums.ours) - len(albums.uncertain))
    new = sizes.keys() - made - albums.uncertain
    fullest = sorted(new, key=lambda title: (-sizes[title], title))
    return made | set(fullest[:free])
