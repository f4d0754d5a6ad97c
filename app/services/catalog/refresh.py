"""Pull the catalog: stores, then groups and products of each, read without a transaction and stored in a short one."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Store
from app.logs import get_logger
from app.models import CatalogStore, ConnectionState, EvotorConnection, StoreState, User
from app.services import locks
from app.services.catalog import copy, other_account
from app.services.catalog.reads import since
from app.services.catalog.reads.side_by_side import read_stores
from app.services.catalog.reads.store_reads import StoreRead, read_rest
from app.services.catalog.stores import forget_hints, stores_of
from app.services.catalog.verdicts import stored
from app.services.errors import ServiceError, UnknownEntity
from app.services.owner import rule_entities
from app.services.vendors.clients import evotor_client, is_out_of_time
from app.services.vendors.connection_use import CONNECTION_CHANGED, EvotorUse, evotor_use
from app.services.vendors.faults import evotor_code, evotor_state

log = get_logger()

UNPAID_PAUSE = timedelta(hours=2)
LONGEST_REST = timedelta(days=1)
"""A rest that would end later is from a clock that was wrong."""

_STATES = {
    EvotorFault.PAYMENT_REQUIRED: StoreState.PAYMENT_REQUIRED,
    EvotorFault.FORBIDDEN: StoreState.FORBIDDEN,
    EvotorFault.NOT_FOUND: StoreState.MISSING,
}


class CatalogUnavailable(ServiceError):
    """Evotor did not answer; the old copy stands.

    `retry_after`: seconds to leave Evotor alone, where it says so. `state`: what that means for the connection.
    """

    def __init__(
        self, code: str, retry_after: float | None = None, state: ConnectionState = ConnectionState.UNAVAILABLE
    ) -> None:
        super().__init__(code)
        self.retry_after = retry_after
        self.state = state


@dataclass(slots=True)
class RefreshReport:
    read: list[str] = field(default_factory=list)
    """Ids of the stores that are listed and came whole."""
    products: int = 0
    unreadable: int = 0
    """Products of these stores that Evotor sent in a form we cannot trust; their old copy was kept."""
    failed: list[str] = field(default_factory=list)
    """Names of the stores whose old copy was kept."""
    waiting: list[str] = field(default_factory=list)
    """Names of the stores for which the reader's time did not suffice: the next pass reads them."""

    @property
    def stores_read(self) -> int:
        return len(self.read)


def _nothing(*_: object) -> None:
    """The hook of a caller that does not want one."""


def refresh(
    user: User,
    on_page: Callable[[], None] = _nothing,
    on_store: Callable[[Store], None] = _nothing,
    *,
    is_patient: bool = False,
    whole: Collection[str] | None = None,
) -> RefreshReport:
    """Copy everything that Evotor lets us read; a store that fails keeps its last good copy.

    Commits. `on_page` is called after every page read, `on_store` before each store is read; `is_patient` leaves stores
    alone that are to be left alone. `whole`: ids of stores that are read whole in any case, while of the others Evotor
    is asked what changed, where that is enough; None = all.
    Raises CatalogUnavailable with the vendor's code, or with CONNECTION_CHANGED: what an old token reads is of no use.
    """
    use = _evotor_use(user)
    resting = _resting(user.id) if is_patient else frozenset()
    asked_since = {} if whole is None else since.since_by_store(user.id, apart_from=whole)
    began = utcnow()
    db.session.commit()  # no transaction is open while Evotor answers
    report = RefreshReport()
    try:
        with evotor_client(use.token) as client:
            stores = client.stores(on_page=on_page)
            _store_stores(user, use, stores)
            turns = _turns(_longest_unread_first(use.user_id, stores), resting, report, on_store)
            asked = ((store, asked_since.get(store.id)) for store in turns)
            store_refresh = _StoreRefresh(use, client, report, on_page)
            with closing(read_stores(client, asked, on_page)) as heard:
                for store, read in heard:
                    store_refresh.keep(store, read)
    except EvotorError as error:
        db.session.rollback()
        code = _hold(use).note(evotor_state(error), evotor_code(error), utcnow()) or evotor_code(error)
        db.session.commit()
        raise CatalogUnavailable(code, error.retry_after, evotor_state(error)) from error
    connection = _hold(use)
    connection.note(ConnectionState.OK, None, utcnow())
    connection.refresh_due_at = None
    forget_hints(use.user_id, report.read, began)
    rule_entities.refresh_names(user)
    stored.ensure_current(user)
    db.session.commit()
    return report


def _turns(
    stores: Sequence[Store], resting: Collection[str], report: RefreshReport, on_store: Callable[[Store], None]
) -> Iterator[Store]:
    """Each as its turn comes."""
    for store in stores:
        if is_out_of_time():
            report.waiting.append(store.name)
        elif store.id not in resting:
            on_store(store)
            yield store


def _evotor_use(user: User) -> EvotorUse:
    if (use := evotor_use(user)) is None:
        raise CatalogUnavailable("evotor_missing", state=ConnectionState.DISCONNECTED)
    return use


def _hold(use: EvotorUse) -> EvotorConnection:
    """Nobody else writes the copy until the transaction ends. Raises CatalogUnavailable."""
    locks.lock(use.user_id)
    connection = use.current()
    if connection is None:
        db.session.rollback()
        raise CatalogUnavailable(CONNECTION_CHANGED)
    return connection


