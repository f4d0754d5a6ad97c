"""The catalog as its owner looks at it: stores, groups and products, each with its rule, its verdict and the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import Group, GroupTree, Product, Store
from app.domain.catalog.variants import shown_name
from app.domain.listing.fitness import SkipReason
from app.domain.paging import Page, pages_of
from app.domain.rules import EntityType, FilterMode, RuleSet, decide
from app.models import CatalogStore, CatalogUnreadable, StoreState, SyncFilter, User
from app.services.catalog.load import to_attributes, to_pairs
from app.services.catalog.verdicts import stored
from app.services.errors import UnknownEntity
from app.services.owner.rule_entities import lost_rules
from app.services.pages.goods import counts as goods_counts
from app.services.pages.goods.counts import NOTHING, Count, Tally, tally
from app.services.pages.goods.found import Goods, GoodsRow
from app.services.pages.goods.group_tree import (
    GroupNode,
    groups_by_name,
    groups_within,
    tallies,
    tree_of,
    visible_nodes,
)
from app.services.pages.goods.named_verdict import Names, Verdict, decision_of
from app.services.pages.goods.query import WITHOUT_GROUP, GoodsQuery, State

PAGE_SIZE = 50
GROUPS_FOUND = 6


@dataclass(frozen=True, slots=True)
class StoreRow:
    id: str
    name: str
    address: str
    state: StoreState
    error_code: str | None
    fetched_at: datetime | None
    rule: FilterMode | None
    verdict: Verdict
    tally: Tally
    unreadable: int
    """Products that Evotor sent in a form we cannot trust."""


@dataclass(frozen=True, slots=True)
class CatalogPage:
    stores: Sequence[StoreRow]
    rules: RuleSet
    lost_rules: Sequence[SyncFilter]
    """Rules whose entity is no longer in the catalog."""
    is_connected: bool

    @property
    def tally(self) -> Tally:
        return Tally(sum(store.tally.selected for store in self.stores), sum(row.tally.total for row in self.stores))


@dataclass(frozen=True, slots=True)
class GroupRow:
    node: GroupNode
    rule: FilterMode | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ProductRow:
    product: Product
    """As far as a row tells of it."""
    name: str
    """With what a variant is told by."""
    group: str
    """Name of its group; empty where it has none."""
    rule: FilterMode | None
    verdict: Verdict
    problem: SkipReason | None

    @property
    def codes(self) -> tuple[str, ...]:
        """Article, code and barcodes, each once."""
        product, found = self.product, dict[str, str]()
        for code in (product.article, product.code, *product.barcodes):
            found.setdefault(code.lower(), code)
        return tuple(filter(None, found.values()))


@dataclass(frozen=True, slots=True)
class StorePage:
    store: StoreRow
    rules: RuleSet
    groups: Sequence[GroupRow]
    ungrouped: Tally
    """Of the products that stand in no group."""
    chosen: GroupRow | None
    """None where no group is chosen, or one that the store does not have."""
    groups_found: Sequence[tuple[Group, Tally]]
    """Groups whose name has the words of the search."""
    query: GoodsQuery
    """With the nearest page that exists."""
    page: Page[ProductRow]
    problems: Mapping[SkipReason, int]
    """How many of what was found has each; empty unless problems are looked at."""


def catalog_page(user: User) -> CatalogPage:
    rules, held = stored.ensure_current(user).rules, goods_counts.tallies_by_store(user.id)
    stores = db.session.execute(_open_stores(user.id))
    rows = sorted(stores, key=lambda row: (row.name.casefold(), row.store_id))
    return CatalogPage(
        stores=[_store_row(row, rules, held.get(row.store_id, NOTHING)) for row in rows],
        rules=rules,
        lost_rules=lost_rules(user),
        is_connected=user.evotor is not None and user.evotor.is_connected,
    )


def store_page(user: User, store_id: str, query: GoodsQuery) -> StorePage:
    """One store, searched and filtered. Raises UnknownEntity for a store that is not this user's."""
    rules = stored.ensure_current(user).rules
    store = db.session.execute(_open_stores(user.id).where(CatalogStore.store_id == store_id)).one_or_none()
    if store is None:
        raise UnknownEntity
    counts, tree = goods_counts.counts_of(user.id, store_id), tree_of(user.id, store_id)
    held, names = tallies(tree, counts), Names(Store(store_id, store.name), tree)
    groups = [_group_row(node, names, rules) for node in visible_nodes(tree, held, query.group)]
    page, problems = _found(user.id, store_id, query, counts, tree)
    without_group = groups_within(tree, WITHOUT_GROUP, counts)
    return StorePage(
        store=_store_row(store, rules, tally(counts)),
        rules=rules,
        groups=groups,
        ungrouped=tally(goods_counts.within(counts, without_group)),
        chosen=next((row for row in groups if row.node.group.id == query.group), None),
        groups_found=groups_by_name(tree, query.q, held, GROUPS_FOUND),
        query=replace(query, page=page.number),
        page=Page([_product_row(row, names, rules) for row in page.items], page.number, page.size, page.total),
        problems=problems,
    )


