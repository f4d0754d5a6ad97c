"""Pull the catalog: stores, then groups and products of each, read without a transaction and stored in a short one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

from app.clients.evotor.errors import EvotorError
from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Store
from app.models import CatalogStore, ConnectionState, EvotorConnection, User
from app.services import locks
from app.services.catalog import copy
from app.services.catalog.reads import since
from app.services.catalog.reads.side_by_side import read_stores
from app.services.catalog.store_refresh import RefreshReport, StoreRefresh
from app.services.catalog.stores import forget_hints, known_rows, stand_as_listed, store_stores, stores_of
from app.services.catalog.verdicts import stored
from app.services.errors import ServiceError, UnknownEntity
from app.services.vendors.clients import evotor_client, is_out_of_time
from app.services.vendors.connection_use import CONNECTION_CHANGED, EvotorUse, evotor_use
from app.services.vendors.faults import evotor_code, evotor_state

LONGEST_REST = timedelta(days=1)
"""A rest that would end later is from a clock that was wrong."""


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
    known = known_rows(user.id)
    resting = _resting(known.values()) if is_patient else frozenset()
    asked_since = {} if whole is None else since.since_by_store(user.id, known.values(), apart_from=whole)
    began = utcnow()
    db.session.commit()  # no transaction is open while Evotor answers
    report = RefreshReport()
    try:
        with evotor_client(use.token) as client:
            stores = client.stores(on_page=on_page)
            is_listed_anew = not stand_as_listed(user, known, stores)
            if is_listed_anew:
                known = store_stores(user, _hold(use), stores)
                db.session.commit()
            turns = _turns(_longest_unread_first(known, stores), resting, report, on_store)
            asked = ((store, asked_since.get(store.id)) for store in turns)
            store_refresh = StoreRefresh(use.user_id, partial(_hold, use), client, known, report, on_page)
            with closing(read_stores(client, asked, on_page)) as read_one_by_one:
                for store, read in read_one_by_one:
                    store_refresh.keep(store, read)
    except EvotorError as error:
        db.session.rollback()
        code = _hold(use).note(evotor_state(error), evotor_code(error), utcnow()) or evotor_code(error)
        db.session.commit()
        raise CatalogUnavailable(code, error.retry_after, evotor_state(error)) from error
    connection = _hold(use)
    connection.note(ConnectionState.OK, None, utcnow())
    connection.refresh_due_at = None
    store_refresh.note_heard_again(began)
    if is_listed_anew or store_refresh.has_written:
        forget_hints(use.user_id, report.read, began)
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


def _longest_unread_first(known: Mapping[str, CatalogStore], stores: Sequence[Store]) -> list[Store]:
    """So that refreshes that are cut short get round to all."""
    read_at = {store_id: row.fetched_at or datetime.min for store_id, row in known.items()}
    return sorted(stores, key=lambda store: read_at.get(store.id, datetime.min))


def _resting(known: Iterable[CatalogStore]) -> frozenset[str]:
    now = utcnow()
    return frozenset(
        row.store_id for row in known if row.retry_after is not None and now < row.retry_after <= now + LONGEST_REST
    )


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
