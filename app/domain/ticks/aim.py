"""What a press wants of every product, and of those that come later."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from app.domain.catalog.goods import GroupTree
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet, decide, decide_unnamed

Key = tuple[EntityType, str]
Changes = Mapping[Key, FilterMode | None]
"""The rule that an entity gets; None = none any more."""
MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Catalog:
    trees: Mapping[str, GroupTree]
    """Of every open store, by its id."""
    products: Mapping[tuple[str, str | None], Sequence[str]]
    """Ids by store id and the group's id as products name it."""

    def shared(self) -> list[Key]:
        """Groups and products whose id stands in several places: one rule is about all of them."""
        groups = Counter(chain.from_iterable(tree.groups for tree in self.trees.values()))
        products = Counter(chain.from_iterable(self.products.values()))
        found = [(EntityType.GROUP, group) for group, number in groups.items() if number > 1]
        return found + [(EntityType.PRODUCT, product) for product, number in products.items() if number > 1]


@dataclass(frozen=True, slots=True)
class Press:
    level: EntityType
    ids: frozenset[str]
    shown: bool

    @property
    def keys(self) -> frozenset[Key]:
        return frozenset((self.level, entity_id) for entity_id in self.ids)


@dataclass(frozen=True, slots=True)
class Aim:
    """Some are to be shown, or not; the others are to stay as they are, or to be as `others` says."""

    keys: frozenset[Key]
    shown: bool
    others: bool | None = None
    ungrouped: frozenset[str] = frozenset()
    """Stores whose products without a group are meant, too."""

    @classmethod
    def of(cls, press: Press) -> "Aim":
        return cls(press.keys, press.shown)

    def meets(self, store_id: str, lineage: tuple[str, ...]) -> bool:
        """Whatever stands in that place is meant."""
        return (
            (EntityType.STORE, store_id) in self.keys
            or any((EntityType.GROUP, group) in self.keys for group in lineage)
            or (not lineage and store_id in self.ungrouped)
        )


@dataclass(slots=True)
class Named:
    """A product that has a rule, was pressed, or stands in several places."""

    id: str
    rule: FilterMode | None
    before: bool
    wish: bool


@dataclass(slots=True)
class Place:
    """Products of one group, or of none, in one store."""

    store_id: str
    lineage: tuple[str, ...]
    before: bool
    """Of every product here that no rule names."""
    wish: bool
    """For the same, those that come later among them."""
    plain: list[str] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)

    def verdicts(self, rules: RuleSet, changes: "Changes") -> Iterator[tuple[Named | None, list[str], bool]]:
        """By rules after those changes: ids of plain products together, as far as none of them got a rule; the others
        one by one."""
        apart = [one for one in self.plain if (EntityType.PRODUCT, one) in changes] if changes else []
        alike = [one for one in self.plain if (EntityType.PRODUCT, one) not in changes] if apart else self.plain
        if alike:
            yield None, alike, decide_unnamed(rules, self.store_id, self.lineage).included
        for one in apart:
            yield None, [one], decide(rules, self.store_id, self.lineage, one).included
        for named in self.named:
            yield named, [named.id], decide(rules, self.store_id, self.lineage, named.id).included


@dataclass(slots=True)
class Question:
    """A catalog with its rules and an aim, put together by places."""

    catalog: Catalog
    rules: RuleSet
    aim: Aim
    shared: Sequence[Key]
    places: dict[tuple[str, tuple[str, ...]], Place] = field(init=False)
    elsewhere_wish: bool = field(init=False)
    """For products of a store that comes later."""
    present: frozenset[Key] = field(init=False)
    """Stores, groups, and products that stand apart, as the catalog has them."""
    held: set[tuple[str, str | None]] = field(init=False, default_factory=set)
    """(store id, group id or None) of everything with products."""
    shows_anything: bool = field(init=False)

    def __post_init__(self) -> None:
        self.places = {}
        for store_id, tree in self.catalog.trees.items():
            for lineage in ((), *(tree.lineage(group) for group in tree.groups)):
                self._place(store_id, lineage)
        pressed = {entity_id for level, entity_id in self.aim.keys if level is EntityType.PRODUCT}
        apart = self.rules.named(EntityType.PRODUCT) | pressed
        apart |= {entity_id for level, entity_id in self.shared if level is EntityType.PRODUCT}
        for (store_id, group_id), ids in self.catalog.products.items():
            self._fill(self._place(store_id, self.catalog.trees[store_id].lineage(group_id)), ids, apart)
        others, before = self.aim.others, decide_unnamed(self.rules, _NO_STORE, ()).included
        self.elsewhere_wish = before if others is None else others
        self._look_around()

    def _look_around(self) -> None:
        stores = ((EntityType.STORE, store_id) for store_id in self.catalog.trees)
        groups = ((EntityType.GROUP, group) for tree in self.catalog.trees.values() for group in tree.groups)
        products = ((EntityType.PRODUCT, one.id) for place in self.places.values() for one in place.named)
        self.present = frozenset(chain(stores, groups, products))
        filled = [place for place in self.places.values() if place.plain or place.named]
        for place in filled:
            self.held.update((place.store_id, group) for group in (None, *place.lineage))
        self.shows_anything = any(
            (place.plain and place.wish) or any(one.wish for one in place.named) for place in filled
        )

    def _place(self, store_id: str, lineage: tuple[str, ...]) -> Place:
        key = (store_id, lineage)
        if key not in self.places:
            before = decide_unnamed(self.rules, store_id, lineage).included
            self.places[key] = Place(store_id, lineage, before, self._wish(store_id, lineage, before))
        return self.places[key]

    def _wish(self, store_id: str, lineage: tuple[str, ...], before: bool) -> bool:
        if self.aim.meets(store_id, lineage):
            return self.aim.shown
        return before if self.aim.others is None else self.aim.others

    def _fill(self, place: Place, ids: Sequence[str], apart: set[str]) -> None:
        for product_id in ids:
            if product_id not in apart:
                place.plain.append(product_id)
                continue
            before = decide(self.rules, place.store_id, place.lineage, product_id).included
            is_meant = (EntityType.PRODUCT, product_id) in self.aim.keys
            wish = self.aim.shown if is_meant else self._wish(place.store_id, place.lineage, before)
            rule = self.rules.rule_for(EntityType.PRODUCT, product_id)
            place.named.append(Named(product_id, rule, before, wish))

    @property
    def must_choose_stores(self) -> bool:
        """A sync needs stores that were chosen knowingly: while a rule names none, all that pass are chosen."""
        is_store_shown = self.aim.shown and any(level is EntityType.STORE for level, _ in self.aim.keys)
        return is_store_shown and self.aim.others is None

    @property
    def needs_store_rule(self) -> bool:
        return self.must_choose_stores or bool(self.rules.named(EntityType.STORE))

    def empty(self, store_id: str, group_id: str | None = None) -> bool:
        """Pressed, and without a product that would tell whether it is shown."""
        key = (EntityType.STORE, store_id) if group_id is None else (EntityType.GROUP, group_id)
        if key not in self.aim.keys:
            return False
        return (store_id, group_id) not in self.held


_NO_STORE = "\0"
"""No id of Evotor's."""


def with_changes(rules: RuleSet, changes: Changes) -> RuleSet:
    kept = (rule for rule in rules.rules if (rule.entity_type, rule.entity_id) not in changes)
    new = (Rule(*key, mode) for key, mode in changes.items() if mode is not None)
    return RuleSet((*kept, *new))
