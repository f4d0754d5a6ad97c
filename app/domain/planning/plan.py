"""The ordered changes that turn the VK market into the selection."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.catalog.goods import Product
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey, Value, sku
from app.domain.listing.owner_settings import HandField, OwnerSettings, keeps_photo_in_vk
from app.domain.listing.wanted import Wanted
from app.domain.planning.albums import Albums, album_changes, with_shared_albums
from app.domain.planning.changes import Action, Change, Link, LinkState, Reason, hide

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
    unread: frozenset[ListingKey] = frozenset()
    """Those of `known` of which nothing can be read, where their store and the rules allow them: left alone."""
    closed_stores: frozenset[str] = frozenset()
    whole_stores: frozenset[str] = frozenset()
    """Stores that Evotor lists and whose copy is its answer of now: only of these a product can be missing for good."""
    products: Mapping[ListingKey, Product] = field(default_factory=dict)
    """Those of `wanted`."""
    shared: int = 0
    """Barcodes that stand in more than one of the selected stores."""
    alike: frozenset[ListingKey] = frozenset()
    """Those of `wanted` that buyers cannot tell from another one: equal name, price and description."""


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[Change, ...]
    skipped: Mapping[ListingKey, SkipReason | Reason]
    live_keys: frozenset[ListingKey]
    """Of the listings that stand in the window before the plan."""
    shared: int = 0
    alike: frozenset[ListingKey] = frozenset()
    """Of the listings that buyers are to see."""
    in_view: int = 0
    """Listings that buyers are to see after the plan."""
    sold_out: int = 0
    """Listings that are there and stay out of sight, because the register counts too few."""
    crowds: Mapping[str, int] = field(default_factory=dict)
    """How many of them want to stand in each album, by its title; empty where albums are left alone."""

    @property
    def live(self) -> int:
        return len(self.live_keys)

    @property
    def counts(self) -> Counter[Action]:
        return Counter(change.action for change in self.changes)

    @property
    def skipped_counts(self) -> Counter[str]:
        return Counter(self.skipped.values())

    @property
    def unseen(self) -> Counter[str]:
        """Selected products that buyers do not see after the plan, by the reason."""
        return Counter(self.out_of_view) + Counter({SkipReason.SOLD_OUT.value: self.sold_out})

    @property
    def outdated(self) -> int:
        """Items that stay in the window as they are, because VK refused to change them."""
        return self.skipped_counts[Reason.OUTDATED]

    @property
    def out_of_view(self) -> dict[str, int]:
        """Of `skipped_counts`, those that are not in the window, the most frequent first."""
        return {reason: count for reason, count in self.skipped_counts.most_common() if reason != Reason.OUTDATED}


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
    all_wanted = with_shared_albums(desired.wanted, albums)
    for key, wanted in all_wanted.items():
        link = links.get(key)
        held = _held_back(wanted, link, sold_out=key in desired.sold_out, undecided=key in undecided, now=now)
        if held is not None:
            skipped[key] = held
        else:
            changes.extend(_toward(wanted, link, settings.edited_in_vk))
    grace = timedelta(days=settings.remove_after_days)
    for key, link in links.items():
        if key not in desired.wanted and key not in desired.unread:
            reason = _leaving_reason(key, desired)
            if reason is not Reason.MISSING or _may_be_gone(link, desired):
                changes.extend(_leaving(link, reason, now, grace))
    listed = {key: wanted for key, wanted in all_wanted.items() if key not in skipped}
    shown = {key: wanted for key, wanted in listed.items() if not wanted.is_hidden}
    crowds: Counter[str] = Counter()
    if settings.with_albums:
        changes.extend(album_changes(shown, links, albums))
        crowds.update(wanted.album for wanted in shown.values() if wanted.album is not None)
    changes.sort(key=_place)
    live = frozenset(key for key, link in links.items() if link.state is LinkState.LIVE)
    return Plan(
        tuple(changes),
        skipped,
        live,
        shared=desired.shared,
        alike=desired.alike & shown.keys(),
        in_view=len(shown) + sum(reason is Reason.OUTDATED for reason in skipped.values()),
        sold_out=len(listed) - len(shown),
        crowds=crowds,
    )


def _place(change: Change) -> tuple[int, bool, str]:
    """What is put into one album stands together, so that it can go in one call."""
    album = change.album if change.action is Action.ALBUM_PUT else None
    return _ORDER[change.action], "price" not in change.fields, album or ""


def _held_back(
    wanted: Wanted, link: Link | None, *, sold_out: bool, undecided: bool, now: datetime
) -> SkipReason | Reason | None:
    if link is not None and link.state is LinkState.GONE:
        return Reason.GONE
    if link is not None and link.retry_after is not None and link.retry_after > now:
        if link.state is LinkState.ADDING and link.failed_digest is None:
            return Reason.UNREADABLE_ITEM if link.may_be_unreadable else Reason.UNCERTAIN
        if link.failed_digest == wanted.digest:
            return Reason.OUTDATED if link.state is LinkState.LIVE else Reason.REFUSED
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
    photo = wanted.photo if _needs_photo(wanted, link, edited_in_vk) else None
    protective = {field: value for field, value in changed.items() if field in _PROTECTIVE}
    rest = {field: value for field, value in changed.items() if field not in _PROTECTIVE}
    if protective:
        yield _edit(wanted, link, protective)
    if rest or photo is not None:
        yield _edit(wanted, link, rest, photo)


def _differences(wanted: Wanted, link: Link, edited_in_vk: Collection[str]) -> dict[str, Value]:
    asked: Mapping[str, Value] = wanted.fields
    if link.is_adopted:
        asked = {**asked, "sku": sku(wanted.key.product_id)}
    if asked == link.sent:  # as most of a long list are
        return {}
    return {
        field: value for field, value in asked.items() if link.sent.get(field) != value and field not in edited_in_vk
    }


def _needs_photo(wanted: Wanted, link: Link, edited_in_vk: Collection[str]) -> bool:
    if link.photo == wanted.photo or wanted.is_hidden:
        return False
    return not keeps_photo_in_vk(edited_in_vk, was_chosen_there=link.keeps_photo, is_own=wanted.is_photo_own)


def _edit(wanted: Wanted, link: Link, fields: Mapping[str, Value], photo: str | None = None) -> Change:
    return Change(
        _kind_of_edit(fields, link),
        str(wanted.fields["name"]),
        wanted.key,
        link.item_id,
        fields=fields,
        before={field: link.sent.get(field, link.sent_before.get(field)) for field in fields},
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


def _may_be_gone(link: Link, desired: Desired) -> bool:
    """A store that was not read whole has not said that it lacks the product."""
    return link.key.store_id in desired.whole_stores and not link.is_kept


def _leaving(link: Link, reason: SkipReason | Reason, now: datetime, grace: timedelta) -> Iterable[Change]:
    """Hidden first; deleted only after it stayed out for the whole grace, and never while it is selected."""
    if link.item_id is None or link.state is LinkState.GONE:
        return
    if not link.is_hidden:
        yield hide(link, reason)
    elif isinstance(reason, Reason) and link.out_since is not None and link.out_since + grace <= now:
        yield Change(Action.DELETE, link.name, link.key, link.item_id, reason=reason, is_approved=link.hide_approved)
