"""Looking through the goods of one store: what the owner typed and chose, and how it narrows and orders them."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.domain.catalog.goods import GroupTree, Product
from app.domain.listing.fitness import SkipReason
from app.domain.rules import Decision
from app.domain.texts.order import natural_key

WITHOUT_GROUP = "none"

Codes = tuple[str, ...]
"""Article, code and barcodes of a product."""

DecidedProduct = tuple[Product, Decision]


class State(StrEnum):
    ANY = ""
    IN = "in"
    OUT = "out"
    PROBLEM = "problem"


class Sort(StrEnum):
    NAME = "name"
    NAME_DOWN = "-name"
    PRICE = "price"
    PRICE_DOWN = "-price"
    QUANTITY = "quantity"
    QUANTITY_DOWN = "-quantity"


@dataclass(frozen=True, slots=True)
class GoodsQuery:
    """How the owner looks at a store's goods."""

    q: str = ""
    group: str = ""
    """A group's id for it and everything below; `WITHOUT_GROUP`; or "" for all."""
    state: State = State.ANY
    problem: SkipReason | None = None
    """Narrows `State.PROBLEM` to one reason."""
    sort: Sort = Sort.NAME
    page: int = 1


def needs_facts(query: GoodsQuery) -> bool:
    """Whether more than names and groups of all goods has to be known."""
    return query.state is State.PROBLEM or query.sort not in (Sort.NAME, Sort.NAME_DOWN)


def groups_within(tree: GroupTree, group: str) -> Callable[[str | None], bool]:
    """Whether a product's group id falls under the chosen group."""
    if not group:
        return lambda group_id: True
    if group == WITHOUT_GROUP:
        return lambda group_id: group_id not in tree.groups
    inside = {group_id for group_id in tree.groups if group in tree.lineage(group_id)}
    return lambda group_id: group_id in inside


def in_order(products: Iterable[DecidedProduct], sort: Sort) -> list[DecidedProduct]:
    """Equal prices and quantities go by name; an unknown price or quantity comes last either way."""
    descending = sort.startswith("-")
    field = sort.removeprefix("-")
    by_name = sorted(products, key=lambda entry: natural_key(entry[0].name), reverse=descending and field == Sort.NAME)
    if field == Sort.NAME:
        return by_name
    value = operator.attrgetter(field)
    known = [entry for entry in by_name if value(entry[0]) is not None]
    unknown = [entry for entry in by_name if value(entry[0]) is None]
    return sorted(known, key=lambda entry: value(entry[0]), reverse=descending) + unknown
