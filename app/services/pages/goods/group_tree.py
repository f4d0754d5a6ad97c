"""The groups of one store as a list to be read from top to bottom, each at its depth."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import Group, GroupTree, Store
from app.domain.texts import search
from app.domain.texts.order import natural_key
from app.models import CatalogStore
from app.services.catalog.load import load_trees
from app.services.errors import UnknownEntity
from app.services.pages.goods.counts import Count, Tally
from app.services.pages.goods.query import WITHOUT_GROUP

ALL_OPEN_UP_TO = 60
"""A larger tree shows only the way to the chosen group and what lies beside it."""


@dataclass(frozen=True, slots=True)
class GroupNode:
    group: Group
    depth: int
    tally: Tally
    """Of the group and everything below it."""
    has_children: bool


def store_of(user_id: int, store_id: str) -> Store:
    """Raises UnknownEntity for what is not an open store of this user's."""
    query = sa.select(CatalogStore.name, CatalogStore.address).where(
        CatalogStore.user_id == user_id, CatalogStore.store_id == store_id, CatalogStore.is_open
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise UnknownEntity
    return Store(store_id, row.name, row.address)


def tree_of(user_id: int, store_id: str) -> GroupTree:
    return load_trees(user_id, (store_id,))[store_id]


def groups_within(tree: GroupTree, group: str, counts: Iterable[Count]) -> Collection[str | None] | None:
    """Which group ids of products fall under the chosen group; None = all."""
    if not group:
        return None
    named = {count.group_id for count in counts}
    if group == WITHOUT_GROUP:
        return named - tree.groups.keys()
    return {group_id for group_id in named if group in tree.lineage(group_id)}


def tallies(tree: GroupTree, counts: Iterable[Count]) -> Mapping[str, Tally]:
    """Of each group with everything below it."""
    selected, total = dict.fromkeys(tree.groups, 0), dict.fromkeys(tree.groups, 0)
    for count in counts:
        for ancestor in tree.lineage(count.group_id):
            total[ancestor] += count.products
            selected[ancestor] += count.products if count.included else 0
    return {group_id: Tally(selected[group_id], total[group_id]) for group_id in tree.groups}


def visible_nodes(tree: GroupTree, held: Mapping[str, Tally], chosen: str) -> list[GroupNode]:
    children = _children(tree)
    open_groups: Collection[str] = tree.groups if len(tree.groups) <= ALL_OPEN_UP_TO else tree.lineage(chosen)
    return [
        GroupNode(group, depth, held[group.id], bool(children.get(group.id)))
        for group, depth in _walk(children, open_groups)
    ]


def groups_by_name(tree: GroupTree, q: str, held: Mapping[str, Tally], limit: int) -> list[tuple[Group, Tally]]:
    """The groups with every word of the question in their names, those with most products first."""
    reads = search.matcher(q)
    found = [group for group in tree.groups.values() if reads(group.name)] if q.strip() else []
    found.sort(key=lambda group: (-held[group.id].total, natural_key(group.name)))
    return [(group, held[group.id]) for group in found[:limit]]


def _children(tree: GroupTree) -> dict[str | None, list[Group]]:
    """By parent; None for the roots, among them every group whose parent does not exist."""
    children: dict[str | None, list[Group]] = {}
    for group in tree.groups.values():
        parent = group.parent_id if _is_below_parent(tree, group) else None
        children.setdefault(parent, []).append(group)
    return children


def _is_below_parent(tree: GroupTree, group: Group) -> bool:
    """False also for the smallest id of a cycle: it has to begin somewhere, or nobody could see it."""
    if group.parent_id not in tree.groups:
        return False
    above = tree.lineage(group.parent_id)
    return group.id not in above or group.id != min(above)


def _walk(children: Mapping[str | None, list[Group]], open_groups: Collection[str]) -> Iterator[tuple[Group, int]]:
    waiting = [(group, 0) for group in _from_the_last(children.get(None, []))]
    while waiting:
        group, depth = waiting.pop()
        yield group, depth
        if group.id in open_groups:
            waiting += [(child, depth + 1) for child in _from_the_last(children.get(group.id, []))]


def _from_the_last(groups: Iterable[Group]) -> list[Group]:
    """In the order of names, turned round."""
    return sorted(groups, key=lambda group: natural_key(group.name))[::-1]
