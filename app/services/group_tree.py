"""The groups of one store as a list to be read from top to bottom, each at its depth."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from app.domain.catalog import Group, GroupTree, Product
from app.services.finding import natural

ALL_OPEN_UP_TO = 60
"""A larger tree shows only the way to the chosen group and what lies beside it."""


@dataclass(frozen=True, slots=True)
class GroupNode:
    group: Group
    depth: int
    products: int
    """In the group and everywhere below it."""
    has_children: bool


def counts(tree: GroupTree, products: Iterable[Product]) -> Counter[str]:
    """How many products each group holds, with everything below it."""
    direct = Counter(product.group_id for product in products)
    total: Counter[str] = Counter()
    for group_id, number in direct.items():
        for ancestor in tree.lineage(group_id):
            total[ancestor] += number
    return total


def visible_nodes(tree: GroupTree, products: Iterable[Product], chosen: str) -> list[GroupNode]:
    held = counts(tree, products)
    children = _children(tree)
    open_groups: Collection[str] = tree.groups if len(tree.groups) <= ALL_OPEN_UP_TO else tree.lineage(chosen)
    return [
        GroupNode(group, depth, held[group.id], bool(children.get(group.id)))
        for group, depth in _walk(tree, children, open_groups)
    ]


def _children(tree: GroupTree) -> dict[str | None, list[Group]]:
    """By parent; None for the roots, among them every group whose parent does not exist."""
    children: dict[str | None, list[Group]] = {}
    for group in sorted(tree.groups.values(), key=lambda group: natural(group.name)):
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
