"""VK's categories as an owner looks for one: docs/contracts/vk.md §7."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.texts import search


@dataclass(frozen=True, slots=True)
class Category:
    """One that may be an item's: a leaf of VK's tree."""

    id: int
    path: tuple[str, ...]
    """Names from the root down to its own."""

    @property
    def title(self) -> str:
        return " › ".join(self.path)


def search_categories(categories: Iterable[Category], q: str) -> list[Category]:
    """Those in whose path every word of the question stands."""
    reads = search.matcher(q)
    return [category for category in categories if reads(category.title)]


def similar_categories(categories: Iterable[Category], name: str, most: int = 5) -> list[Category]:
    """Those whose names share words with the name of a group, the likest first."""
    words = _words(name)
    likeness = [(_likeness(words, category), category) for category in categories]
    best = sorted((pair for pair in likeness if pair[0] > 0), key=lambda pair: -pair[0])
    return [category for _, category in best[:most]]


def _likeness(words: Sequence[str], category: Category) -> float:
    """The own name says more than those above it."""
    own = sum(_best_match(word, _words(category.path[-1])) for word in words)
    above = sum(_best_match(word, _words(" ".join(category.path[:-1]))) for word in words)
    return own + above / 3


def _best_match(word: str, others: Iterable[str]) -> float:
    return max((_match(word, other) for other in others), default=0.0)


FEWEST_LETTERS = 4


def _match(one: str, other: str) -> float:
    """1 for the same word, less for another form of it («напитки», «напиток»), 0 for another word."""
    if one == other:
        return 1.0
    shorter = min(len(one), len(other))
    begin = next((place for place, letters in enumerate(zip(one, other, strict=False)) if len({*letters}) > 1), shorter)
    likeness = begin / max(len(one), len(other))
    return likeness if begin >= FEWEST_LETTERS and likeness >= 0.5 else 0.0


def _words(text: str) -> list[str]:
    """Without the little ones: «и», «для», «на»."""
    return [word for word in re.findall(r"\w+", search.folded(text)) if len(word) > 2 and word not in _LITTLE]


_LITTLE = frozenset({"для", "без", "при", "под", "над", "или", "товары", "товар", "прочее", "другое", "разное"})
