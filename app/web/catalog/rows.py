"""The many rows of a store's page, as `repeated` takes them: groups and products."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType, FilterMode
from app.services.pages.goods.store import StorePage
from app.web.address import addresses
from app.web.catalog import verdict_labels
from app.web.formatting import amount, money, number
from app.web.labels import Label
from app.web.repeated import Row

DEEPEST = 6
"""Groups further below stand no further to the right."""


class GroupKind(NamedTuple):
    depth: int
    is_in: bool
    rule: FilterMode | None
    is_current: bool
    has_children: bool


class ProductKind(NamedTuple):
    label: Label
    reason: str
    problem: SkipReason | None
    rule: FilterMode | None
    has_codes: bool
    is_marked: bool


def group_rows(shown: StorePage, params: Mapping[str, Any]) -> Iterator[Row]:
    """`params`: of the page's address."""
    whys = addresses("catalog.why_group", "group_id", store_id=shown.store.id)
    links = addresses("catalog.store", "group", **params)
    for place, row in enumerate(shown.groups, 1):
        node, group = row.node, row.node.group
        is_current = group.id == shown.query.group
        kind = GroupKind(min(node.depth, DEEPEST), row.verdict.included, row.rule, is_current, node.has_children)
        words = {
            "key": f"group{place}",
            "id": group.id,
            "name": group.name or group.id,
            "link": links(group.id),
            "why": whys(group.id),
            "selected": number(node.tally.selected),
            "total": number(node.tally.total),
        }
        yield kind, words


def product_rows(shown: StorePage, *, is_marked: bool) -> Iterator[Row]:
    pages = addresses("catalog.product", "product_id", store_id=shown.store.id)
    whys = addresses("catalog.why_product", "product_id", store_id=shown.store.id)
    has_store = shown.rules.count()[EntityType.STORE] > 0
    for place, row in enumerate(shown.page.items, 1):
        product, verdict, codes = row.product, row.verdict, " · ".join(row.codes)
        label = verdict_labels.verdict(verdict, row.problem is not None, has_store)
        reason = "" if verdict.included else verdict_labels.why(verdict)
        words = {
            "key": f"row{place}",
            "id": product.id,
            "name": row.name or "Без названия",
            "codes": codes,
            "group": row.group or "Без группы",
            "price": money(product.price),
            "quantity": amount(product.quantity, product.measure),
            "link": pages(product.id),
            "why": whys(product.id),
        }
        yield ProductKind(label, reason, row.problem, row.rule, bool(codes), is_marked), words
