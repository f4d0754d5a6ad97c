"""Whole lists of VK's, many pages in one request where VK takes batches: docs/contracts/vk.md §4.6."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app import clock
from app.clients.answers import MalformedAnswer, decode
from app.clients.vk import answers
from app.clients.vk.batches import Batches
from app.clients.vk.calls import Value, VkCaller
from app.clients.vk.failures import Failure, no_answer

MOST_PAGES = 1000
LONGEST_LIST_SECONDS = 600.0

AnsweredPage = tuple[int, list[Any]]
"""How long the list is, and what stands on this page."""


@dataclass(frozen=True, slots=True)
class Page:
    offset: int
    count: int


class WantedPages:
    """What of a list is still to be asked for.

    The first page tells how long the list is. A page may be short though the list goes on, since something was
    filtered out or VK gives less than it was asked for: then its rest is asked for by itself. An empty page is the end.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._begin, self._end = 0, 1
        self._ended = False
        self._rests: list[Page] = []

    def first(self, most: int) -> list[Page]:
        rests = self._rests[:most]
        fresh = range(self._begin, self._end, self._size)[: most - len(rests)]
        return [*rests, *(Page(offset, self._size) for offset in fresh)]

    def note(self, page: Page, total: int, found: int) -> None:
        """One of those that `first` named was answered: what VK says of the list's length, and what the page held."""
        if page in self._rests:
            self._rests.remove(page)
        else:
            self._begin = page.offset + self._size
            self._ended = self._ended or not found
        self._end = self._begin if self._ended else total
        rest = Page(page.offset + found, page.count - found)
        if 0 < found < page.count and rest.offset < total:
            self._rests.append(rest)


class ListReader:
    def __init__(self, vk: VkCaller, batches: Batches) -> None:
        self._vk, self._batches = vk, batches

    def read(
        self, method: str, params: Mapping[str, Value], page_size: int, on_answer: Callable[[], None]
    ) -> list[Any]:
        """The elements of all pages as they came; those that moved meanwhile may be there twice. Raises VkError."""
        return [element for page in self.pages(method, params, page_size, on_answer) for element in page]

    def pages(
        self, method: str, params: Mapping[str, Value], page_size: int, on_answer: Callable[[], None]
    ) -> Iterator[list[Any]]:
        """The same page by page, so that nobody need hold a long list as it came. Raises VkError on the way."""
        wanted, read = WantedPages(page_size), 0
        ends = clock.monotonic() + LONGEST_LIST_SECONDS

        def single(asked: Mapping[str, Value]) -> AnsweredPage:
            if clock.monotonic() > ends:
                raise no_answer(status=200)
            page = self._vk.read(method, asked, answers.page)
            on_answer()
            return page

        def batch(asked: list[dict[str, Value]]) -> Iterator[AnsweredPage]:
            """Nothing where VK does not take it so."""
            outcomes = self._batches.ask(method, asked)
            on_answer()
            return self._pages(asked, outcomes or [], single)

        while pages := wanted.first(self._batches.room):
            if clock.monotonic() > ends or read + len(pages) > MOST_PAGES:
                raise no_answer(status=200)
            asked = [{**params, "offset": page.offset, "count": page.count} for page in pages]
            answered = iter([single(asked[0])]) if len(asked) == 1 else batch(asked)
            for page, (total, elements) in zip(pages, answered, strict=False):
                read += 1
                wanted.note(page, total, len(elements))
                yield elements

    def _pages(
        self,
        asked: Sequence[Mapping[str, Value]],
        outcomes: Sequence[msgspec.Raw | Failure],
        single: Callable[[Mapping[str, Value]], AnsweredPage],
    ) -> Iterator[AnsweredPage]:
        """Each read when its turn comes, up to one that is no page. Raises VkError for what ends a single call."""
        try:
            for params, outcome in zip(asked, outcomes, strict=False):
                yield self._page(params, outcome, single)
        except MalformedAnswer:
            self._batches.give_up()

    def _page(
        self,
        asked: Mapping[str, Value],
        outcome: msgspec.Raw | Failure,
        single: Callable[[Mapping[str, Value]], AnsweredPage],
    ) -> AnsweredPage:
        if not isinstance(outcome, Failure):
            return answers.page(decode(outcome, object))
        if self._batches.goes_alone(outcome):
            return single(asked)
        raise self._vk.error(outcome)
