"""What may be done where nothing is exact: more comes along, or all the rest goes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.domain.rules import EntityType, RuleSet
from app.domain.ticks.aim import Aim, Catalog, Changes, Key, Press, Question, with_changes
from app.domain.ticks.answer import solved

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
MOST_WAYS = 3
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Moved:
    """Products besides the pressed ones whose verdict would be another."""

    count: int
    some: tuple[tuple[str, str], ...]
    """The first few: store id and product id."""


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    """`group`, `store`: what the pressed ones stand in goes with them; `only`: nothing but them is shown; `catalog`:
    everything is."""
    within: tuple[Key, ...]
    """The groups or stores that go along whole."""
    changes: Changes
    coming: Moved
    going: Moved

    @property
    def moved(self) -> int:
        return self.coming.count + self.going.count


def ways(catalog: Catalog, rules: RuleSet, press: Press) -> list[Way]:
    """Those that do what was pressed with at most 200 changes, the least of what else moves first; at most three."""
    asked = Question(catalog, rules, Aim.of(press), catalog.shared())
    found: list[Way] = []
    for name, aims in _offers(catalog, press):
        for aim in aims:
            changes = solved(replace(asked, aim=aim))
            if changes is not None:
                found.append(_way(name, asked, aim, changes))
                break
    different = {tuple(sorted(way.changes.items(), key=str)): way for way in reversed(found)}
    return sorted(different.values(), key=lambda way: (way.moved, way.name))[:MOST_WAYS]


def _offers(catalog: Catalog, press: Press) -> Iterator[tuple[str, list[Aim]]]:
    """Each way with its aims, of which the first that can be had is offered."""
    pressed = _places(catalog, press)
    stores = frozenset((STORE, store_id) for store_id, _ in pressed)
    yield "group", list(_groups(pressed, press))
    if press.level is not STORE:
        yield "store", [Aim(press.keys | stores, press.shown)]
    if press.shown:
        yield "only", [Aim(press.keys, shown=True, others=False)]
        yield "catalog", [Aim(press.keys, shown=True, others=True)]


def _places(catalog: Catalog, press: Press) -> set[tuple[str, tuple[str, ...]]]:
    """Where the pressed groups and products stand: store and the way up."""
    if press.level is GROUP:
        inside = ((store_id, tree, press.ids & tree.groups.keys()) for store_id, tree in catalog.trees.items())
        return {(store_id, tree.lineage(group)) for store_id, tree, groups in inside for group in groups}
    if press.level is STORE:
        return set()
    return {
        (store_id, catalog.trees[store_id].lineage(group_id))
        for (store_id, group_id), ids in catalog.products.items()
        if not press.ids.isdisjoint(ids)
    }


def _groups(pressed: set[tuple[str, tuple[str, ...]]], press: Press) -> Iterator[Aim]:
    """From the nearest groups up to the roots."""
    ungrouped = frozenset(store_id for store_id, lineage in pressed if not lineage)
    lowest = 1 if press.level is GROUP else 0
    for height in range(lowest, max((len(lineage) for _, lineage in pressed), default=0) or 1):
        groups = {lineage[min(height, len(lineage) - 1)] for _, lineage in pressed if lineage}
        yield Aim(press.keys | {(GROUP, group) for group in groups}, press.shown, ungrouped=ungrouped)


def _way(name: str, asked: Question, aim: Aim, changes: Changes) -> Way:
    after = with_changes(asked.rules, changes)
    coming, going = list[tuple[str, str]](), list[tuple[str, str]]()
    counts = {True: 0, False: 0}
    for place in asked.places.values():
        is_meant = asked.aim.meets(place.store_id, place.lineage)
        for one, ids, verdict in place.verdicts(after, changes):
            before = one.before if one else place.before
            is_pressed = is_meant or (one is not None and (PRODUCT, one.id) in asked.aim.keys)
            if is_pressed or verdict is before:
                continue
            counts[verdict] += len(ids)
            (coming if verdict else going).extend((place.store_id, product_id) for product_id in ids[:_NAMED])
    within = tuple(sorted(aim.keys - asked.aim.keys))
    return Way(
        name,
        within,
        changes,
        Moved(counts[True], tuple(coming[:_NAMED])),
        Moved(counts[False], tuple(going[:_NAMED])),
    )
