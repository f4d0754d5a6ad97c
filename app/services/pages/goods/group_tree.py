"""The groups of one store as a list to be read from top to bottom, each at its depth."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.catalog.goods import Group, GroupTree
from app.domain.texts import search
from app.domain.texts.order import natural_key
from app.services.pages.goods.query import DecidedProduct

ALL_OPEN_UP_TO = 60
"""A larger tree shows only the way to the chosen group and what lies beside it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many products, and how many of them the rules let through."""

    selected: int
    total: int


@dataclass(frozen=True, slots=True)
class GroupNode:
    group: Group
    depth: int
    tally: Tally
    """Of the group and everything below it."""
    has_children: bool


def tally(decided: Iterable[DecidedProduct]) -> Tally:
    included = [decision.included for _, decision in decided]
    return Tally(sum(included), len(included))


def tallies(tree: GroupTree, decided: Iterable[DecidedProduct]) -> Mapping[str, Tally]:
    """Of each group with everything below it."""
    direct = Counter((product.group_id, decision.included) for product, decision in decided)
    total: Counter[str] = Counter()
    selected: Counter[str] = Counter()
    for (group_id, is_included), number in direct.items():
        for ancestor in tree.lineage(group_id):
            total[ancestor] += number
            selected[ancestor] += number if is_included else 0
    return {group_id: Tally(selected[group_id], total[group_id]) for group_id in tree.groups}


def visible_nodes(tree: GroupTree, decided: Iterable[DecidedProduct], chosen: str) -> list[GroupNode]:
    held = tallies(tree, decided)
    children = _children(tree)
    open_groups: Collection[str] = tree.groups if len(tree.groups) <= ALL_OPEN_UP_TO else tree.lineage(chosen)
    return [
        GroupNode(group, depth, held[group.id], bool(children.get(group.id)))
        for group, depth in _walk(tree, children, open_groups)
    ]


def groups_by_name(tree: GroupTree, q: str, decided: Iterable[DecidedProduct], limit: int) -> list[tuple[Group, Tally]]:
    """The groups with every word of the question in their names, those with most products first."""
    reads = search.matcher(q)
    found = [group for group in tree.groups.values() if reads(group.name)] if q.strip() else []
    held = tallies(tree, decided) if found else {}
    found.sort(key=lambda group: (-held[group.id].total, natural_key(group.name)))
    return [(group, held[group.id]) for group in found[:limit]]


def _children(tree: GroupTree) -> dict[str | None, list[Group]]:
    """By parent; None for the roots, among them every group whose parent does not exist."""
    children: dict[str | None, list[Group]] = {}
    for group in sorted(tree.groups.values(), key=lambda group: natural_key(group.name)):
        parent = group.parent_id if _is_below_parent(tree, group) else None
        children.setdefault(parent, []).append(group)
    return children


def _is_below_parent(tree: GroupTree, group: Group) -> bool:
    """False also for the smallest id of a cycle: it has to begin somewhere, or nobody could see it."""
    if group.parent_id not in tree.groups:
        return False
    above = tree.lineage(group.parent_id)
    return group.id not in above or group.id != min(above)


def _walk(
    tree: GroupTree, children: dict[str | None, list[Group]], open_groups: Collection[str]
) -> Iterator[tuple[Group, int]]:
    waiting = [(group, 0) for group in reversed(children.get(None, []))]
    while waiting:
        group, depth = waiting.pop()
        yield group, depth
        if group.id in open_groups:
            waiting += [(child, depth + 1) for child in reversed(children.get(group.id, []))]
