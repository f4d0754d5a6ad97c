"""What rules and fitness say of each product, stored with it: by `decide`, in the transaction of whatever changed it.

Pages read what is stored here and never decide. `restate` is the one place that writes it, apart from a refresh, which
writes whole rows with what `said_of` says of them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import db, in_chunks, is_reading, reading
from app.domain.catalog.goods import GroupTree, Product, Store
from app.domain.catalog.pictures import Pictures
from app.domain.catalog.search_fields import search_text, sort_key
from app.domain.planning.selection import StoreGoods, decisions
from app.domain.rules import EntityType, RuleSet, unnamed_differ
from app.models import CatalogProduct, CatalogStore, User
from app.services import locks
from app.services.catalog.load import FACT_COLUMNS, TEXT_COLUMNS, load_groups, load_trees, to_product
from app.services.catalog.verdicts import counts, marks
from app.services.catalog.verdicts.criteria import Criteria
from app.services.catalog.verdicts.marks import Marks
from app.services.photos import gallery

WORDING = "1"
"""Of fitness, folding and order as this program knows them: raise it when one of them changes."""

_TABLE: Any = CatalogProduct.__table__
_C = _TABLE.c


class Said(NamedTuple):
    """The columns that hold what is said of a product."""

    included: bool
    level: str | None
    decided_by: str | None
    problem: str | None


_SAID_COLUMNS = tuple(_C[name] for name in Said._fields)


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which products something may have changed."""

    groups: Mapping[str, Collection[str]]
    """{store id: ids of groups as products name them, "" for none}"""
    products: Collection[str] = ()
    """Ids, in whatever store."""
    is_about_rules: bool = False
    """Nothing but rules changed, so that problems stay."""


def said_of(goods: StoreGoods, criteria: Criteria) -> Iterator[tuple[Product, Said]]:
    """Of every product of a store, in their order; its problem, too, where the rules do not let it through."""
    for product, decision in decisions(goods, criteria.rules):
        problem = criteria.problem(goods, product)
        yield product, Said(decision.included, decision.level, decision.decided_by, problem)


def found_by(product: Product, tree: GroupTree) -> dict[str, str]:
    """The columns by which a product is searched and ordered."""
    return {"search_text": search_text(product, tree), "sort_key": sort_key(product.name)}


# Looking


def ensure_current(user: User) -> Criteria:
    """By what the user's goods are decided on; from now on the stored verdicts are what that comes to.

    What the transaction at work changed is settled first. What nobody told of, such as rules that another program
    wrote, shows in the digest: then everything is stated anew, in a transaction of its own where a page only looks.
    """
    settle(user.id)
    criteria = Criteria.of(user) if is_reading() else Criteria.now(user)
    if _is_stated(user.id, criteria):
        return criteria
    if not is_reading():
        return _made_current(user)
    db.session.commit()
    with reading(False):
        criteria = _made_current(user)
        db.session.commit()
    return criteria


def _made_current(user: User) -> Criteria:
    """Unless somebody else did it while we waited for our turn."""
    locks.lock(user.id)
    criteria = Criteria.now(user)
    return criteria if _is_stated(user.id, criteria) else restate(user)


def _is_stated(user_id: int, criteria: Criteria) -> bool:
    found = _found(user_id)
    return not found.has_new and (not found.has_any or found.verdicts_digest == _stamp(criteria))


def _found(user_id: int) -> Any:
    query = _standing(is_sqlite=db.engine.dialect.name == "sqlite")
    return db.session.execute(query, {"user_id": user_id}).one()


@cache
def _standing(*, is_sqlite: bool) -> sa.Select[Any]:
    """By what the user's goods were judged, whether one was not judged yet, and whether there is any.

    The sum keeps SQLite from reading all of them by another index.
    """
    user_id: sa.BindParameter[int] = sa.bindparam("user_id")
    owner = _C.user_id + 0 if is_sqlite else _C.user_id
    return sa.select(
        sa.select(User.verdicts_digest).where(User.id == user_id).scalar_subquery().label("verdicts_digest"),
        sa.select(_C.id).where(owner == user_id, _C.included.is_(None)).exists().label("has_new"),
        sa.select(_C.id).where(_C.user_id == user_id).exists().label("has_any"),
    )


def _stamp(criteria: Criteria) -> str:
    return f"{WORDING}:{criteria.digest}"


# Writing


def settle(user_id: int) -> None:
    """State anew what this transaction changed so far. Flushes."""
    db.session.flush()
    changed = marks.take(user_id)
    user = db.session.get(User, user_id) if changed is not None else None
    if changed is None or user is None:
        return
    if changed.is_about_pictures and not Criteria.now(user).settings.photo_required:
        return
    locks.lock(user_id)
    criteria = Criteria.now(user)
    before = replace(criteria, rules=changed.rules_before or criteria.rules)
    if changed.is_all or not _is_stated(user_id, before):
        restate(user, with_texts=changed.has_new_texts)
    else:
        trees = load_trees(user_id)
        _restate(user_id, criteria, trees, _scope(user_id, trees, changed, before.rules, criteria.rules))


def _scope(user_id: int, trees: Mapping[str, GroupTree], changed: Marks, before: RuleSet, after: RuleSet) -> Scope:
    groups: dict[str, set[str]] = defaultdict(set)
    differ = unnamed_differ(before, after)
    for store_id, group_id in counts.named_groups(user_id):
        lineage = trees.get(store_id, GroupTree({})).lineage(group_id)
        is_pictured = any((store_id, ancestor) in changed.groups for ancestor in lineage)
        if is_pictured or differ(store_id, lineage):
            groups[store_id].add(group_id)
    products = changed.products | before.differing(after, EntityType.PRODUCT)
    return Scope(groups, products, is_about_rules=not (changed.products or changed.groups))