def _found(
    user_id: int, store_id: str, query: GoodsQuery, counts: Sequence[Count], tree: GroupTree
) -> tuple[Page[GoodsRow], Mapping[SkipReason, int]]:
    """What the query leaves, and how many problems of each kind are among it before one kind was chosen."""
    groups = groups_within(tree, query.group, counts)
    goods, here = Goods(user_id, store_id, query.q, groups), goods_counts.within(counts, groups)
    problems: Mapping[SkipReason, int] = {}
    if query.state is State.PROBLEM:
        problems = goods.problems() if goods.is_search else goods_counts.problems_among(here)
        total = sum(number for reason, number in problems.items() if query.problem in (None, reason))
    elif goods.is_search:
        return _searched(goods, query), problems
    else:
        total = goods_counts.number_of(here, query.state)
    return _nearest_page(goods, query, total), problems


def _searched(goods: Goods, query: GoodsQuery) -> Page[GoodsRow]:
    number = max(query.page, 1)
    rows, total = goods.rows_and_count(query, PAGE_SIZE, (number - 1) * PAGE_SIZE)
    is_beyond = not rows and number > 1
    return _nearest_page(goods, query, goods.count(query)) if is_beyond else Page(rows, number, PAGE_SIZE, total)


def _nearest_page(goods: Goods, query: GoodsQuery, total: int) -> Page[GoodsRow]:
    number = min(max(query.page, 1), pages_of(total, PAGE_SIZE))
    rows = goods.rows(query, PAGE_SIZE, (number - 1) * PAGE_SIZE) if total else []
    return Page(rows, number, PAGE_SIZE, total)


def _open_stores(user_id: int) -> sa.Select[Any]:
    """Each with how many of its products could not be read."""
    unread = (
        sa.select(sa.func.count())
        .select_from(CatalogUnreadable)
        .where(CatalogUnreadable.user_id == CatalogStore.user_id, CatalogUnreadable.store_id == CatalogStore.store_id)
        .scalar_subquery()
    )
    return sa.select(*CatalogStore.__table__.c, unread.label("unread")).where(
        CatalogStore.user_id == user_id, CatalogStore.is_open
    )


def _store_row(store: sa.Row[Any], rules: RuleSet, tally: Tally) -> StoreRow:
    names = Names(Store(store.store_id, store.name), GroupTree({}))
    return StoreRow(
        id=store.store_id,
        name=store.name,
        address=store.address,
        state=StoreState(store.state),
        error_code=store.error_code,
        fetched_at=store.fetched_at,
        rule=rules.rule_for(EntityType.STORE, store.store_id),
        verdict=names.verdict(decide(rules, store.store_id)),
        tally=tally,
        unreadable=store.unread,
    )


def _group_row(node: GroupNode, names: Names, rules: RuleSet) -> GroupRow:
    decision = decide(rules, names.store.id, names.tree.lineage(node.group.id))
    return GroupRow(node, rules.rule_for(EntityType.GROUP, node.group.id), names.verdict(decision))


def _product_row(row: GoodsRow, names: Names, rules: RuleSet) -> ProductRow:
    product = _product(row)
    return ProductRow(
        product=product,
        name=shown_name(product, _model_of(row)) if row.choices else row.name,
        group=row.group or "",
        rule=rules.rule_for(EntityType.PRODUCT, row.product_id),
        verdict=names.verdict(decision_of(row.included, row.level, row.decided_by), row.name),
        problem=SkipReason(row.problem) if row.included and row.problem else None,
    )


def _product(row: GoodsRow) -> Product:
    return Product(
        id=row.product_id,
        name=row.name,
        group_id=row.group_id,
        measure=row.measure,
        price=row.price,
        quantity=row.quantity,
        article=row.article,
        code=row.code,
        barcodes=tuple(row.barcodes),
        choices=to_pairs(row.choices),
    )


def _model_of(row: GoodsRow) -> GroupTree:
    """What its variants differ in."""
    if row.group_id is None or row.group is None:
        return GroupTree({})
    return GroupTree.of([Group(row.group_id, row.group, attributes=to_attributes(row.attributes or ()))])
