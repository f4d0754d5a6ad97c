"""Several stores read at a time: threads ask Evotor, and know no database; all else stays in the thread of the run."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError
from app.domain.catalog.goods import Store
from app.services.catalog.reads.store_reads import StoreRead, read_store

MOST_AT_ONCE = 2
"""Of one token: docs/contracts/evotor.md §8.2. One list more is in memory, that which is being written."""

Asked = tuple[Store, int | None]
"""A store, and since when its changes are enough."""
Heard = tuple[Store, StoreRead | EvotorError]


def read_stores(client: EvotorClient, asked: Iterator[Asked], on_page: Callable[[], None]) -> Generator[Heard]:
    """In the order in which they are asked for; whoever stops early closes this, and no call is at work any more.

    The next of `asked` is taken when its turn has come. `on_page` is called here after every page of whichever store.
    """
    first, second = next(asked, None), next(asked, None)
    if first is not None and second is None:
        yield first[0], _heard(client, first, on_page)
    elif first is not None and second is not None:
        yield from _Readers(client, on_page).read(_chained(first, second, asked))


def _chained(first: Asked, second: Asked, rest: Iterator[Asked]) -> Iterator[Asked]:
    yield first
    yield second
    yield from rest


def _heard(client: EvotorClient, asked: Asked, on_page: Callable[[], None]) -> StoreRead | EvotorError:
    store, since = asked
    try:
        return read_store(client, store.id, since, on_page)
    except EvotorError as error:
        return error


class _Abandoned(Exception):
    """Nobody waits for the rest of this list."""


class _Readers:
    def __init__(self, client: EvotorClient, on_page: Callable[[], None]) -> None:
        self._client, self._on_page = client, on_page
        self._news: SimpleQueue[bool] = SimpleQueue()
        """True for a page, False for a store that came to its end."""
        self._is_abandoned = Event()

    def read(self, asked: Iterator[Asked]) -> Generator[Heard]:
        pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="evotor")
        reading: deque[tuple[Store, Future[StoreRead | EvotorError]]] = deque()
        try:
            self._begin_more(pool, reading, asked)
            while reading:
                store, answer = reading.popleft()
                self._await(answer)
                yield store, answer.result()
                self._begin_more(pool, reading, asked)
        finally:
            self._is_abandoned.set()
            pool.shutdown(cancel_futures=True)

    def _begin_more(
        self,
        pool: ThreadPoolExecutor,
        reading: deque[tuple[Store, Future[StoreRead | EvotorError]]],
        asked: Iterator[Asked],
    ) -> None:
        """One after the other as soon as the quota runs low."""
        while len(reading) < (1 if self._client.is_slowed else MOST_AT_ONCE) and (one := next(asked, None)) is not None:
            answer = pool.submit(_heard, self._client, one, self._note_page)
            answer.add_done_callback(self._note_end)
            reading.append((one[0], answer))

    def _note_page(self) -> None:
        """In a reader's thread."""
        if self._is_abandoned.is_set():
            raise _Abandoned
        self._news.put(True)

    def _note_end(self, _answer: object) -> None:
        self._news.put(False)

    def _await(self, answer: Future[StoreRead | EvotorError]) -> None:
        """Every page is told, also those of a list that ended before anybody looked."""
        while not answer.done() or not self._news.empty():
            if self._news.get():
                self._on_page()
