"""Long lists in pages; any number is answered with the nearest page that exists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return pages_of(self.total, self.size)

    @property
    def first(self) -> int:
        """Place of the first item in the whole list, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1

    @property
    def around(self) -> list[int | None]:
        """Numbers to offer; None stands for a gap."""
        near = {1, self.pages, *range(self.number - 1, self.number + 2)}
        offered: list[int | None] = []
        for number in sorted(near & set(range(1, self.pages + 1))):
            if offered and offered[-1] is not None and number - offered[-1] > 1:
                offered.append(None)
            offered.append(number)
        return offered


def pages_of(total: int, size: int) -> int:
    return max(1, -(-total // size))


def page_of(items: Sequence[T], number: int, size: int) -> Page[T]:
    """The page of a list that is in memory whole."""
    number = min(max(number, 1), pages_of(len(items), size))
    return Page(items[(number - 1) * size : number * size], number, size, len(items))


def fetch_page(fetch: Callable[[int, int], tuple[int, Sequence[T]]], number: int, size: int) -> Page[T]:
    """The page of a list that `fetch(offset, limit)` reads; it also tells the total."""
    total, items = fetch((number - 1) * size, size)
    last = pages_of(total, size)
    if number > last:
        number = last
        total, items = fetch((number - 1) * size, size)
    return Page(items, number, size, total)
