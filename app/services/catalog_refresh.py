"""Pull the catalog: stores, then groups and products of each, read without a transaction and stored in a short one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from app.clients.errors import EvotorError, EvotorFault
from app.clients.evotor import EvotorClient, ProductList
from app.db import Base, db, utcnow
from app.domain.catalog import Group, Product, Store
from app.models import CatalogGroup, CatalogProduct, CatalogStore, ConnectionState, StoreState, User
from app.services import sync_settings
from app.services.errors import ServiceError, UnknownEntity
from app.services.vendors import evotor_client, evotor_code, evotor_state

log = structlog.get_logger()

_STATES = {
    EvotorFault.PAYMENT_REQUIRED: StoreState.PAYMENT_REQUIRED,
    EvotorFault.FORBIDDEN: StoreState.FORBIDDEN,
    EvotorFault.NOT_FOUND: StoreState.MISSING,
}


class StoreStillListed(ServiceError):
    """Evotor still shows the store: a copy dropped now would be back with the next refresh."""

    code = "store_still_listed"


class CatalogUnavailable(ServiceError):
    """Evotor did not answer; the old copy stands. `retry_after`: seconds to leave Evotor alone, where it says so."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


UNPAID_PAUSE = timedelta(hours=2)
FEWEST_IN_STOCK = 3
"""So many products that were in stock do not all sell out between two reads."""


@dataclass(slots=True)
class RefreshReport:
    stores_read: int = 0
    products: int = 0
    failed: list[str] = field(default_factory=list)
    """Names of the stores whose old copy was kept."""


def _nothing() -> None:
    """The hook of a caller that does not want one."""


def refresh(user: User, on_page: Callable[[], None] = _nothing, *, is_patient: bool = False) -> RefreshReport:
    """Copy everything that Evotor lets us read; a store that fails keeps its last good copy.

    Commits. `on_page` is called after every page read; `is_patient` leaves stores alone that are to be left alone.
    Raises CatalogUnavailable with the vendor's code.
    """
    connection = user.evotor
    if connection is None or connection.token is None:
        raise CatalogUnavailable("evotor_missing")
    client = evotor_client(connection.token)
    db.session.commit()
    report = RefreshReport()
    try:
        stores = client.stores(on_page=on_page)
        _store_stores(user.id, stores)
        resting = _resting(user.id) if is_patient else frozenset()
        for store in stores:
            if store.id not in resting:
                _refresh_store(user.id, client, store, report, on_page)
    except EvotorError as error:
        db.session.rollback()
        connection.state, connection.error_code = evotor_state(error), evotor_code(error)
        connection.checked_at = utcnow()
        db.session.commit()
        raise CatalogUnavailable(evotor_code(error), error.retry_after) from error
    connection.state, connection.error_code, connection.checked_at = ConnectionState.OK, None, utcnow()
    sync_settings.refresh_names(user)
    db.session.commit()
    return report


def _resting(user_id: int) -> frozenset[str]:
    now = utcnow()
    query = sa.select(CatalogStore.store_id).where(
        CatalogStore.user_id == user_id,
        CatalogStore.retry_after > now,
        CatalogStore.retry_after <= now + UNPAID_PAUSE,
    )
    return frozenset(db.session.scalars(query))


def accept(user: User, store_id: str) -> None:
    """Read one store and believe whatever the lists say: the owner knows that it is so.

    Commits. Raises UnknownEntity, and CatalogUnavailable where the lists do not come whole.
    """
    store = db.session.scalar(_stores_of(user.id).where(CatalogStore.store_id == store_id))
    if store is None:
        raise UnknownEntity
    if user.evotor is None or user.evotor.token is None:
        raise CatalogUnavailable("evotor_missing")
    client = evotor_client(user.evotor.token)
    db.session.commit()
    try:
        groups, products = client.groups(store_id), client.products(store_id)
    except EvotorError as error:
        raise CatalogUnavailable(evotor_code(error)) from error
    _store_goods(user.id, store_id, groups, products, is_believed=True)


