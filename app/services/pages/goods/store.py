"""The catalog as its owner looks at it: stores, groups and products, each with its rule, its verdict and the reason."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import Group, GroupTree, Product
from app.domain.catalog.variants import choices_of, shown_name
from app.domain.listing.fitness import SkipReason
from app.domain.paging import Page, page_of
from app.domain.planning.selection import StoreGoods
from app.domain.rules import EntityType, FilterMode, RuleSet, decide
from app.domain.texts import search
from app.models import CatalogProduct, CatalogStore, StoreState, SyncFilter, User
from app.services.catalog import unreadable
from app.services.catalog.criteria import Criteria, Verdict, verdict_of
from app.services.catalog.load import load_goods, load_products, load_store
from app.services.catalog.stores import stores_of
from app.services.errors import UnknownEntity
from app.services.owner.rule_entities import lost_rules
from app.services.pages.goods.group_tree import GroupNode, Tally, groups_by_name, tally, visible_nodes
from app.services.pages.goods.query import (
    Codes,
    DecidedProduct,
    GoodsQuery,
    State,
    groups_within,
    in_order,
    needs_facts,
)

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
    name: str
    """With what a variant is told by."""
    group: str
    """Name of its group; empty where it has none."""
    rule: FilterMode | None
    verdict: Verdict
    problem: SkipReason | None

    @property
    def codes(self) -> Codes:
        return (self.product.article, self.product.code, *self.product.barcodes)


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
    criteria = Criteria.of(user)
    unread = unreadable.counts_by_store(user.id)
    rows = {row.store_id: row for row in db.session.scalars(_open_stores(user))}
    return CatalogPage(
        stores=[
            _store_row(
                rows[goods.store.id], goods, criteria, tally(criteria.decisions(goods)), unread.get(goods.store.id, 0)
            )
            for goods in load_goods(user.id, texts=False, facts=False)
            if not goods.is_closed
        ],
        rules=criteria.rules,
        lost_rules=lost_rules(user),
        is_connected=user.evotor is not None and user.evotor.is_connected,
    )


def store_page(user: User, store_id: str, query: GoodsQuery) -> StorePage:
    """One store, searched and filtered. Raises UnknownEntity for a store that is not this user's."""
    store = db.session.scalar(_open_stores(user).where(CatalogStore.store_id == store_id))
    if store is None:
        raise UnknownEntity
    goods = load_store(user.id, store_id, texts=False, facts=needs_facts(query))
    criteria = Criteria.of(user)
    decided = list(criteria.decisions(goods))
    found, problems = _found(user, goods, criteria, decided, query)
    found = in_order(found, query.sort)
    page = page_of(found, query.page, PAGE_SIZE)
    unread = unreadable.counts_by_store(user.id).get(store_id, 0)
    groups = [_group_row(node, goods, criteria.rules) for node in visible_nodes(goods.tree, decided, query.group)]
    return StorePage(
        store=_store_row(store, goods, criteria, tally(decided), unread),
        rules=criteria.rules,
        groups=groups,
        ungrouped=tally(entry for entry in decided if entry[0].group_id not in goods.tree.groups),
        chosen=next((row for row in groups if row.node.group.id == query.group), None),
        groups_found=groups_by_name(goods.tree, query.q, decided, GROUPS_FOUND),
        query=replace(query, page=page.number),
        page=Page(_product_rows(user, goods, criteria, page.items), page.number, page.size, page.total),
        problems=problems,
    )


def _open_stores(user: User) -> sa.Select[CatalogStore]:
    return stores_of(user.id).where(CatalogStore.is_open)


def _found(
    user: User, goods: StoreGoods, criteria: Criteria, decided: Iterable[DecidedProduct], query: GoodsQuery
) -> tuple[list[DecidedProduct], Mapping[SkipReason, int]]:
    """What the query leaves, and how many problems of each kind are among it before one kind was chosen."""
    if query.group:
        is_within = groups_within(goods.tree, query.group)
        decided = (entry for entry in decided if is_within(entry[0].group_id))
    if query.q:
        codes, reads = product_codes(user.id, goods.store.id), search.matcher(query.q)
        decided = (entry for entry in decided if reads(_words_of(entry[0], goods.tree, codes)))
    if query.state is State.PROBLEM:
        troubled = [(entry, reason) for entry in decided if (reason := criteria.skip_reason(goods, *entry)) is not None]
        shown = [entry for entry, reason in troubled if query.problem in (None, reason)]
        return shown, Counter(reason for _, reason in troubled)
    if query.state is not State.ANY:
        decided = (entry for entry in decided if entry[1].included is (query.state is State.IN))
    return list(decided), {}


def _words_of(product: Product, tree: GroupTree, codes: Mapping[str, Codes]) -> str:
    """What a product is found by: its name, article, code and barcodes, and the choices of a variant."""
    choices = (choice.name for choice in choices_of(product, tree))
    return "\n".join((product.name, *codes.get(product.id, ()), *choices))


def product_codes(user_id: int, store_id: str) -> dict[str, Codes]:
    """Article, code and barcodes by product id."""
    product = CatalogProduct.__table__.c
    statement = sa.select(product.product_id, product.article, product.code, product.barcodes).where(
        product.user_id == user_id, product.store_id == store_id
    )
    return {row[0]: (row[1], row[2], *row[3]) for row in db.session.execute(statement).all()}


def _store_row(store: CatalogStore, goods: StoreGoods, criteria: Criteria, tally: Tally, unreadable: int) -> StoreRow:
    return StoreRow(
        id=store.store_id,
        name=store.name,
        address=store.address,
        state=StoreState(store.state),
        error_code=store.error_code,
        fetched_at=store.fetched_at,
        rule=criteria.rules.rule_for(EntityType.STORE, store.store_id),
        verdict=verdict_of(decide(criteria.rules, store.store_id), goods),
        tally=tally,
        unreadable=unreadable,
    )


def _group_row(node: GroupNode, goods: StoreGoods, rules: RuleSet) -> GroupRow:
    decision = decide(rules, goods.store.id, goods.tree.lineage(node.group.id))
    return GroupRow(node, rules.rule_for(EntityType.GROUP, node.group.id), verdict_of(decision, goods))


def _product_rows(
    user: User, goods: StoreGoods, criteria: Criteria, decided: Sequence[DecidedProduct]
) -> list[ProductRow]:
    whole = load_products(user.id, goods.store.id, [product.id for product, _ in decided])
    return [
        ProductRow(
            product=whole[product.id],
            name=shown_name(product, goods.tree),
            group=_name_of(goods.tree, product.group_id),
            rule=criteria.rules.rule_for(EntityType.PRODUCT, product.id),
            verdict=verdict_of(decision, goods, product),
            problem=criteria.skip_reason(goods, whole[product.id], decision),
        )
        for product, decision in decided
        if product.id in whole
    ]


def _name_of(tree: GroupTree, group_id: str | None) -> str:
    group = tree.groups.get(group_id or "")
    return group.name if group else ""
