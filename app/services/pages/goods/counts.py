"""How many products there are of each kind, as it is stored: what pages count with."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import db
from app.domain.listing.fitness import SkipReason
from app.models import CatalogCount
from app.services.pages.goods.query import State

_C = CatalogCount.__table__.c


class Count(NamedTuple):
    group_id: str | None
    """As products name it, whether or not there is such a group."""
    included: bool
    problem: SkipReason | None
    products: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many products, and how many of them the rules let through."""

    selected: int
    total: int


NOTHING = Tally(0, 0)


def counts_of(user_id: int, store_id: str) -> list[Count]:
    return counts_by_store(user_id, (store_id,)).get(store_id, [])


def counts_by_store(user_id: int, store_ids: Collection[str]) -> dict[str, list[Count]]:
    found: dict[str, list[Count]] = {}
    rows = db.session.execute(_of_stores(), {"user_id": user_id, "store_ids": list(store_ids)}).all()
    for store_id, group_id, included, problem, products in rows:
        found.setdefault(store_id, []).append(Count(group_id or None, included, _reason(problem), products))
    return found


@cache
def _of_stores() -> sa.Select[Any]:
    here = (_C.user_id == sa.bindparam("user_id"), _C.store_id.in_(sa.bindparam("store_ids", expanding=True)))
    return sa.select(_C.store_id, _C.group_id, _C.included, _C.problem, _C.products).where(*here)


def counts_of_all(user_id: int) -> list[Count]:
    """Of all stores together, whatever the groups."""
    rows = db.session.execute(_all(), {"user_id": user_id})
    return [Count(None, included, _reason(problem), int(products)) for included, problem, products in rows]


@cache
def _all() -> sa.Select[Any]:
    of_user = _C.user_id == sa.bindparam("user_id", type_=sa.Integer)
    return sa.select(_C.included, _C.problem, sa.func.sum(_C.products)).where(of_user).group_by(_C.included, _C.problem)


def _reason(stored: str) -> SkipReason | None:
    return SkipReason(stored) if stored else None


def tallies_by_store(user_id: int) -> dict[str, Tally]:
    query = (
        sa.select(_C.store_id, _C.included, sa.func.sum(_C.products))
        .where(_C.user_id == user_id)
        .group_by(_C.store_id, _C.included)
    )
    total: Counter[str] = Counter()
    selected: Counter[str] = Counter()
    for store_id, included, products in db.session.execute(query).all():
        total[store_id] += int(products)
        selected[store_id] += int(products) if included else 0
    return {store_id: Tally(selected[store_id], number) for store_id, number in total.items()}


def tally(counts: Iterable[Count]) -> Tally:
    selected = total = 0
    for count in counts:
        total += count.products
        selected += count.products if count.included else 0
    return Tally(selected, total)


def problems_among(counts: Iterable[Count]) -> Mapping[SkipReason, int]:
    """What keeps products hidden that the rules let through."""
    found: Counter[SkipReason] = Counter()
    for count in counts:
        if count.included and count.problem is not None:
            found[count.problem] += count.products
    return found


def within(counts: Iterable[Count], groups: Collection[str | None] | None) -> list[Count]:
    """`groups`: as products name them; None = all."""
    return [count for count in counts if groups is None or count.group_id in groups]


def number_of(counts: Iterable[Count], state: State) -> int:
    """Of the products that are shown, or are not."""
    return sum(count.products for count in counts if state is State.ANY or count.included is (state is State.IN))
