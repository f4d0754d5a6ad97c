"""Products that would look alike: variants of a model by their choices, others by what the register tells them by."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from app.domain.catalog.goods import GroupTree, Product
from app.domain.texts.cleaning import clean_line
from app.domain.texts.search import folded
from app.domain.vk_limits import NAME_MAX

K = TypeVar("K")

LONGEST_ADDITION = 70
"""So much of a name choices and signs may take: what it is stays readable."""


class Choice(NamedTuple):
    attribute: str
    name: str


def choices_of(product: Product, tree: GroupTree) -> tuple[Choice, ...]:
    """What makes the product another than the other variants of its model, in the model's order."""
    model = tree.groups.get(product.group_id or "") if product.choices else None
    if model is None:
        return ()
    chosen = dict(product.choices)
    found = (
        Choice(clean_line(attribute.name), clean_line(dict(attribute.choices).get(chosen.get(attribute.id, ""), "")))
        for attribute in model.attributes
    )
    return tuple(choice for choice in found if choice.name)


def shown_name(product: Product, tree: GroupTree) -> str:
    """As the register has it, with what tells a variant from the others: for the owner's eyes."""
    choices = choices_of(product, tree)
    missing = [choice.name for choice in choices if not contains_words(product.name, choice.name)]
    return ", ".join(filter(None, [product.name, *missing]))


def with_choices(name: str, choices: Iterable[Choice], signs: Sequence[str] = ()) -> str:
    """The name with those choices that it does not hold, and what else tells it from others.

    A name that is cut off may lose choices at its end, so gets all.
    """
    every = [choice.name for choice in choices]
    missing = [choice for choice in every if not contains_words(name, choice)]
    if len(", ".join([name, *missing, *signs])) > NAME_MAX:
        missing = every
    return with_additions(name, [*missing, *signs])


def with_additions(name: str, additions: Sequence[str]) -> str:
    """Within the longest name; the name itself is what is shortened, and of the additions the longest ones."""
    if not additions:
        return name
    addition = ", ".join(shortened_fairly(additions, LONGEST_ADDITION))
    return f"{shortened(name, NAME_MAX - len(addition) - 2)}, {addition}" if name else addition


def shortened_fairly(parts: Sequence[str], most: int) -> list[str]:
    """So that they fit with commas between them, and no long one costs a short one its letters."""
    left = most - 2 * (len(parts) - 1)
    found = list(parts)
    by_length = sorted(range(len(parts)), key=lambda index: len(parts[index]))
    for done, index in enumerate(by_length):
        found[index] = shortened(parts[index], max(left // (len(parts) - done), 1))
        left -= len(found[index])
    return found


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def contains_words(text: str, words: str) -> bool:
    """As whole words: «S» does not stand in «Sport», nor «5» in «1,5»."""
    words = folded(words).strip()
    if not words:
        return False  # nothing but quotes
    pattern = rf"(?<!\w)(?<!\d[.,/]){re.escape(words)}(?!\w)(?![.,/]\d)"
    return re.search(pattern, folded(text)) is not None


def choices_sentence(choices: Iterable[Choice]) -> str:
    """«Цвет: красный. Размер: S.»"""
    return " ".join(
        f"{choice.attribute}: {choice.name}." if choice.attribute else f"{choice.name}." for choice in choices
    )


class Sign(NamedTuple):
    """What the register tells products by, as it is added to a name."""

    label: str
    of: Callable[[Product], str]


SIGNS: Sequence[Sign] = (
    Sign("код", lambda product: clean_line(product.code)),
    Sign("арт.", lambda product: clean_line(product.article)),
    Sign("штрихкод", lambda product: clean_line(product.barcodes[0]) if product.barcodes else ""),
)


def signs_of_alike(alike: Mapping[K, Product], signs: Sequence[Sign] = SIGNS) -> dict[K, list[str]]:
    """What to add to the names of products that look alike: the first sign in which they differ, then the next.

    It depends on nothing but them, and whoever has the sign gets it: no name ever passes from one to another.
    """
    if len(alike) < 2 or not signs:
        return {}
    by_value: dict[str, dict[K, Product]] = {}
    for key, product in alike.items():
        by_value.setdefault(signs[0].of(product), {})[key] = product
    added: dict[K, list[str]] = {}
    for value, equals in by_value.items():
        further = signs_of_alike(equals, signs[1:])
        own = [f"{signs[0].label} {value}"] if value and len(by_value) > 1 else []
        for key in equals:
            if parts := [*own, *further.get(key, [])]:
                added[key] = parts
    return added
