"""What was read of a store becomes our copy of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Store
from app.logs import get_logger
from app.models import CatalogStore, StoreState
from app.services.catalog import copy
from app.services.catalog.reads import since
from app.services.catalog.reads.heard import heard, heard_of_groups
from app.services.catalog.reads.store_reads import StoreRead, read_rest
from app.services.vendors.clients import is_out_of_time
from app.services.vendors.faults import evotor_code

log = get_logger()

UNPAID_PAUSE = timedelta(hours=2)
_STATES = {
    EvotorFault.PAYMENT_REQUIRED: StoreState.PAYMENT_REQUIRED,
    EvotorFault.FORBIDDEN: StoreState.FORBIDDEN,
    EvotorFault.NOT_FOUND: StoreState.MISSING,
}


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


@dataclass(slots=True)
class StoreRefresh:
    """What was read of a store becomes our copy of it."""

    user_id: int
    hold: Callable[[], object]
    """Nobody else writes the copy until the transaction ends."""
    client: EvotorClient
    known: Mapping[str, CatalogStore]
    report: RefreshReport
    on_page: Callable[[], None]
    has_written: bool = False
    _heard_again: list[tuple[CatalogStore, StoreRead]] = field(default_factory=list)

    def keep(self, store: Store, read: StoreRead | EvotorError) -> None:
        """Raises EvotorError only where the token itself is refused."""
        if isinstance(read, StoreRead) and _is_as_heard(self.known.get(store.id), read):
            self._heard_again.append((self.known[store.id], read))
            self._report_whole(store, read)
            return
        self.has_written = True
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

    def note_heard_again(self, began: datetime) -> None:
        """Of stores whose copy stands as it is, unless somebody else made another one meanwhile. Flushes."""
        now = utcnow()
        rows = [
            {"row_id": row.id, "row_heard": row.heard, "row_heard_at": row.heard_at, "fetched_at": now}
            | ({"read_whole_at": now, "since": since.since_of(read.products)} if read.is_whole else {})
            for row, read in self._heard_again
        ]
        for is_whole in (True, False):
            if some := [row for row in rows if ("since" in row) is is_whole]:
                db.session.execute(_heard_again(began) if is_whole else _HEARD_AGAIN, some)

    def _read_rest(self, store: Store, read: StoreRead) -> StoreRead | EvotorError:
        try:
            return read_rest(self.client, store.id, read, self.on_page)
        except EvotorError as error:
            return error

    def _update(self, store: Store, read: StoreRead) -> bool:
        """False where knowing what changed is not enough."""
        if not since.is_enough(read.products):
            return False
        self.hold()
        return copy.update_goods(self.user_id, store.id, read.groups, read.products)

    def _keep_old(self, store: Store, error: EvotorError) -> None:
        if is_out_of_time():
            self.report.waiting.append(store.name)
            return
        user_id, code = self.user_id, evotor_code(error)
        state = _STATES.get(error.kind, StoreState.UNAVAILABLE)
        self.hold()
        copy.mark_store(user_id, store.id, state, code, retry_after=_rest_after(error))
        self.report.failed.append(store.name)
        log.warning("store_not_read", user_id=user_id, store_id=store.id, error=code)

    def _replace(self, store: Store, read: StoreRead) -> None:
        user_id, products, report = self.user_id, read.products, self.report
        self.hold()
        if copy.replace_goods(user_id, store.id, read.groups, products):
            self._report_whole(store, read)
            if products.unreadable:
                log.warning("products_not_read", user_id=user_id, store_id=store.id, count=len(products.unreadable))
        else:
            report.failed.append(store.name)
            log.warning("store_read_suspicious", user_id=user_id, store_id=store.id)

    def _report_whole(self, store: Store, read: StoreRead) -> None:
        if read.is_whole:
            self.report.read.append(store.id)
            self.report.products += len(read.products.products)
            self.report.unreadable += len(read.products.unreadable)


def _is_as_heard(row: CatalogStore | None, read: StoreRead) -> bool:
    """The copy was made of the very same lists, or nothing changed since it was."""
    if row is None or row.state != StoreState.OK or row.heard is None or row.heard_at != row.fetched_at:
        return False
    if read.is_whole:
        return row.heard == heard(read.groups, read.products)
    has_news = bool(read.products.products or read.products.unreadable or read.groups.unread)
    return not has_news and row.since is not None and row.heard.startswith(heard_of_groups(read.groups))


_STORES: Any = CatalogStore.__table__
_HEARD_AGAIN = (
    sa.update(_STORES)
    .where(_STORES.c.id == sa.bindparam("row_id"), _STORES.c.heard == sa.bindparam("row_heard"))
    .where(_STORES.c.state == StoreState.OK, _STORES.c.fetched_at == sa.bindparam("row_heard_at"))
    .values(fetched_at=sa.bindparam("fetched_at"), heard_at=sa.bindparam("fetched_at"))
)


def _heard_again(began: datetime) -> sa.Update:
    """Whole, so that what was hinted before is in it."""
    hinted = sa.case((_STORES.c.hinted_at > began, _STORES.c.hinted_at))
    moments: dict[str, Any] = {name: sa.bindparam(name) for name in ("read_whole_at", "since")}
    return _HEARD_AGAIN.values(hinted_at=hinted, **moments)


def _rest_after(error: EvotorError) -> timedelta | None:
    """How long runs leave the store alone (docs/contracts/evotor.md §8.1)."""
    if error.kind is EvotorFault.PAYMENT_REQUIRED:
        return UNPAID_PAUSE
    return timedelta(seconds=error.retry_after) if error.retry_after else None
