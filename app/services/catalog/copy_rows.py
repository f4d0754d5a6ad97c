"""Rows of a store's copy: made from what was read, and written as far as they differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.catalog.goods import Attribute, Group, Product
from app.services import plan_version
from app.services.catalog.load import to_attributes, to_pairs


def stored_rows(table: sa.FromClause, key: str, user_id: int, store_id: str) -> dict[str, Mapping[str, Any]]:
    query = sa.select(table).where(table.c.user_id == user_id, table.c.store_id == store_id)
    names = [column.name for column in table.c]
    rows = (dict(zip(names, row, strict=True)) for row in db.session.execute(query))
    return {row[key]: row for row in rows}


def replace_rows(table: Any, key: str, old: Mapping[str, Mapping[str, Any]], new: Sequence[dict[str, Any]]) -> bool:
    """Write only what differs: an unchanged catalog costs no write, and False is the answer."""
    added = [row for row in new if row[key] not in old]
    changed = [
        {**row, "row_id": old[row[key]]["id"]}
        for row in new
        if row[key] in old and not row.items() <= old[row[key]].items()
    ]
    gone = old.keys() - {row[key] for row in new}
    if added:
        db.session.execute(sa.insert(table), added)
    if changed:
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in changed[0] if name != "row_id"}
        db.session.connection().execute(
            sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(columns), changed
        )
        plan_version.touched(changed[0]["user_id"])  # past the session, which would have noted it
    for ids in in_chunks(old[entity_id]["id"] for entity_id in gone):
        db.session.execute(sa.delete(table).where(table.c.id.in_(ids)))
    return bool(added or changed or gone)


def stored_group(row: Mapping[str, Any]) -> Group:
    attributes = to_attributes(row["attributes"] or ())
    return Group(row["group_id"], row["name"], row["parent_id"], row["is_variant_model"], attributes)


def stored_product(row: Mapping[str, Any]) -> Product:
    fields = {name: row[name] for name in _FIELDS}
    barcodes, choices = tuple(row["barcodes"]), to_pairs(row["choices"])
    return Product(id=row["product_id"], barcodes=barcodes, choices=choices, **fields)


_FIELDS = (
    *("name", "group_id", "type", "measure", "allow_to_sell", "price", "quantity", "description", "article", "code"),
    *("is_excisable", "is_age_limited"),
)


def group_row(group: Group) -> dict[str, Any]:
    return {
        "group_id": group.id,
        "parent_id": group.parent_id,
        "name": group.name,
        "is_variant_model": group.is_variant_model,
        "attributes": list(map(_attribute_row, group.attributes)) or None,
    }


def _attribute_row(attribute: Attribute) -> list[Any]:
    return [attribute.id, attribute.name, list(map(list, attribute.choices))]


def product_row(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.id,
        "group_id": product.group_id,
        "name": product.name,
        "type": product.type,
        "measure": product.measure,
        "allow_to_sell": product.allow_to_sell,
        "price": product.price,
        "quantity": product.quantity,
        "description": product.description,
        "article": product.article,
        "code": product.code,
        "barcodes": list(product.barcodes),
        "is_excisable": product.is_excisable,
        "is_age_limited": product.is_age_limited,
        "choices": list(map(list, product.choices)) or None,
    }
