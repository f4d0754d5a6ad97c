"""Answers as Evotor words them, what we make of one item, and a client that gets them."""

import json
from typing import Any

import msgspec
import pytest

from app.clients.evotor.answers import parse_page
from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError
from app.clients.evotor.products import ProductList, parse_products
from app.domain.catalog.goods import Product, Unreadable

URL = "https://evotor.test"
STORES = f"{URL}/stores"
PRODUCTS = f"{URL}/stores/S/products"
TOKEN = "0b9d8c1e-aaaa-4bbb-8ccc-1234567890ab"
EMPTY: dict[str, Any] = {"json": {"items": [], "paging": {}}}


def made(*, per_second: float, token: str = TOKEN) -> EvotorClient:
    return EvotorClient(URL, token, per_second=per_second)


def pauses(slept: list[float]) -> list[float]:
    """The sleeps between tries, without those of the pace."""
    return [round(seconds, 3) for seconds in slept if seconds > 0.01]


def page(*ids: str, cursor: str | None = None) -> dict[str, Any]:
    items = [{"id": name, "name": ""} for name in ids]
    return {"json": {"items": items, "paging": {"next_cursor": cursor} if cursor else {}}}


def failure(client: EvotorClient) -> EvotorError:
    with pytest.raises(EvotorError) as caught:
        client.stores()
    return caught.value


def raw(*items: Any) -> list[msgspec.Raw]:
    """Items as they come in a page; text is taken as ready JSON."""
    texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
    return parse_page(f'{{"items": [{",".join(texts)}]}}'.encode()).items


def product(**fields: Any) -> Product:
    (found,) = parse_products(raw({"id": "p1", "name": "Чай", **fields})).products
    return found


def priced(price: str) -> ProductList:
    return parse_products(raw(f'{{"id": "p1", "name": "Чай", "price": {price}}}'))


def counted(quantity: str) -> ProductList:
    return parse_products(raw(f'{{"id": "p1", "name": "Чай", "quantity": {quantity}}}'))


def unreadable(field: str, sent: str, name: str = "Чай") -> ProductList:
    return ProductList([], (Unreadable("p1", name, field, sent),))
