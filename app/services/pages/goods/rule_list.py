"""Every rule of one owner, with where its entity stands and how many products it touches."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.planning.selection import StoreGoods
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet
from app.domain.texts.order import natural_key
from app.models import User
from app.services.catalog.criteria import Criteria
from app.services.catalog.load import load_goods
from app.services.pages.goods.group_tree import Tally, tallies, tally


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
    by_level: Mapping[EntityType, Sequence[ListedRule]]
    tally: Tally


def rule_list(user: User) -> RuleList:
    criteria = Criteria.of(user)
    stores = [goods for goods in load_goods(user.id, texts=False, facts=False) if not goods.is_closed]
    places: dict[tuple[EntityType, str], Place] = {}
    total: Counter[str] = Counter()
    for goods in stores:
        decided = list(criteria.decisions(goods))
        whole = tally(decided)
        total.update(selected=whole.selected, total=whole.total)
        places.update(_places(goods, criteria.rules, tallies(goods.tree, decided), whole))
    return RuleList(
        rules=criteria.rules,
        by_level={level: _of_level(criteria.rules.rules, level, places) for level in EntityType},
        tally=Tally(total["selected"], total["total"]),
    )


def _places(
    goods: StoreGoods, rules: RuleSet, held: Mapping[str, Tally], whole: Tally
) -> dict[tuple[EntityType, str], Place]:
    store = goods.store
    places = {(EntityType.STORE, store.id): Place(store.id, (), None, whole)}
    for group_id in goods.tree.groups:
        if rules.rule_for(EntityType.GROUP, group_id):
            above = _path(goods, goods.tree.groups[group_id].parent_id)
            places[EntityType.GROUP, group_id] = Place(store.id, above, group_id, held[group_id])
    for product in goods.products:
        if rules.rule_for(EntityType.PRODUCT, product.id):
            group = product.group_id if product.group_id in goods.tree.groups else None
            places[EntityType.PRODUCT, product.id] = Place(store.id, _path(goods, group), group, Tally(0, 1))
    return places


def _path(goods: StoreGoods, group_id: str | None) -> tuple[str, ...]:
    groups = [goods.tree.groups[ancestor].name for ancestor in reversed(goods.tree.lineage(group_id))]
    return (goods.store.name, *groups)


def _of_level(
    rules: Iterable[Rule], level: EntityType, places: Mapping[tuple[EntityType, str], Place]
) -> list[ListedRule]:
    rows = [
        ListedRule(level, rule.entity_id, rule.name or rule.entity_id, rule.mode, places.get((level, rule.entity_id)))
        for rule in rules
        if rule.entity_type is level
    ]
    return sorted(rows, key=lambda row: (row.mode, natural_key(row.name), row.id))
