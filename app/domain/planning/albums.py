"""Which items stand in which album: docs/contracts/vk.md §9."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter

from app.domain.listing.key import ListingKey
from app.domain.listing.wanted import Wanted
from app.domain.planning.changes import Action, Change, Link
from app.domain.texts import search
from app.domain.vk_limits import ALBUMS_MAX, ITEMS_IN_ALBUM_MAX


@dataclass(frozen=True, slots=True)
class Albums:
    """Titles of ours that exist in VK, those of which we cannot be sure yet, and the number of other albums."""

    ours: frozenset[str] = frozenset()
    uncertain: frozenset[str] = frozenset()
    renaming: frozenset[str] = frozenset()
    """Those of ours that may bear another title, because the answer to a call was lost."""
    stuck: frozenset[str] = frozenset()
    """Those of ours that VK will not give another title."""
    full: frozenset[str] = frozenset()
    """Those of ours into which VK takes nothing more."""
    foreign: int = 0

    @property
    def taken(self) -> int:
        """Places that are not free any more."""
        return self.foreign + len(self.ours) + len(self.uncertain)


def with_shared_albums(wanted: Mapping[ListingKey, Wanted], albums: Albums) -> Mapping[ListingKey, Wanted]:
    """Groups that a person calls the same, «Чай» and «ЧАЙ», want one album."""
    spelled = _spellings(Counter(item.album for item in wanted.values() if item.album is not None), albums)
    other = {title: shared for title, shared in spelled.items() if title != shared}
    if not other:
        return wanted
    return {
        key: replace(item, album=other.get(item.album or "")) if item.album in other else item
        for key, item in wanted.items()
    }


def _spellings(sizes: Mapping[str, int], albums: Albums) -> dict[str, str]:
    """By which title each group's album goes: one that stands already and is wanted, else that of most products."""
    alike: dict[str, list[str]] = {}
    for title in sorted({*sizes, *albums.stuck, *albums.uncertain}, key=lambda title: (-sizes.get(title, 0), title)):
        alike.setdefault(search.plain_words(title), []).append(title)
    spelled: dict[str, str] = {}
    for titles in alike.values():
        made = [title for title in titles if title in albums.ours] or [
            title for title in titles if title in albums.uncertain
        ]
        for title in titles:
            # Where two stand already, from before, both stay: nothing is moved for a capital letter.
            spelled[title] = title if title in made else (made or titles)[0]
    return spelled


def album_changes(
    in_view: Mapping[ListingKey, Wanted], links: Mapping[ListingKey, Link], albums: Albums
) -> Iterable[Change]:
    """`in_view`: the items that buyers are to see; hidden ones need no album."""
    titles = {key: wanted.album for key, wanted in in_view.items()}
    renames = _renames(titles, links, albums)
    yield from (_rename(title, renames.get(title, title)) for title in sorted({*renames} | albums.renaming))
    made = (albums.ours - renames.keys()) | {*renames.values()}
    open_titles = _open_albums(Counter(title for title in titles.values() if title is not None), made, albums)
    yield from (Change(Action.ALBUM_ADD, title, album=title) for title in sorted(open_titles - made))
    entries = [(not _is_in(links.get(key), title, renames), key, title) for key, title in titles.items()]
    members: Counter[str | None] = Counter()
    for is_outside, key, title in sorted(entries, key=itemgetter(0)):
        members[title] += 1
        has_room = members[title] <= ITEMS_IN_ALBUM_MAX and not (is_outside and title in albums.full)
        place = title if title in open_titles and has_room else None
        yield from _moved(key, str(in_view[key].fields["name"]), links.get(key), place, renames)


def _renames(
    titles: Mapping[ListingKey, str | None], links: Mapping[ListingKey, Link], albums: Albums
) -> dict[str, str]:
    """Old title → new, where everything that stands in an album of ours now wants one and the same new one."""
    unwanted = albums.ours - albums.stuck - {*titles.values()}
    targets: dict[str, Counter[str | None]] = {}
    for key, title in titles.items() if unwanted else ():
        link = links.get(key)
        if link is not None and link.album in unwanted:
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
    if current == place and intent is None:
        return
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
