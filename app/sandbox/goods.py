"""A goods file as one large store: `id, barcode, name, category, brand`, tab-separated, with a header.

`category` is a path; a part that ends in " (folder)" is a parent group. Prices, stock and articles are invented,
the same ones every time for the same id.
"""

import csv
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from app.sandbox.documents import Json
from app.sandbox.evotor.state import EvotorStore

STORE_ID = "20240115-4B1C-4D2E-80A1-5F6E7D8C9B0A"
STORE_NAME = "Большой магазин"
COLUMNS = {"id", "barcode", "name", "category", "brand"}
CREATED = "2024-01-15T09:00:00.000+0000"
FOLDER = " (folder)"


class BadGoodsFile(ValueError):
    """The goods file cannot be read; the text says why."""


def load_store(path: Path, user_id: str, limit: int | None = None) -> EvotorStore:
    about = {
        "id": STORE_ID,
        "name": STORE_NAME,
        "address": "Тула, пр. Ленина, 90",
        "user_id": user_id,
        "created_at": CREATED,
        "updated_at": CREATED,
    }
    store = EvotorStore(about)
    for row in islice(_rows(path), limit):
        parent_id = _group_for(store, row["category"], user_id)
        product = _product(row, parent_id, user_id)
        store.products[product["id"]] = product
    return store


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if missing := COLUMNS - set(reader.fieldnames or ()):
                raise BadGoodsFile(f"{path}: no column {', '.join(sorted(missing))}")
            yield from ({name: value or "" for name, value in row.items() if name} for row in reader)
    except (OSError, UnicodeDecodeError) as error:
        raise BadGoodsFile(f"{path}: {error}") from None


def _group_for(store: EvotorStore, category: str, user_id: str) -> str | None:
    parent_id, path = None, ""
    for part in filter(None, category.split("/")):
        name = part.removesuffix(FOLDER).strip()
        path = f"{path}/{name}"
        group_id = _id(f"group:{path}")
        if group_id not in store.groups:
            store.groups[group_id] = _group(group_id, name, parent_id, user_id)
        parent_id = group_id
    return parent_id


def _group(group_id: str, name: str, parent_id: str | None, user_id: str) -> Json:
    group = {"id": group_id, "name": name, **_common(user_id)}
    return {**group, "parent_id": parent_id} if parent_id else group


def _product(row: dict[str, str], parent_id: str | None, user_id: str) -> Json:
    invented = random.Random(row["id"])
    product: Json = {
        "id": _id(f"product:{row['id']}"),
        "name": row["name"][:128],
        "type": "NORMAL",
        "measure_name": "шт",
        "tax": "NO_VAT",
        "allow_to_sell": True,
        "price": invented.randrange(39, 4_999) + invented.choice([0, 0, 0.5, 0.9]),
        "cost_price": invented.randrange(2000, 30_000) / 100,
        "quantity": invented.choice([0, *range(1, 60)]),
        "article_number": f"A-{row['id']}",
        "code": str(invented.randrange(1, 99_999)),
        "barcodes": [row["barcode"]] if row["barcode"] else [],
        **_common(user_id),
    }
    if row["brand"]:
        product["description"] = f"{row['name']}. Производитель: {row['brand']}"
    return {**product, "parent_id": parent_id} if parent_id else product


def _common(user_id: str) -> Json:
    return {"store_id": STORE_ID, "user_id": user_id, "created_at": CREATED, "updated_at": CREATED}


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"evosync-sandbox:{name}"))
