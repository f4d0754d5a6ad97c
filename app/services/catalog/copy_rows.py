"""Rows of a store's copy, made from what was read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from app.domain.catalog.goods import Attribute, Group, Product
from app.models import CatalogGroup, CatalogProduct
from app.services.catalog.copy_table import CopyTable, HeldRow, is_same_json
from app.services.catalog.load import to_attributes, to_pairs

GROUPS = CopyTable(CatalogGroup.__table__, ("group_id", "parent_id", "name", "is_variant_model", "attributes"))

_LINE_NAMES = ("name", "article", "code")
_OTHER_FACTS = (
    *("barcodes", "choices", "group_id", "type", "measure", "allow_to_sell", "price", "quantity", "description"),
    *("is_excisable", "is_age_limited"),
)
_SAID = ("included", "level", "decided_by", "problem")
_TEXTS = ("search_text", "sort_key")
PRODUCTS = CopyTable(
    CatalogProduct.__table__,
    ("product_id", *_LINE_NAMES, *_OTHER_FACTS, *_SAID, *_TEXTS),
    seldom_read=dict.fromkeys(_TEXTS, CatalogProduct.__table__.c.choices.is_not(None)),
)

COUNTED = frozenset({"group_id", "included", "problem"})
"""What products are counted by."""
NAMED = frozenset({"name", "group_id", "parent_id"})
"""What rules remember of groups and products."""


def group_row(group: Group) -> tuple[Any, ...]:
    attributes = list(map(_attribute_row, group.attributes)) or None
    return group.id, group.parent_id, group.name, group.is_variant_model, attributes


def _attribute_row(attribute: Attribute) -> list[Any]:
    return [attribute.id, attribute.name, list(map(list, attribute.choices))]


def stored_groups(rows: Iterable[HeldRow]) -> Iterator[Group]:
    for values in GROUPS.values(rows):
        attributes = to_attributes(values.pop("attributes") or ())
        yield Group(values.pop("group_id"), attributes=attributes, **values)


def product_row(product: Product) -> tuple[Any, ...]:
    """What Evotor says: the first columns."""
    return (
        product.id,
        product.name,
        product.article,
        product.code,
        product.barcodes,
        product.choices or None,
        product.group_id,
        product.type,
        product.measure,
        product.allow_to_sell,
        product.price,
        product.quantity,
        product.description,
        product.is_excisable,
        product.is_age_limited,
    )


def stored_products(rows: Iterable[HeldRow]) -> Iterator[Product]:
    for values in PRODUCTS.values(rows):
        facts = {name: values[name] for name in (*_LINE_NAMES, *_OTHER_FACTS)}
        barcodes, choices = tuple(facts.pop("barcodes")), to_pairs(facts.pop("choices"))
        yield Product(id=values["product_id"], barcodes=barcodes, choices=choices, **facts)


def texts_that_stand(old: HeldRow | None, row: Sequence[Any]) -> Sequence[Any] | None:
    """By what the product is found and ordered, as far as it was read, where that follows from what it did before.

    Folding takes longer than all the rest. A variant's choices have their names elsewhere, and what was not judged yet
    has no texts, either. `row`: the new one without its texts.
    """
    if old is None:
        return None
    before = old[WITHOUT_TEXTS]
    has_texts = before[_INCLUDED] is not None and before[_CHOICES] is None and row[_CHOICES] is None
    if has_texts and before[_LINES] == row[_LINES] and is_same_json(before[_BARCODES], row[_BARCODES]):
        return cast(Sequence[Any], old[-len(_TEXTS) :])
    return None


WITHOUT_TEXTS = slice(1, -len(_TEXTS))
"""Of a held row: as it is before it gets its texts."""
_LINES = slice(1, 1 + len(_LINE_NAMES))
_BARCODES, _CHOICES, _INCLUDED = map(PRODUCTS.names.index, ("barcodes", "choices", "included"))


def quantity_of(row: HeldRow) -> Any:
    """A number, None where Evotor did not say."""
    return row[_QUANTITY]


_QUANTITY = 1 + PRODUCTS.names.index("quantity")
