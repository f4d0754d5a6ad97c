"""The name of an item, long enough and not too long for VK."""

from collections.abc import Sequence

from app.domain.catalog.goods import Product
from app.domain.catalog.variants import Choice, shortened, with_choices
from app.domain.texts.cleaning import clean_line
from app.domain.texts.units import unit_name
from app.domain.vk_limits import NAME_MAX, NAME_MIN


def item_name(product: Product, choices: Sequence[Choice] = (), signs: Sequence[str] = ()) -> str:
    """`choices`: by which buyers tell a variant from the others; `signs`: what tells it from what reads alike."""
    name = clean_line(product.name)
    if choices or signs:
        name = with_choices(name, choices, signs)
    name = shortened(name, NAME_MAX)
    for addition in (unit_name(product.measure), product.article, product.code, "товар"):
        if len(name) >= NAME_MIN:
            break
        if extra := clean_line(addition):
            name = f"{name}, {extra}"[:NAME_MAX]
    return name
