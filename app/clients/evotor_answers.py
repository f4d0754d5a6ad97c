"""What Evotor sends → domain types: contracts/evotor.md sections 3 and 5."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from app.clients.answers import MalformedAnswer, clean_line, clean_text, decode, fraction, has_controls
from app.domain.catalog import Group, Product, Store

LONGEST_ID = 255
LONGEST_OWNER_ID = 64
LONGEST_LINE = 1000
LONGEST_DESCRIPTION = 20_000
MOST_BARCODES = 100
_KOPECK = Decimal("0.01")
_GRAM = Decimal("0.001")
_MOST_MONEY = Decimal("9999999999.99")
_MOST_QUANTITY = Decimal("999999999.999")
_ABSENT = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class ProductList:
    """All products of a store; those that Evotor has but sends in a form we cannot trust are named by id only."""

    products: list[Product]
    unreadable_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Page:
    items: list[msgspec.Raw]
    next_cursor: str | None
    size: int = 0
    """Of the answer, in bytes."""


class _Paging(msgspec.Struct):
    next_cursor: str | None = None


class _Envelope(msgspec.Struct):
    items: list[msgspec.Raw]
    paging: _Paging | None = None


class _Store(msgspec.Struct):
    id: str
    name: str | None = None
    address: str | None = None
    user_id: str | None = None


class _Group(msgspec.Struct):
    id: str
    name: str | None = None
    parent_id: str | None = None
    attributes: list[msgspec.Raw] | None = None


class _Identified(msgspec.Struct):
    id: str


class _Product(_Identified):
    name: str | None = None
    parent_id: str | None = None
    type: str | None = None
    measure_name: str | None = None
    allow_to_sell: bool | None = None
    price: msgspec.Raw = _ABSENT
    quantity: msgspec.Raw = _ABSENT
    description: str | None = None
    article_number: str | None = None
    code: str | None = None
    barcodes: list[str] | None = None
    is_excisable: bool | None = None
    is_age_limited: bool | None = None


def parse_page(body: bytes) -> Page:
    """Raises MalformedAnswer. A bare list is one final page, as the older version of the API sends it."""
    if body.lstrip()[:1] == b"[":
        return Page(decode(body, list[msgspec.Raw]), None, len(body))
    envelope = decode(body, _Envelope)
    cursor = envelope.paging.next_cursor if envelope.paging else None
    return Page(envelope.items, cursor or None, len(body))


def parse_stores(items: list[msgspec.Raw]) -> list[Store]:
    """Raises MalformedAnswer."""
    return list({store.id: store for store in map(_store, items)}.values())


def parse_groups(items: list[msgspec.Raw]) -> list[Group]:
    """Raises MalformedAnswer: a missing group would change what the rules decide, so none may be left out."""
    return list({group.id: group for group in map(_group, items)}.values())


def parse_products(items: list[msgspec.Raw]) -> ProductList:
    """Raises MalformedAnswer for an item without a usable id; any other fault stays with its product."""
    found = dict(_readings(items))
    return ProductList(
        [product for product in found.values() if product],
        frozenset(product_id for product_id, product in found.items() if product is None),
    )


def usable_id(text: str) -> str:
    """The id as it is. Raises MalformedAnswer for one that cannot be stored or would change an URL's path."""
    if not text.strip(" .") or len(text) > LONGEST_ID or has_controls(text):
        raise MalformedAnswer("an item without a usable id")
    return text


def _readings(items: list[msgspec.Raw]) -> Iterator[tuple[str, Product | None]]:
    for item in items:
        try:
            product = _product(item)
            yield product.id, product
        except MalformedAnswer:
            yield usable_id(decode(item, _Identified).id), None


def _store(item: msgspec.Raw) -> Store:
    read = decode(item, _Store)
    return Store(usable_id(read.id), _line(read.name), _line(read.address), _owner_id(read.user_id))


def _owner_id(text: str | None) -> str | None:
    """Two accounts are told apart by it, so that a part of it will not do."""
    owner_id = clean_line(text or "")
    if len(owner_id) > LONGEST_OWNER_ID:
        raise MalformedAnswer("an owner without a usable id")
    return owner_id or None


def _group(item: msgspec.Raw) -> Group:
    read = decode(item, _Group)
    return Group(usable_id(read.id), _line(read.name), _parent(read.parent_id), bool(read.attributes))


def _product(item: msgspec.Raw) -> Product:
    read = decode(item, _Product)
    return Product(
        id=usable_id(read.id),
        name=_line(read.name),
        group_id=_parent(read.parent_id),
        type=_line(read.type) or "NORMAL",
        measure=_line(read.measure_name),
        allow_to_sell=read.allow_to_sell is not False,
        price=_price(read.price),
        quantity=_number(read.quantity, _GRAM, _MOST_QUANTITY),
        description=clean_text((read.description or "")[:LONGEST_DESCRIPTION]),
        article=_line(read.article_number),
        code=_line(read.code),
        barcodes=tuple(filter(None, map(_line, (read.barcodes or ())[:MOST_BARCODES]))),
        is_excisable=bool(read.is_excisable),
        is_age_limited=bool(read.is_age_limited),
    )


def _line(text: str | None) -> str:
    return clean_line((text or "")[:LONGEST_LINE])


def _parent(text: str | None) -> str | None:
    return usable_id(text) if text else None


def _price(raw: msgspec.Raw) -> Decimal | None:
    price = _number(raw, _KOPECK, _MOST_MONEY)
    if price is not None and price < 0:
        raise MalformedAnswer("a negative price")
    return price


def _number(raw: msgspec.Raw, step: Decimal, most: Decimal) -> Decimal | None:
    """A JSON number rounded half up to `step`; None for null. Raises MalformedAnswer, also beyond `most`."""
    text = bytes(raw).decode(errors="replace")
    if text == "null":
        return None
    number = fraction(text, step, most)
    if number is None:
        raise MalformedAnswer("not a number that fits")
    return number
