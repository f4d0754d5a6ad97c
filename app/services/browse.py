"""The catalog as its owner looks at it: stores, groups and products, each with its rule, its verdict and the reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain.catalog import GroupTree, Product
from app.domain.listing import SkipReason
from app.domain.rules import EntityType, FilterMode, Mode, RuleSet, decide
from app.domain.selection import Shelf
from app.models import CatalogProduct, CatalogStore, StoreState, SyncFilter, User
from app.services.errors import UnknownEntity
from app.services.finding import WITHOUT_GROUP, Codes, Judged, Look, State, groups_within, in_order, matcher
from app.services.group_tree import GroupNode, visible_nodes
from app.services.judging import Judge, Verdict, named
from app.services.shelves import load_shelves
from app.services.sync_settings import rules_not_in_catalog

PAGE_SIZE = 50

Modes = Mapping[EntityType, Mode]


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
    products: int
    selected: int


@dataclass(frozen=True, slots=True)
class Overview:
    stores: Sequence[StoreRow]
    modes: Modes
    lost_rules: Sequence[SyncFilter]
    """Rules whose entity is no longer in the catalog."""
    is_connected: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    node: GroupNode
    rule: FilterMode | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ProductRow:
    product: Product
    codes: Codes
    group: str
    """Name of its group; empty where it has none."""
    rule: FilterMode | None
    verdict: Verdict
    problem: SkipReason | None


@dataclass(frozen=True, slots=True)
class StorePage:
    store: StoreRow
    modes: Modes
    groups: Sequence[GroupRow]
    ungrouped: int
    """Products that stand in no group."""
    chosen: str
    """Name of the chosen group; empty where none is chosen, or one that the store does not have."""
    look: Look
    """With the nearest page that exists."""
    rows: Sequence[ProductRow]
    found: int


def overview(user: User) -> Overview:
    judge = Judge.of(user)
    rows = {row.store_id: row for row in db.session.scalars(_stores_of(user))}
    return Overview(
        stores=[
            _store_row(rows[shelf.store.id], shelf, judge)
            for shelf in load_shelves(user.id, texts=False)
            if not shelf.is_closed
        ],
        modes=_modes(judge.rules),
        lost_rules=rules_not_in_catalog(user),
        is_connected=user.evotor is not None and user.evotor.is_connected,
    )


def store_page(user: User, store_id: str, look: Look) -> StorePage:
    """One store, searched and filtered. Raises UnknownEntity for a store that is not this user's."""
    store = db.session.scalar(_stores_of(user).where(CatalogStore.store_id == store_id))
    if store is None:
        raise UnknownEntity
    (shelf,) = load_shelves(user.id, store_id, texts=False)
    judge = Judge.of(user)
    found = in_order(_found(user, shelf, judge, look), look.sort)
    look = replace(look, page=min(max(look.page, 1), max(1, -(-len(found) // PAGE_SIZE))))
    start = (look.page - 1) * PAGE_SIZE
    return StorePage(
        store=_store_row(store, shelf, judge),
        modes=_modes(judge.rules),
        groups=[_group_row(node, shelf, judge.rules) for node in visible_nodes(shelf.tree, shelf.products, look.group)],
        ungrouped=sum(map(groups_within(shelf.tree, WITHOUT_GROUP), (product.group_id for product in shelf.products))),
        chosen=_name_of(shelf.tree, look.group),
        look=look,
        rows=_product_rows(user, shelf, judge, found[start : start + PAGE_SIZE]),
        found=len(found),
    )


def _stores_of(user: User) -> sa.Select[CatalogStore]:
    return sa.select(CatalogStore).where(CatalogStore.user_id == user.id, CatalogStore.state != StoreState.CLOSED)


def _modes(rules: RuleSet) -> Modes:
    return {level: rules.mode(level) for level in EntityType}


def _found(user: User, shelf: Shelf, judge: Judge, look: Look) -> Iterable[Judged]:
    judged: Iterable[Judged] = judge.verdicts(shelf)
    if look.group:
        is_within = groups_within(shelf.tree, look.group)
        judged = (entry for entry in judged if is_within(entry[0].group_id))
    if look.q:
        codes, matches = product_codes(user.id, shelf.store.id), matcher(look.q)
        judged = (entry for entry in judged if matches(entry[0], codes.get(entry[0].id, ())))
    if look.state is State.PROBLEM:
        return (entry for entry in judged if judge.problem(shelf, *entry) is not None)
    if look.state is not State.ANY:
        return (entry for entry in judged if entry[1].included is (look.state is State.IN))
    return judged


def product_codes(user_id: int, store_id: str, product_ids: Sequence[str] | None = None) -> dict[str, Codes]:
    """Article, code and barcodes by product id, of the whole store or of a few products."""
    product = CatalogProduct.__table__.c
    query = sa.select(product.product_id, product.article, product.code, product.barcodes).where(
        product.user_id == user_id, product.store_id == store_id
    )
    if product_ids is not None:
        query = query.where(product.product_id.in_(product_ids))
    return {row.product_id: (row.article, row.code, *row.barcodes) for row in db.session.execute(query)}


def _store_row(store: CatalogStore, shelf: Shelf, judge: Judge) -> StoreRow:
    return StoreRow(
        id=store.store_id,
        name=store.name,
        address=store.address,
        state=StoreState(store.state),
        error_code=store.error_code,
        fetched_at=store.fetched_at,
        rule=judge.rules.rule_for(EntityType.STORE, store.store_id),
        verdict=named(decide(judge.rules, store.store_id), shelf),
        products=len(shelf.products),
        selected=sum(decision.included for _, decision in judge.verdicts(shelf)),
    )


def _group_row(node: GroupNode, shelf: Shelf, rules: RuleSet) -> GroupRow:
    decision = decide(rules, shelf.store.id, shelf.tree.lineage(node.group.id))
    return GroupRow(node, rules.rule_for(EntityType.GROUP, node.group.id), named(decision, shelf))


def _product_rows(user: User, shelf: Shelf, judge: Judge, judged: Sequence[Judged]) -> list[ProductRow]:
    codes = product_codes(user.id, shelf.store.id, [product.id for product, _ in judged])
    return [
        ProductRow(
            product=product,
            codes=codes.get(product.id, ("", "")),
            group=_name_of(shelf.tree, product.group_id),
            rule=judge.rules.rule_for(EntityType.PRODUCT, product.id),
            verdict=named(decision, shelf, product),
            problem=judge.problem(shelf, product, decision),
        )
        for product, decision in judged
    ]


def _name_of(tree: GroupTree, group_id: str | None) -> str:
    group = tree.groups.get(group_id or "")
    return group.name if group else ""
