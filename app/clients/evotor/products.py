"""Products as Evotor sends them. One that cannot be read stands alone: its neighbours are read all the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from app.clients.answers import MalformedAnswer, decode
from app.clients.evotor import values
from app.clients.evotor.values import ABSENT
from app.domain.catalog.goods import Product, Unreadable
from app.garbage import uncollected

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProductList:
    """Products of a store, those among them that Evotor sends in a form we cannot trust set apart."""

    products: list[Product]
    unreadable: tuple[Unreadable, ...] = ()
    since: int | None = None
    """Of a whole list: from when on Evotor may be asked what changed after it."""

    @property
    def unreadable_ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.unreadable if one.id is not None)

    @property
    def has_nameless(self) -> bool:
        """Something has no usable id, so that any product that the list lacks may be meant."""
        return any(one.id is None for one in self.unreadable)


class _Product(msgspec.Struct):
    """As the contract has it: read at once, and fast."""

    id: str
    name: str
    parent_id: str | None = None
    type: str | None = None
    measure_name: str | None = None
    allow_to_sell: bool | None = None
    price: msgspec.Raw = ABSENT
    quantity: msgspec.Raw = ABSENT
    description: str | None = None
    article_number: str | None = None
    code: str | None = None
    barcodes: list[str] | None = None
    attributes_choices: msgspec.Raw = ABSENT
    is_excisable: bool | None = None
    is_age_limited: bool | None = None


class _FieldError(Exception):
    """The value of a field that decides too much to be guessed or left out."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@uncollected()
def parse_products(items: list[msgspec.Raw]) -> ProductList:
    """Of several with one id the last counts."""
    by_id: dict[str, Product | Unreadable] = {}
    nameless: list[Unreadable] = []
    for product_id, found in _readings(items):
        if product_id is not None:
            by_id[product_id] = found
        elif isinstance(found, Unreadable):
            nameless.append(found)
    unreadable = [found for found in by_id.values() if isinstance(found, Unreadable)]
    return ProductList([found for found in by_id.values() if isinstance(found, Product)], (*unreadable, *nameless))


def _readings(items: list[msgspec.Raw]) -> Iterator[tuple[str | None, Product | Unreadable]]:
    for item in items:
        try:
            found: Product | Unreadable = _as_agreed(decode(item, _Product))
        except MalformedAnswer:
            found = _as_well_as_can_be(item)
        yield found.id, found


def _as_agreed(read: _Product) -> Product:
    choices, is_whole = values.choices(read.attributes_choices)
    return Product(
        id=values.usable_id(read.id),
        name=values.line(read.name),
        group_id=values.parent(read.parent_id),
        type=values.line(read.type) or "NORMAL",
        measure=values.line(read.measure_name),
        allow_to_sell=read.allow_to_sell is not False,
        price=values.price(read.price),
        quantity=values.quantity(read.quantity),
        description=values.description(read.description),
        article=values.line(read.article_number),
        code=values.line(read.code),
        barcodes=tuple(filter(None, map(values.line, (read.barcodes or ())[: values.MOST_BARCODES]))),
        is_excisable=bool(read.is_excisable),
        is_age_limited=bool(read.is_age_limited),
        choices=choices,
        has_odd_choices=not is_whole,
    )


def _as_well_as_can_be(item: msgspec.Raw) -> Product | Unreadable:
    """Field by field: what may be missing is left out where it cannot be read."""
    try:
        sent = decode(item, dict[str, msgspec.Raw])
    except MalformedAnswer:
        return Unreadable(None, "", "", values.shown(item))
    name = values.line(values.string_or_nothing(sent.get("name", ABSENT)))
    try:
        product_id = _needed(sent, "id", lambda raw: values.usable_id(values.string(raw)))
    except _FieldError as error:
        return Unreadable(None, name, error.field, _shown(sent, error.field))
    try:
        return _mended(product_id, sent)
    except _FieldError as error:
        return Unreadable(product_id, name, error.field, _shown(sent, error.field))


def _mended(product_id: str, sent: dict[str, msgspec.Raw]) -> Product:
    """Raises _FieldError for what the window or the rules hang on."""

    def text(field: str) -> str:
        return values.string_or_nothing(sent.get(field, ABSENT))

    choices, is_whole = values.choices(sent.get("attributes_choices", ABSENT))
    return Product(
        id=product_id,
        name=_needed(sent, "name", _name),
        group_id=_needed(sent, "parent_id", lambda raw: values.parent(values.string(raw))),
        type=_needed(sent, "type", _type),
        measure=values.line(text("measure_name")),
        allow_to_sell=_needed(sent, "allow_to_sell", lambda raw: values.flag(raw, absent=True)),
        price=_needed(sent, "price", values.price),
        quantity=values.quantity(sent.get("quantity", ABSENT)),
        description=values.description(text("description")),
        article=values.line(text("article_number")),
        code=values.line(text("code")),
        barcodes=values.barcodes(sent.get("barcodes", ABSENT)),
        is_excisable=_needed(sent, "is_excisable", lambda raw: values.flag(raw, absent=False)),
        is_age_limited=_needed(sent, "is_age_limited", lambda raw: values.flag(raw, absent=False)),
        choices=choices,
        has_odd_choices=not is_whole,
    )


def _needed(sent: dict[str, msgspec.Raw], field: str, read: Callable[[msgspec.Raw], T]) -> T:
    try:
        return read(sent.get(field, ABSENT))
    except MalformedAnswer:
        raise _FieldError(field) from None


def _type(raw: msgspec.Raw) -> str:
    return values.line("" if raw == ABSENT else decode(raw, str)) or "NORMAL"


def _name(raw: msgspec.Raw) -> str:
    if bytes(raw).strip() == b"null":
        raise MalformedAnswer("no name")
    return values.line(values.string(raw))


def _shown(sent: dict[str, msgspec.Raw], field: str) -> str:
    return values.shown(sent[field]) if field in sent else ""
