"""The goods of one store that somebody looks for, a page at a time, by queries that an index answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import contains, db
from app.domain.listing.fitness import SkipReason
from app.domain.texts import search
from app.models import CatalogGroup, CatalogProduct
from app.services.pages.goods.query import GoodsQuery, Sort, State

_C = CatalogProduct.__table__.c
_G = CatalogGroup.__table__.c

ORDERS: Mapping[Sort, Sequence[Any]] = {
    Sort.NAME: (_C.sort_key, _C.id),
    Sort.NAME_DOWN: (_C.sort_key.desc(), _C.id.desc()),
    Sort.PRICE: (_C.price.nulls_last(), _C.sort_key, _C.id),
    Sort.PRICE_DOWN: (_C.price.desc().nulls_last(), _C.sort_key, _C.id),
    Sort.QUANTITY: (_C.quantity.nulls_last(), _C.sort_key, _C.id),
    Sort.QUANTITY_DOWN: (_C.quantity.desc().nulls_last(), _C.sort_key, _C.id),
}
"""Equal prices and quantities go by name; an unknown price or quantity comes last either way."""


class GoodsRow(NamedTuple):
    """One product as it stands in a list."""

    product_id: str
    name: str
    group_id: str | None
    price: Decimal | None
    quantity: Decimal | None
    measure: str
    article: str
    code: str
    barcodes: Sequence[str]
    choices: Sequence[Any] | None
    included: bool
    level: str | None
    decided_by: str | None
    problem: str | None
    group: str | None
    """Its name; None where there is no such group."""
    attributes: Sequence[Any] | None


_COLUMNS = (*(_C[name] for name in GoodsRow._fields[:14]), _G.name, _G.attributes)


@dataclass(frozen=True, slots=True)
class Goods:
    """Those of one store that a question leaves; its state and its problem apart."""

    user_id: int
    store_id: str
    q: str = ""
    groups: Collection[str | None] | None = None
    """Ids as products name them; None = all."""

    @property
    def is_search(self) -> bool:
        return bool(self.q.strip())

    def rows(self, query: GoodsQuery, limit: int, offset: int) -> list[GoodsRow]:
        """The few of one page, chosen by what an index holds, and only then read whole."""
        statement = _whole(self._page(query, limit, offset).subquery(), query.sort)
        return [GoodsRow(*row) for row in db.session.execute(statement).all()]

    def rows_and_count(self, query: GoodsQuery, limit: int, offset: int) -> tuple[list[GoodsRow], int]:
        """Also how many there are on all pages, which are counted only where this one is full; 0 where it is empty."""
        page = self._page(query, limit, offset).cte("page")
        here = sa.select(sa.func.count()).select_from(page).scalar_subquery()
        total = sa.case((here < limit, here + offset), else_=self._count(query).scalar_subquery())
        rows = db.session.execute(_whole(page, query.sort).add_columns(total)).all()
        return [GoodsRow(*row[:-1]) for row in rows], rows[0][-1] if rows else 0

    def count(self, query: GoodsQuery) -> int:
        return db.session.scalar(self._count(query)) or 0

    def problems(self) -> Mapping[SkipReason, int]:
        """How many have each, of those that the rules let through."""
        statement = (
            sa.select(_C.problem, sa.func.count())
            .where(*self._conditions, _C.included.is_(True), _C.problem.is_not(None))
            .group_by(_C.problem)
        )
        return {SkipReason(problem): count for problem, count in db.session.execute(statement)}

    def _page(self, query: GoodsQuery, limit: int, offset: int) -> sa.Select[int]:
        return self._ids(query).order_by(*ORDERS[query.sort]).limit(limit).offset(offset)

    def _count(self, query: GoodsQuery) -> sa.Select[int]:
        return self._ids(query).with_only_columns(sa.func.count())

    def _ids(self, query: GoodsQuery) -> sa.Select[int]:
        return sa.select(_C.id).where(*self._conditions, *_of_state(query))

    @property
    def _conditions(self) -> list[sa.ColumnElement[bool]]:
        found = [_C.user_id == self.user_id, _C.store_id == self.store_id]
        if self.groups is not None:
            found.append(_in_groups(self.groups))
        if self.is_search:
            found += _having(self.q)
        return found


def _whole(page: sa.FromClause, sort: Sort) -> sa.Select[Any]:
    group = sa.and_(_G.user_id == _C.user_id, _G.store_id == _C.store_id, _G.group_id == _C.group_id)
    rows = sa.select(*_COLUMNS).select_from(page).join(CatalogProduct, _C.id == page.c.id)
    return rows.outerjoin(CatalogGroup, group).order_by(*ORDERS[sort])


def _in_groups(groups: Collection[str | None]) -> sa.ColumnElement[bool]:
    named = _C.group_id.in_([group for group in groups if group is not None])
    return sa.or_(_C.group_id.is_(None), named) if None in groups else named


def _of_state(query: GoodsQuery) -> list[sa.ColumnElement[bool]]:
    if query.state is State.ANY:
        return []
    if query.state is not State.PROBLEM:
        return [_C.included.is_(query.state is State.IN)]
    held = _C.problem.is_not(None) if query.problem is None else _C.problem == query.problem
    return [_C.included.is_(True), held]


def _having(q: str) -> list[sa.ColumnElement[bool]]:
    """Every word of the question stands somewhere; where it has none, «🍵», its signs themselves."""
    if words := search.words_of(q):
        return [contains(_C.search_text, word) for word in words]
    return [sa.or_(*(contains(column, q.strip()) for column in (_C.name, _C.article, _C.code)))]
