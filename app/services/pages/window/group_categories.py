"""Which category of VK the products of each group go to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import GroupTree
from app.domain.listing.category import category_choices
from app.domain.listing.owner_settings import FALLBACK_CATEGORY, OwnerSettings
from app.domain.market.categories import Category, search_categories, similar_categories
from app.domain.rules import decide
from app.domain.texts import search
from app.domain.texts.order import natural_key
from app.models import CatalogGroup, CatalogStore, User
from app.services.catalog.load import load_trees
from app.services.catalog.verdicts import stored
from app.services.errors import UnknownEntity
from app.services.market import categories as market_categories
from app.services.market.categories import CategoryList
from app.services.owner import rules as owner_rules
from app.services.owner import settings as owner_settings
from app.services.pages.goods.counts import counts_by_store, counts_of, tally, within
from app.services.pages.goods.group_tree import groups_within, tallies, tree_of


class CategoryTrouble(StrEnum):
    """Why the products stand in another category than was chosen, or soon will."""

    REFUSED = "refused"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class CurrentCategory:
    """The category that a group or the whole shop has now."""

    id: int
    category: Category | None
    """None where VK's list lacks it or was not read."""
    is_own: bool
    given_by: str = ""
    """Name of the group above whose choice holds here too; empty = the shop's."""
    trouble: CategoryTrouble | None = None


@dataclass(frozen=True, slots=True)
class GroupCategory:
    id: str
    lineage: Sequence[str]
    """Ids from its own up to the root."""
    path: Sequence[str]
    """Names from the root down to its own."""
    store: str
    products: int
    """In the group and everywhere below it."""
    present: CurrentCategory


@dataclass(frozen=True, slots=True)
class CategoryPicker:
    """One group, or the whole shop, and the categories to choose from."""

    group: GroupCategory | None
    present: CurrentCategory
    inherited: CurrentCategory | None
    """What the group has without a choice of its own."""
    is_list_known: bool
    similar: Sequence[Category]
    found: Sequence[Category]
    refused: frozenset[int]


@dataclass(frozen=True, slots=True)
class CategoriesPage:
    known: CategoryList | None
    default: CurrentCategory
    groups: Sequence[GroupCategory]


@dataclass(frozen=True, slots=True)
class _Choices:
    """Everything of one user that a present category depends on, loaded once for a page."""

    settings: OwnerSettings
    known: CategoryList | None
    by_id: Mapping[int, Category]

    @classmethod
    def of(cls, user: User) -> "_Choices":
        known = market_categories.known_categories(user)
        return cls(owner_settings.owner_settings(user), known, known.by_id if known else {})

    def present(self, lineage: Sequence[str] = (), names: Mapping[str, str] | None = None) -> CurrentCategory:
        """Of the group at the end of that way, or with an empty one of the whole shop."""
        choice = next(category_choices(lineage, self.settings))
        is_own = choice.group_id is None if not lineage else choice.group_id == lineage[0]
        given_by = "" if is_own or choice.group_id is None else (names or {})[choice.group_id]
        return CurrentCategory(choice.id, self.by_id.get(choice.id), is_own, given_by, self.trouble(choice.id))

    def trouble(self, category_id: int) -> CategoryTrouble | None:
        if category_id in self.settings.refused_categories:
            return CategoryTrouble.REFUSED
        is_unlisted = self.known is not None and category_id not in (FALLBACK_CATEGORY, *self.by_id)
        return CategoryTrouble.UNLISTED if is_unlisted else None


def categories_page(user: User, q: str = "") -> CategoriesPage:
    """Every group that the rules let through, by store and name; `q`: words that stand in its path."""
    choices = _Choices.of(user)
    reads = search.matcher(q)
    rows = [row for row in _rows(user, choices) if reads(" ".join(row.path))]
    return CategoriesPage(choices.known, choices.present(), rows)


def default_category(user: User) -> CurrentCategory:
    """The category of everything whose group has none."""
    return _Choices.of(user).present()


def unusable_choices(user: User) -> int:
    """How many choices of the owner's VK does not take."""
    choices = _Choices.of(user)
    chosen = (choices.settings.category_id, *choices.settings.category_by_group.values())
    return sum(choices.trouble(category_id) is not None for category_id in chosen)


def category_picker(user: User, group_id: str | None, q: str = "") -> CategoryPicker:
    """`group_id`: None for the whole shop. Raises UnknownEntity for a group that is not this user's."""
    choices = _Choices.of(user)
    categories = choices.known.categories if choices.known else ()
    row = None
    if group_id is not None:
        row = _group_row(user, choices, group_id)
    return CategoryPicker(
        group=row,
        present=row.present if row else choices.present(),
        inherited=_inherited(choices, row),
        is_list_known=choices.known is not None,
        similar=similar_categories(categories, row.path[-1]) if row and not q else [],
        found=search_categories(categories, q),
        refused=choices.settings.refused_categories,
    )


def _inherited(choices: _Choices, row: GroupCategory | None) -> CurrentCategory | None:
    """What the group would have without a choice of its own."""
    if row is None:
        return None
    above = row.lineage[1:]
    return choices.present(above, dict(zip(row.lineage, reversed(row.path), strict=True)))


def _group_row(user: User, choices: _Choices, group_id: str) -> GroupCategory:
    """Raises UnknownEntity for a group that is not this user's."""
    stored.ensure_current(user)
    query = sa.select(CatalogGroup.store_id, CatalogStore.name).join(
        CatalogStore,
        sa.and_(CatalogStore.user_id == CatalogGroup.user_id, CatalogStore.store_id == CatalogGroup.store_id),
    )
    of_user = query.where(CatalogGroup.user_id == user.id, CatalogGroup.group_id == group_id)
    found = db.session.execute(of_user.order_by(CatalogStore.name, CatalogStore.store_id).limit(1)).one_or_none()
    if found is None:
        raise UnknownEntity
    tree = tree_of(user.id, found.store_id)
    counts = counts_of(user.id, found.store_id)
    inside = tally(within(counts, groups_within(tree, group_id, counts)))
    return _row(tree, group_id, found.name, inside.total, choices)


def _rows(user: User, choices: _Choices) -> Iterator[GroupCategory]:
    """Those that the rules let through, by store and path."""
    rules = stored.ensure_current(user).rules
    chosen = owner_rules.passing_stores(user)
    query = sa.select(CatalogStore.store_id, CatalogStore.name).where(
        CatalogStore.user_id == user.id, CatalogStore.store_id.in_(chosen)
    )
    names = {row[0]: row[1] for row in db.session.execute(query)}
    trees, counts = load_trees(user.id, chosen), counts_by_store(user.id, chosen)
    for store_id in sorted(chosen, key=lambda store_id: natural_key(names[store_id])):
        tree = trees[store_id]
        held = tallies(tree, counts.get(store_id, ()))
        passing = [name for name in tree.groups if decide(rules, store_id, tree.lineage(name)).included]
        rows = [_row(tree, name, names[store_id], held[name].total, choices) for name in passing]
        yield from sorted(rows, key=lambda row: [natural_key(name) for name in row.path])


def _row(tree: GroupTree, group_id: str, store: str, products: int, choices: _Choices) -> GroupCategory:
    lineage = tree.lineage(group_id)
    names = {name: tree.groups[name].name.strip() or name for name in lineage}
    path = [names[name] for name in reversed(lineage)]
    return GroupCategory(group_id, lineage, path, store, products, choices.present(lineage, names))
