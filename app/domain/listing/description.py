"""The description of an item: the register's own, or as the owner's template has it (docs/contracts/vk.md §5)."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from app.domain.catalog.goods import Product
from app.domain.catalog.variants import Choice, choices_sentence
from app.domain.texts.cleaning import clean_line, clean_text, without_links
from app.domain.texts.units import priced_by, unit_name
from app.domain.vk_limits import DESCRIPTION_MAX, DESCRIPTION_MIN

_ENOUGH = 2 * DESCRIPTION_MAX
"""A template may name the description two hundred times: what is cut off in the end need not be cleaned before."""

_Value = Callable[[Product, str, str], str]
"""Of a product, the name of its group and the name of its store."""

_VALUES: Mapping[str, _Value] = {
    "описание": lambda product, group, store: without_links(clean_text(product.description)),
    "название": lambda product, group, store: clean_line(product.name),
    "артикул": lambda product, group, store: clean_line(product.article),
    "штрихкод": lambda product, group, store: clean_line(product.barcodes[0]) if product.barcodes else "",
    "код": lambda product, group, store: clean_line(product.code),
    "единица": lambda product, group, store: unit_name(product.measure),
    "группа": lambda product, group, store: clean_line(group),
    "магазин": lambda product, group, store: clean_line(store),
}
PLACEHOLDERS = tuple(f"{{{name}}}" for name in _VALUES)
"""What a template may contain, as the owner writes it."""

_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


def unknown_placeholders(template: str) -> list[str]:
    """Everything in braces that stands for nothing, and braces without their other half; each once."""
    names = [match for match in _PLACEHOLDER.finditer(template) if _key(match[1]) not in _VALUES]
    halves = re.findall("[{}]", _PLACEHOLDER.sub("", template))
    return list(dict.fromkeys([*(match[0] for match in names), *halves]))


def item_description(
    product: Product, template: str = "", *, group: str = "", store: str = "", choices: Sequence[Choice] = ()
) -> str:
    """10 to 4000 characters without links. Without a template, and where it yields too little, the register's facts."""
    text = _filled_in(template, product, group, store) if template else ""
    if len(text) < DESCRIPTION_MIN:
        text = without_links(clean_text(product.description))
    if len(text) < DESCRIPTION_MIN:
        text = _described_by_facts(product)
    amount = priced_by(product.measure)
    explained = f"\nЦена за {amount}." if amount else ""
    if explained.strip() in text:
        explained = ""
    told_apart = without_links(choices_sentence(choices)) if choices else ""
    if told_apart and told_apart not in text:
        explained = f"\n{told_apart}{explained}"
    return text[: DESCRIPTION_MAX - len(explained)].rstrip() + explained


def _filled_in(template: str, product: Product, group: str, store: str) -> str:
    """A line whose placeholders all stand for nothing is left out; what is unknown stands for nothing."""
    lines: list[str] = []
    value = cache(lambda name: _value(name, product, group, store)[:DESCRIPTION_MAX])
    for line in template.splitlines():
        texts = _PLACEHOLDER.split(line)  # at odd places what stands in braces
        texts[1::2] = map(value, texts[1::2])
        if len(texts) == 1 or any(texts[1::2]):
            lines.append("".join(texts)[:_ENOUGH])
    return re.sub(r"\n{3,}", "\n\n", without_links(clean_text("\n".join(lines)[:_ENOUGH])))


def _value(name: str, product: Product, group: str, store: str) -> str:
    find = _VALUES.get(_key(name))
    return find(product, group, store) if find else ""


def _key(name: str) -> str:
    return name.strip().casefold()


def _described_by_facts(product: Product) -> str:
    facts = [without_links(clean_line(product.name)).rstrip(".…") or "Товар"]
    facts += [f"Артикул: {article}"] if (article := clean_line(product.article)) else []
    facts += [f"Штрихкод: {clean_line(product.barcodes[0])}"] if product.barcodes else []
    facts += [f"Единица: {unit}"] if (unit := unit_name(product.measure)) else []
    text = without_links(". ".join(facts) + ".")
    return long_enough(text)


def long_enough(text: str) -> str:
    """VK takes no shorter description than DESCRIPTION_MIN."""
    return text if len(text) >= DESCRIPTION_MIN else f"{text} Есть в нашем магазине.".lstrip()