def _longest_unread_first(user_id: int, stores: Sequence[Store]) -> list[Store]:
    """So that refreshes that are cut short get round to all."""
    read_at = {row.store_id: row.fetched_at or datetime.min for row in db.session.scalars(stores_of(user_id))}
    db.session.commit()
    return sorted(stores, key=lambda store: read_at.get(store.id, datetime.min))


def _resting(user_id: int) -> frozenset[str]:
    now = utcnow()
    query = sa.select(CatalogStore.store_id).where(
        CatalogStore.user_id == user_id,
        CatalogStore.retry_after > now,
        CatalogStore.retry_after <= now + LONGEST_REST,
    )
    return frozenset(db.session.scalars(query))


def refresh_trusted(user: User, store_id: str) -> None:
    """Read one store and believe whatever the lists say: the owner knows that it is so.

    Commits. Raises UnknownEntity, and CatalogUnavailable where the lists do not come whole.
    """
    store = db.session.scalar(stores_of(user.id).where(CatalogStore.store_id == store_id))
    if store is None:
        raise UnknownEntity
    use = _evotor_use(user)
    db.session.commit()
    try:
        with evotor_client(use.token) as client:
            groups, products = client.groups(store_id), client.products(store_id)
    except EvotorError as error:
        raise CatalogUnavailable(evotor_code(error)) from error
    _hold(use)
    copy.replace_goods(use.user_id, store_id, groups, products, is_believed=True)


@dataclass(frozen=True, slots=True)
class _StoreRefresh:
    """What was read of a store becomes our copy of it."""

    use: EvotorUse
    client: EvotorClient
    report: RefreshReport
    on_page: Callable[[], None]

    def keep(self, store: Store, read: StoreRead | EvotorError) -> None:
        """Raises EvotorError only where the token itself is refused."""
        if isinstance(read, StoreRead) and not read.is_whole:
            if self._update(store, read):
                return
            read = self._read_rest(store, read)
        if isinstance(read, StoreRead):
            self._replace(store, read)
        elif read.token_rejected:
            raise read
        else:
            self._keep_old(store, read)

    def _read_rest(self, store: Store, read: StoreRead) -> StoreRead | EvotorError:
        try:
            return read_rest(self.client, store.id, read, self.on_page)
        except EvotorError as error:
            return error

    def _update(self, store: Store, read: StoreRead) -> bool:
        """False where knowing what changed is not enough."""
        if not since.is_enough(read.products):
            return False
        _hold(self.use)
        return copy.update_goods(self.use.user_id, store.id, read.groups, read.products)

    def _keep_old(self, store: Store, error: EvotorError) -> None:
        if is_out_of_time():
            self.report.waiting.append(store.name)
            return
        user_id, code = self.use.user_id, evotor_code(error)
        state = _STATES.get(error.kind, StoreState.UNAVAILABLE)
        _hold(self.use)
        copy.mark_store(user_id, store.id, state, code, retry_after=_rest_after(error))
        self.report.failed.append(store.name)
        log.warning("store_not_read", user_id=user_id, store_id=store.id, error=code)

    def _replace(self, store: Store, read: StoreRead) -> None:
        user_id, products, report = self.use.user_id, read.products, self.report
        _hold(self.use)
        if copy.replace_goods(user_id, store.id, read.groups, products):
            report.read.append(store.id)
            report.products += len(products.products)
            report.unreadable += len(products.unreadable)
            if products.unreadable:
                log.warning("products_not_read", user_id=user_id, store_id=store.id, count=len(products.unreadable))
        else:
            report.failed.append(store.name)
            log.warning("store_read_suspicious", user_id=user_id, store_id=store.id)


def _rest_after(error: EvotorError) -> timedelta | None:
    """How long runs leave the store alone (docs/contracts/evotor.md §8.1)."""
    if error.kind is EvotorFault.PAYMENT_REQUIRED:
        return UNPAID_PAUSE
    return timedelta(seconds=error.retry_after) if error.retry_after else None


def _store_stores(user: User, use: EvotorUse, stores: Sequence[Store]) -> None:
    """New stores are added, known ones renamed; one that Evotor no longer lists is kept and marked."""
    connection = _hold(use)
    if connection.is_unchecked:
        if other_account.is_other_account(connection, stores):
            other_account.begin_anew(user)
        connection.evotor_user_id = other_account.owner_of(stores) or connection.evotor_user_id
    known = {row.store_id: row for row in db.session.scalars(stores_of(use.user_id))}
    for store in stores:
        row = known.pop(store.id, None)
        if row is None:
            row = CatalogStore(user_id=use.user_id, store_id=store.id, state=StoreState.UNAVAILABLE)
            db.session.add(row)
        elif row.state == StoreState.CLOSED:  # not for good, after all
            row.state, row.error_code = StoreState.UNAVAILABLE, None
        row.name, row.address = store.name or row.name or store.id, store.address
    for row in known.values():
        if row.state != StoreState.CLOSED:
            row.state, row.error_code = StoreState.MISSING, "evotor_not_found"
    db.session.commit()
