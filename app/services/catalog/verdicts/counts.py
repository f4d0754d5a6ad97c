"""How many products each group has, by what is said of them: counted when that changes, read by every page."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from app.db import db, few, in_chunks
from app.models import CatalogCount, CatalogProduct

_P = CatalogProduct.__table__.c
_COUNTS: Any = CatalogCount.__table__


def named_groups(user_id: int) -> list[tuple[str, str]]:
    """(store id, group id as products name it, "" for none) of everything that has products."""
    columns = (CatalogCount.store_id, CatalogCount.group_id)
    query = sa.select(*columns).where(CatalogCount.user_id == user_id).distinct()
    return [(row[0], row[1]) for row in db.session.execute(query)]


def recount(user_id: int, groups: Collection[tuple[str, str]] | None = None) -> None:
    """Of these groups (store id, group id or ""), or of everything."""
    if groups is None:
        _recount(_COUNTS.c.user_id == user_id, _P.user_id == user_id)
        return
    by_store: dict[str, list[str]] = {}
    for store_id, group_id in groups:
        by_store.setdefault(store_id, []).append(group_id)
    for store_id, ids in by_store.items():
        for some in in_chunks(ids):
            _recount(
                sa.and_(_COUNTS.c.user_id == user_id, _COUNTS.c.store_id == store_id, _COUNTS.c.group_id.in_(some)),
                sa.and_(_P.user_id == user_id, _P.store_id == store_id, few(within(_P.group_id, some))),
            )


def recount_store(user_id: int, store_id: str) -> None:
    _recount(
        sa.and_(_COUNTS.c.user_id == user_id, _COUNTS.c.store_id == store_id),
        sa.and_(_P.user_id == user_id, _P.store_id == store_id),
    )


def within(column: sa.ColumnElement[Any], groups: Iterable[str]) -> sa.ColumnElement[bool]:
    """The product names one of these groups; "" stands for none."""
    named = [group_id for group_id in groups if group_id]
    has_none = "" in groups
    return sa.or_(*([column.in_(named)] if named else []), *([column.is_(None), column == ""] if has_none else []))


def _recount(counted: sa.ColumnElement[bool], products: sa.ColumnElement[bool]) -> None:
    db.session.execute(sa.delete(_COUNTS).where(counted))
    group, problem = sa.func.coalesce(_P.group_id, ""), sa.func.coalesce(_P.problem, "")
    kinds = (_P.user_id, _P.store_id, group, _P.included, problem)
    query = sa.select(*kinds, sa.func.count()).where(products, _P.included.is_not(None)).group_by(*kinds)
    columns = ("user_id", "store_id", "group_id", "included", "problem", "products")
    db.session.execute(sa.insert(_COUNTS).from_select(columns, query))
