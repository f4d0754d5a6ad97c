"""Looking through the goods of one store: what the owner typed and chose."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.listing.fitness import SkipReason

WITHOUT_GROUP = "none"


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