def _refresh_store(
    user_id: int, client: EvotorClient, store: Store, report: RefreshReport, on_page: Callable[[], None]
) -> None:
    """Raises EvotorError only where the token itself is refused."""
    try:
        groups = client.groups(store.id, on_page=on_page)
        products = client.products(store.id, on_page=on_page)
    except EvotorError as error:
        if error.token_rejected:
            raise
        _mark_store(user_id, store.id, _STATES.get(error.kind, StoreState.UNAVAILABLE), evotor_code(error))
        report.failed.append(store.name)
        log.warning("store_not_read", user_id=user_id, store_id=store.id, error=evotor_code(error))
        return
    if _store_goods(user_id, store.id, groups, products):
        report.stores_read += 1
        report.products += len(products.products)
    else:
        report.failed.append(store.name)
        log.warning("store_read_suspicious", user_id=user_id, store_id=store.id)


def _store_stores(user_id: int, stores: Sequence[Store]) -> None:
    """New stores are added, known ones renamed; one that Evotor no longer lists is kept and marked."""
    _lock(user_id)
    known = {row.store_id: row for row in db.session.scalars(_stores_of(user_id))}
    for store in stores:
        row = known.pop(store.id, None)
        if row is None:
            row = CatalogStore(user_id=user_id, store_id=store.id, state=StoreState.UNAVAILABLE)
            db.session.add(row)
        row.name, row.address = store.name or store.id, store.address
    for row in known.values():
        if row.state != StoreState.CLOSED:
            row.state, row.error_code = StoreState.MISSING, "evotor_not_found"
    db.session.commit()


def _stores_of(user_id: int) -> sa.Select[CatalogStore]:
    return sa.select(CatalogStore).where(CatalogStore.user_id == user_id)


def _lock(user_id: int) -> None:
    """Two refreshes of one user take turns: on PostgreSQL by this row, on SQLite by BEGIN IMMEDIATE."""
    user = sa.table("users", sa.column("id"))
    db.session.execute(sa.select(user.c.id).where(user.c.id == user_id).with_for_update())


def _mark_store(user_id: int, store_id: str, state: StoreState, code: str) -> None:
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(
            state=state,
            error_code=code,
            retry_after=utcnow() + UNPAID_PAUSE if state == StoreState.PAYMENT_REQUIRED else None,
        )
    )
    db.session.commit()


def _store_goods(
    user_id: int, store_id: str, groups: Sequence[Group], products: ProductList, *, is_believed: bool = False
) -> bool:
    """Replace the copy of one store; False where the lists look like a bad read and the old copy was kept."""
    _lock(user_id)
    old_groups = _rows(CatalogGroup.__table__, "group_id", user_id, store_id)
    old_products = _rows(CatalogProduct.__table__, "product_id", user_id, store_id)
    doubt = None if is_believed else _doubt(old_groups, old_products, groups, products.products)
    if doubt is not None:
        _mark_store(user_id, store_id, StoreState.SUSPICIOUS, doubt)
        return False
    owner = {"user_id": user_id, "store_id": store_id}
    in_use = _groups_in_use(old_groups, groups, products.products)
    _replace(
        CatalogGroup.__table__,
        "group_id",
        {group_id: row for group_id, row in old_groups.items() if group_id not in in_use},
        [{**owner, **_group_row(group)} for group in groups],
    )
    kept = products.unreadable_ids
    _replace(
        CatalogProduct.__table__,
        "product_id",
        {product_id: row for product_id, row in old_products.items() if product_id not in kept},
        [{**owner, **_product_row(product)} for product in products.products],
    )
    db.session.execute(
        sa.update(CatalogStore)
        .where(CatalogStore.user_id == user_id, CatalogStore.store_id == store_id)
        .values(state=StoreState.OK, error_code=None, fetched_at=utcnow(), retry_after=None)
    )
    db.session.commit()
    return True


