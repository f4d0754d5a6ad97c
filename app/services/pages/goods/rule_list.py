"""Every rule of one owner, with where its entity stands and how many products it touches."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import db
from app.domain.paging import Page, page_of
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet
from app.domain.texts.order import natural_key
from app.models import CatalogGroup, CatalogProduct, CatalogStore, User
from app.services.catalog.load import load_trees
from app.services.catalog.verdicts import stored
from app.services.pages.goods.counts import NOTHING, Tally, counts_by_store, tallies_by_store
from app.services.pages.goods.group_tree import tallies

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entity of the catalog stands."""

    store_id: str
    path: tuple[str, ...]
    """Names from the store down to the entity's parent."""
    group_id: str | None
    """The group to open: itself, or a product's."""
    tally: Tally


@dataclass(frozen=True, slots=True)
class ListedRule:
    level: EntityType
    id: str
    name: str
    mode: FilterMode
    place: Place | None
    """None = it is no longer in the catalog."""


@dataclass(frozen=True, slots=True)
class RuleList:
    rules: RuleSet
    page: Page[ListedRule]
    """By level, mode and name."""
    tally: Tally

    @property
    def by_level(self) -> Mapping[EntityType, Sequence[ListedRule]]:
        """What stands on the page."""
        return {level: [row for row in self.page.items if row.level is level] for level in EntityType}


Key = tuple[EntityType, str]


def rule_list(user: User, page: int = 1) -> RuleList:
    rules, held = stored.ensure_current(user).rules, tallies_by_store(user.id)
    shown = page_of(sorted(rules.rules, key=_order), page, PAGE_SIZE)
    places = _places(user.id, shown.items, held)
    return RuleList(
        rules=rules,
        page=Page([_listed(rule, places) for rule in shown.items], shown.number, shown.size, shown.total),
        tally=Tally(sum(one.selected for one in held.values()), sum(one.total for one in held.values())),
    )


_LEVELS = list(EntityType)


def _order(rule: Rule) -> tuple[int, str, str, str]:
    return _LEVELS.index(rule.entity_type), rule.mode, natural_key(_name(rule)), rule.entity_id


def _name(rule: Rule) -> str:
    return rule.name or rule.entity_id


def _listed(rule: Rule, places: Mapping[Key, Place]) -> ListedRule:
    place = places.get((rule.entity_type, rule.entity_id))
    return ListedRule(rule.entity_type, rule.entity_id, _name(rule), rule.mode, place)


def _places(user_id: int, rules: Sequence[Rule], held: Mapping[str, Tally]) -> dict[Key, Place]:
    """Of the entities that some rules name, as far as the catalog has them."""
    stores = _open_stores(user_id)
    places = {
        (EntityType.STORE, store_id): Place(store_id, (), None, held.get(store_id, NOTHING)) for store_id in stores
    }
    standing = [*_groups(user_id, rules, stores), *_products(user_id, rules, stores)]
    inside = {one.store_id for one in standing}
    trees = load_trees(user_id, inside)
    counts = counts_by_store(user_id, inside) if any(one.level is EntityType.GROUP for one in standing) else {}
    within = {store_id: tallies(trees[store_id], counts.get(store_id, ())) for store_id in inside}
    for one in standing:
        tree = trees[one.store_id]
        above = [tree.groups[group].name for group in reversed(tree.lineage(one.above))]
        group = one.id if one.level is EntityType.GROUP else one.above if one.above in tree.groups else None
        tally = within[one.store_id][one.id] if one.level is EntityType.GROUP else Tally(0, 1)
        places[one.level, one.id] = Place(one.store_id, (stores[one.store_id], *above), group, tally)
    return places


class _Standing(NamedTuple):
    """A group or a product of the catalog."""

    level: EntityType
    store_id: str
    id: str
    above: str | None
    """The group in which it stands."""


def _open_stores(user_id: int) -> dict[str, str]:
    query = sa.select(CatalogStore.store_id, CatalogStore.name).where(CatalogStore.user_id == user_id)
    return {row[0]: row[1] for row in db.session.execute(query.where(CatalogStore.is_open))}


def _groups(user_id: int, rules: Sequence[Rule], stores: Collection[str]) -> list[_Standing]:
    group = CatalogGroup.__table__.c
    query = sa.select(group.store_id, group.group_id, group.parent_id).where(
        group.user_id == user_id, group.store_id.in_(stores)
    )
    return _named(query, group.group_id, EntityType.GROUP, rules)


def _products(user_id: int, rules: Sequence[Rule], stores: Collection[str]) -> list[_Standing]:
    product = CatalogProduct.__table__.c
    query = sa.select(product.store_id, product.product_id, product.group_id).where(
        product.user_id == user_id, product.store_id.in_(stores)
    )
    return _named(query, product.product_id, EntityType.PRODUCT, rules)


def _named(
    query: sa.Select[Any], entity_id: sa.ColumnElement[str], level: EntityType, rules: Sequence[Rule]
) -> list[_Standing]:
    """Those that the rules of that level name."""
    ids = [rule.entity_id for rule in rules if rule.entity_type is level]
    rows = db.session.execute(query.where(entity_id.in_(ids))) if ids else ()
    return [_Standing(level, *row) for row in rows]
