"""The market as it is, held against the market as it should be."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.register import Shown

Json = dict[str, Any]


@dataclass
class Findings:
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.twice or self.lost or self.wrong or self.foreign)

    def __str__(self) -> str:
        return "; ".join(f"{kind}: {', '.join(found)}" for kind, found in vars(self).items() if found)


def strangers(dump: Json, club: int) -> Json:
    """Everything at VK that is not ours: other communities, and in this one what its owner made."""
    clubs = dict(dump["vk"]["clubs"])
    here = clubs.pop(str(club))
    own = {kind: [one for one in here[kind] if one["foreign"]] for kind in ("items", "albums")}
    return {**clubs, str(club): own}


def our_items(dump: Json, club: int) -> dict[str, list[Json]]:
    """Those that VK has not deleted, by product id."""
    found: dict[str, list[Json]] = {}
    for item in dump["vk"]["clubs"][str(club)]["items"]:
        if not item["foreign"] and not item["deleted"]:
            found.setdefault(item["sku"].removeprefix("ev:"), []).append(item)
    return found


def check_always(dump: Json, club: int, before: Json, ever_shown: Iterable[str]) -> Findings:
    """What must hold at any moment, whatever fails. `before`: the strangers as they were."""
    items, found = our_items(dump, club), Findings()
    found.twice = [product for product, same in items.items() if len(same) > 1] + _album_twins(dump, club)
    visible = {product for product, same in items.items() if any(not item["hidden"] for item in same)}
    found.wrong = [f"{product} is shown and must not be" for product in visible.difference(ever_shown)]
    now = strangers(dump, club)
    found.foreign = [f"community {name}" for name in before if before[name] != now.get(name)]
    return found


def check_final(dump: Json, club: int, before: Json, expected: Mapping[str, Shown]) -> Findings:
    """The market holds exactly what it should."""
    found = check_always(dump, club, before, expected)
    items, titles = our_items(dump, club), _titles(dump, club)
    for product, shown in expected.items():
        visible = [item for item in items.get(product, []) if not item["hidden"]]
        if not visible:
            found.lost.append(product)
        for item in visible:
            as_seen = Shown(item["name"], item["price"], None)
            albums = titles.get(item["id"], [])
            if as_seen != Shown(shown.name, shown.price, None) or albums != [shown.album] * (shown.album is not None):
                found.wrong.append(f"{product} {as_seen.name!r} {as_seen.price} in {albums}, not {shown}")
    return found


def _titles(dump: Json, club: int) -> dict[int, list[str]]:
    """Titles of our albums by the items in them."""
    titles: dict[int, list[str]] = {}
    for album in dump["vk"]["clubs"][str(club)]["albums"]:
        for item_id in () if album["foreign"] else album["item_ids"]:
            titles.setdefault(item_id, []).append(album["title"])
    return titles


def _album_twins(dump: Json, club: int) -> list[str]:
    ours = Counter(album["title"] for album in dump["vk"]["clubs"][str(club)]["albums"] if not album["foreign"])
    return [f"album {title!r}" for title, number in ours.items() if number > 1]