def _doubt(
    old_groups: Mapping[str, Any],
    old_products: Mapping[str, Mapping[str, Any]],
    groups: Sequence[Group],
    products: Sequence[Product],
) -> str | None:
    """Why lists that came whole look like a bad read all the same; a code."""
    if old_products and not products:
        return "evotor_empty"
    if old_groups and not groups and any(product.group_id for product in products):
        return "evotor_empty"
    were_in_stock = sum(row["quantity"] is not None and row["quantity"] > 0 for row in old_products.values())
    if were_in_stock >= FEWEST_IN_STOCK and not any(product.quantity and product.quantity > 0 for product in products):
        return "evotor_no_stock"
    return None


def _groups_in_use(
    old: Mapping[str, Mapping[str, Any]], groups: Sequence[Group], products: Sequence[Product]
) -> set[str]:
    """Known groups that the list lacks although something stands in them: without them the rules would decide anew."""
    listed = {group.id for group in groups}
    waiting = {group.parent_id for group in groups} | {product.group_id for product in products}
    found: set[str] = set()
    while waiting:
        group_id = waiting.pop()
        if group_id is not None and group_id in old and group_id not in listed | found:
            found.add(group_id)
            waiting.add(old[group_id]["parent_id"])
    return found


def _rows(table: sa.FromClause, key: str, user_id: int, store_id: str) -> dict[str, Mapping[str, Any]]:
    query = sa.select(table).where(table.c.user_id == user_id, table.c.store_id == store_id)
    return {row[key]: dict(row) for row in db.session.execute(query).mappings()}


def _replace(table: Any, key: str, old: Mapping[str, Mapping[str, Any]], new: Sequence[dict[str, Any]]) -> None:
    """Write only what differs: an unchanged catalog costs no write."""
    added = [row for row in new if row[key] not in old]
    changed = [
        {**row, "row_id": old[row[key]]["id"]}
        for row in new
        if row[key] in old and any(old[row[key]][name] != value for name, value in row.items())
    ]
    gone = old.keys() - {row[key] for row in new}
    if added:
        db.session.execute(sa.insert(table), added)
    if changed:
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in changed[0] if name != "row_id"}
        db.session.connection().execute(
            sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(columns), changed
        )
    ids = [old[entity_id]["id"] for entity_id in gone]
    for start in range(0, len(ids), 500):
        db.session.execute(sa.delete(table).where(table.c.id.in_(ids[start : start + 500])))


def _group_row(group: Group) -> dict[str, Any]:
    return {
        "group_id": group.id,
        "parent_id": group.parent_id,
        "name": group.name,
        "is_variant_model": group.is_variant_model,
    }


def _product_row(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.id,
        "group_id": product.group_id,
        "name": product.name,
        "type": product.type,
        "measure": product.measure,
        "allow_to_sell": product.allow_to_sell,
        "price": product.price,
        "quantity": product.quantity,
        "description": product.description,
        "article": product.article,
        "code": product.code,
        "barcodes": list(product.barcodes),
        "is_excisable": product.is_excisable,
        "is_age_limited": product.is_age_limited,
    }


def forget(user_id: int) -> None:
    """Drop the whole copy: it belongs to another Evotor account than the one connected now."""
    models: tuple[type[Base], ...] = (CatalogProduct, CatalogGroup, CatalogStore)
    for model in models:
        db.session.execute(sa.delete(model).where(sa.column("user_id") == user_id))


def close_store(user: User, store_id: str) -> str:
    """The owner says that a store which Evotor no longer lists is closed for good: its products leave the selection.

    Of its copy only the row is left; rules that name it stay. Should Evotor list it again, it opens again. Returns its
    name.

    Raises UnknownEntity and StoreStillListed.
    """
    _lock(user.id)
    store = db.session.scalar(_stores_of(user.id).where(CatalogStore.store_id == store_id))
    if store is None:
        raise UnknownEntity
    if store.state not in (StoreState.MISSING, StoreState.CLOSED):
        raise StoreStillListed
    models: tuple[type[Base], ...] = (CatalogProduct, CatalogGroup)
    for model in models:
        db.session.execute(sa.delete(model).where(sa.column("user_id") == user.id, sa.column("store_id") == store_id))
    store.state, store.error_code = StoreState.CLOSED, None
    db.session.flush()
    return store.name