def restate(user: User, *, with_texts: bool = False) -> Criteria:
    """Write what is said of all products, as far as it differs. Flushes.

    `with_texts`: also by what they are found and ordered; new rows get that anyway.
    """
    locks.lock(user.id)
    criteria = Criteria.now(user)
    trees = {store_id: GroupTree.of(groups) for store_id, groups in load_groups(user.id).items()}
    _restate(user.id, criteria, trees, with_texts=with_texts or _lack_texts(user.id))
    return criteria


def _restate(
    user_id: int,
    criteria: Criteria,
    trees: Mapping[str, GroupTree],
    scope: Scope | None = None,
    *,
    with_texts: bool = False,
) -> None:
    is_about_rules = scope is not None and scope.is_about_rules
    made = _placed if is_about_rules else to_product
    is_pictured = criteria.settings.photo_required and not is_about_rules
    pictures = gallery.pictures_by_store(user_id) if is_pictured else {}
    differing: dict[Said, list[int]] = defaultdict(list)
    touched: set[tuple[str, str]] = set()
    for store_id, rows in _rows(user_id, scope, with_texts=with_texts).items():
        tree, here = trees.get(store_id, GroupTree({})), pictures.get(store_id) or Pictures()
        products = [made(row[_FACTS_FROM:]) for row in rows]
        goods = StoreGoods(Store(store_id, ""), tree, products, pictures=here)
        for row, (product, said) in zip(rows, said_of(goods, criteria), strict=True):
            told = said._replace(problem=row.problem) if is_about_rules else said
            if row[2:_FACTS_FROM] != told:
                differing[_impersonal(told, product)].append(row.id)
                touched.add((store_id, product.group_id or ""))
        if with_texts:
            _write_texts(rows, products, tree)
    _write(differing)
    counts.recount(user_id, touched if scope else None)
    _note_stamp(user_id, criteria)


def begin(user_id: int, criteria: Criteria) -> None:
    """Where nothing stands yet: what comes now is stated by these, so that it need not be stated anew."""
    if not _found(user_id).has_any:
        _note_stamp(user_id, criteria)


def _note_stamp(user_id: int, criteria: Criteria) -> None:
    db.session.execute(sa.update(_USERS).where(_USERS.c.id == user_id).values(verdicts_digest=_stamp(criteria)))


_USERS: Any = User.__table__
_FACTS_FROM = 2 + len(_SAID_COLUMNS)
_PLACE_COLUMNS = (_C.product_id, _C.group_id)
_ITSELF = "\0"
"""In place of the id where a product is decided on by its own rule."""


def _placed(values: Sequence[Any]) -> Product:
    """As far as rules ask for it."""
    product_id, group_id = values
    return Product(product_id, "", group_id)


def _impersonal(said: Said, product: Product) -> Said:
    """The same for all products that a rule of their own decides on, so that one statement writes them."""
    return said._replace(decided_by=_ITSELF) if said.decided_by == product.id else said


def _lack_texts(user_id: int) -> bool:
    found = _found(user_id)
    return found.has_new or (found.verdicts_digest is not None and not found.verdicts_digest.startswith(f"{WORDING}:"))


def _rows(user_id: int, scope: Scope | None, *, with_texts: bool) -> dict[str, list[Any]]:
    """Id, store, what is said now and the facts of each product, by store."""
    facts = _PLACE_COLUMNS if scope is not None and scope.is_about_rules else FACT_COLUMNS
    columns = (*facts, *(TEXT_COLUMNS if with_texts else ()))
    ours = sa.select(_C.id, _C.store_id, *_SAID_COLUMNS, *columns).where(_C.user_id == user_id)
    found = {row.id: row for query in _narrowed(ours, user_id, scope) for row in db.session.execute(query)}
    by_store: dict[str, list[Any]] = defaultdict(list)
    for row in found.values():
        by_store[row.store_id].append(row)
    return by_store


def _narrowed(query: sa.Select[Any], user_id: int, scope: Scope | None) -> Iterator[sa.Select[Any]]:
    if scope is None:
        yield query
        return
    for store_id, groups in scope.groups.items():
        for some in in_chunks(groups):
            yield query.where(_C.store_id == store_id, counts.within(_C.group_id, some))
    if scope.products:
        stores = sa.select(CatalogStore.store_id).where(CatalogStore.user_id == user_id)
        for ids in in_chunks(scope.products):
            yield query.where(_C.store_id.in_(stores), _C.product_id.in_(ids))


def _write(differing: Mapping[Said, Sequence[int]]) -> None:
    for said, ids in differing.items():
        values = said._asdict()
        if said.decided_by == _ITSELF:
            values["decided_by"] = _C.product_id
        for some in in_chunks(ids):
            db.session.execute(sa.update(_TABLE).where(_C.id.in_(some)).values(values))


def _write_texts(rows: Sequence[Any], products: Sequence[Product], tree: GroupTree) -> None:
    changed = [{"row_id": row.id, **found_by(product, tree)} for row, product in zip(rows, products, strict=True)]
    columns: dict[str, Any] = {name: sa.bindparam(name) for name in ("search_text", "sort_key")}
    if changed:
        statement = sa.update(_TABLE).where(_C.id == sa.bindparam("row_id")).values(columns)
        db.session.connection().execute(statement, changed)
