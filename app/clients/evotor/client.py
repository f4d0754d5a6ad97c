"""Evotor's cloud, read only: docs/contracts/evotor.md."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Self, TypeVar
from urllib.parse import quote

import msgspec

from app import clock
from app.clients.answers import ForeignCharset, MalformedAnswer, is_json
from app.clients.budget import Budget
from app.clients.evotor import quota
from app.clients.evotor.answers import AnswerPage, GroupList, parse_groups, parse_page, parse_stores
from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clients.evotor.products import ProductList, parse_products
from app.clients.evotor.since import MOST_CHANGES, answered_at, since_after
from app.clients.evotor.values import usable_id
from app.clients.http import Response, Transport, TransportError
from app.clients.line import Line
from app.clients.pacing import Pacer, Shared
from app.domain.catalog.goods import Store

__all__ = ["EvotorClient", "GroupList", "ProductList"]

S = TypeVar("S")
T = TypeVar("T")

BACK_OFF = (1.0, 2.0, 4.0, 8.0)
LONGEST_QUOTA_WAIT = 30.0
UNNAMED_QUOTA_WAIT = 10.0
MOST_PAGES = 10_000
LARGEST_LIST = 64 * 1024 * 1024
"""Bytes of all pages together: a hundred thousand products."""
LONGEST_LIST_SECONDS = 600.0
_ACCEPT = "application/vnd.evotor.v2+json"
_ACCEPTED_TOKEN = frozenset({200, 402, 403, 404, 429})
_REPEATED = frozenset({EvotorFault.UNREACHABLE, EvotorFault.SERVER_ERROR, EvotorFault.MALFORMED})
_FAULTS = {
    401: EvotorFault.UNAUTHORIZED,
    402: EvotorFault.PAYMENT_REQUIRED,
    403: EvotorFault.FORBIDDEN,
    404: EvotorFault.NOT_FOUND,
    408: EvotorFault.UNREACHABLE,
    429: EvotorFault.RATE_LIMITED,
}


def _nothing() -> None:
    """The hook of a caller that does not want one."""


class EvotorClient:
    """One token; threads may share it, and its pace. Every method may raise EvotorError.

    `on_page` is called after each page read, so that a long read can renew its lease. With a `budget` every call is
    tried once. Whoever makes a client closes it, best by `with`.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        per_second: float = 5,
        budget: Budget | None = None,
        shared_pace: Shared | None = None,
        line: Line | None = None,
    ) -> None:
        self._transport = Transport(base_url, budget=budget, line=line)
        self._budget = budget
        self._pacer = Pacer(per_second, shared_pace)
        self._token = token.strip()
        self._old_header = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    @property
    def is_slowed(self) -> bool:
        """Evotor said that little is left of the quota."""
        return self._pacer.is_slowed

    def stores(self, on_page: Callable[[], None] = _nothing) -> list[Store]:
        """GET /stores, §4."""
        return _parsed(parse_stores, _items(self._list("/stores", on_page)))

    def groups(self, store_id: str, on_page: Callable[[], None] = _nothing) -> GroupList:
        """GET /stores/{id}/product-groups, §5."""
        return _parsed(parse_groups, _items(self._list(f"/stores/{_segment(store_id)}/product-groups", on_page)))

    def products(self, store_id: str, on_page: Callable[[], None] = _nothing) -> ProductList:
        """GET /stores/{id}/products, §6: modifications are among them, groups are not."""
        pages = self._list(f"/stores/{_segment(store_id)}/products", on_page)
        items = _items(pages)
        return replace(_parsed(parse_products, items), since=since_after(items, pages[0].answered_at))

    def changed_products(self, store_id: str, since: int, on_page: Callable[[], None] = _nothing) -> ProductList:
        """GET /stores/{id}/products?since=, §3.1: what was made or changed, never what is gone.

        `since`: as an earlier list of this store has it. An answer with too many is refused as MALFORMED.
        """
        path = f"/stores/{_segment(store_id)}/products"
        return _parsed(parse_products, _items(self._list(path, on_page, since=since, most=MOST_CHANGES)))

    def product_exists(self, store_id: str, product_id: str) -> bool:
        """GET /stores/{id}/products/{id}, §9: a single 404 is the only proof of a deletion."""
        try:
            self._get(f"/stores/{_segment(store_id)}/products/{_segment(product_id)}")
        except EvotorError as error:
            if error.kind is EvotorFault.NOT_FOUND:
                return False
            raise
        return True

    def _list(
        self, path: str, on_page: Callable[[], None], *, since: int | None = None, most: float = math.inf
    ) -> list[AnswerPage]:
        """All pages, with at most so many items; begun anew once if Evotor forgets a cursor half way."""
        first = {} if since is None else {"since": str(since)}
        try:
            return list(self._pages(path, on_page, first, most))
        except _LostCursorError:
            pass
        try:
            return list(self._pages(path, on_page, first, most))
        except _LostCursorError as error:
            # The first page was there, so this is not the 404 of a removed store.
            raise EvotorError(EvotorFault.MALFORMED, status=error.status) from None

    def _pages(
        self, path: str, on_page: Callable[[], None], first: Mapping[str, str], most: float
    ) -> Iterator[AnswerPage]:
        """`first`: what the first page is asked for, and the first page alone."""
        cursor: str | None = None
        seen: set[str] = set()
        size, items, ends = 0, 0, clock.monotonic() + LONGEST_LIST_SECONDS
        for _ in range(MOST_PAGES):
            if clock.monotonic() > ends:
                raise EvotorError(EvotorFault.UNREACHABLE)
            page = self._page(path, first if cursor is None else {"cursor": cursor})
            on_page()
            size, items = size + page.size, items + len(page.items)
            if size > LARGEST_LIST or items > most:
                break
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        raise EvotorError(EvotorFault.MALFORMED, status=200)

    def _page(self, path: str, params: Mapping[str, str]) -> AnswerPage:
        try:
            answer = self._get(path, params)
        except EvotorError as error:
            if "cursor" in params and error.status in {400, 404}:
                raise _LostCursorError(error.status) from None
            raise
        return replace(_parsed(parse_page, answer.body), answered_at=answered_at(answer.headers.get("Date", "")))

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Response:
        """A 200 answer with a JSON body, after as many repeats as §8 allows."""
        pauses = iter(BACK_OFF)
        patience = LONGEST_QUOTA_WAIT
        while True:
            try:
                return self._checked(self._authorized(path, params or {}))
            except EvotorError as error:
                pause = self._pause(error, pauses, patience)
                if pause is None:
                    raise
                is_quota = error.kind is EvotorFault.RATE_LIMITED
            if is_quota:
                patience -= pause
                self._pacer.hold(pause)  # for all who call with this token
            else:
                clock.sleep(pause)

    def _pause(self, error: EvotorError, pauses: Iterator[float], patience: float) -> float | None:
        """Seconds before the next try, None to give up."""
        if self._budget:
            return None
        if error.kind is EvotorFault.RATE_LIMITED:
            pause = max(1.0, error.retry_after or 0.0)
            return pause if pause <= patience else None
        if error.kind not in _REPEATED:
            return None
        back_off = next(pauses, None)
        return None if back_off is None else back_off + clock.jitter()

    def _authorized(self, path: str, params: Mapping[str, str]) -> Response:
        """§1.2: some tokens are taken only in the older header; what worked is remembered."""
        answer = self._send(path, params, old_header=self._old_header)
        if answer.status != 401 or self._old_header:
            return answer
        second = self._send(path, params, old_header=True)
        self._old_header = second.status in _ACCEPTED_TOKEN
        return second if self._old_header else answer

    def _send(self, path: str, params: Mapping[str, str], *, old_header: bool) -> Response:
        if not (self._token.isascii() and self._token.isprintable() and self._token):
            raise EvotorError(EvotorFault.UNAUTHORIZED)
        credentials = {"X-Authorization": self._token} if old_header else {"Authorization": f"Bearer {self._token}"}
        try:
            with self._pacer.turn():
                answer = self._transport.send("GET", path, params=params, headers={"Accept": _ACCEPT, **credentials})
        except TransportError:
            raise EvotorError(EvotorFault.UNREACHABLE) from None
        if quota.runs_low(answer.headers):
            self._pacer.slow_down(quota.reset(answer.headers, clock.epoch()) or 60.0)
        return answer

    def _checked(self, answer: Response) -> Response:
        if answer.status == 200:
            body = _parsed(Response.utf8, answer)
            if not is_json(body):
                raise EvotorError(EvotorFault.MALFORMED, status=200)
            return replace(answer, body=body)
        wait = self._quota_wait(answer) if answer.status == 429 else None
        raise EvotorError(_fault(answer.status), status=answer.status, retry_after=wait)

    def _quota_wait(self, answer: Response) -> float:
        wait = quota.retry_after(answer.headers, clock.epoch())
        return UNNAMED_QUOTA_WAIT if wait is None else wait


class _LostCursorError(Exception):
    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


def _items(pages: Sequence[AnswerPage]) -> list[msgspec.Raw]:
    return [item for page in pages for item in page.items]


def _parsed(parse: Callable[[S], T], source: S) -> T:
    try:
        return parse(source)
    except ForeignCharset:
        raise EvotorError(EvotorFault.CHARSET, status=200) from None
    except MalformedAnswer:
        raise EvotorError(EvotorFault.MALFORMED, status=200) from None


def _fault(status: int) -> EvotorFault:
    if status >= 500:
        return EvotorFault.SERVER_ERROR
    if status >= 400:
        return _FAULTS.get(status, EvotorFault.BAD_REQUEST)
    return EvotorFault.MALFORMED


def _segment(text: str) -> str:
    """An id as one path segment. Raises EvotorError for one that would name another path."""
    return quote(_parsed(usable_id, text), safe="")
