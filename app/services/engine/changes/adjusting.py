"""What VK will not have of an item: stock in a plain shop, links, a category that it gave up."""

import re
from collections.abc import Mapping

from app.clients.vk.errors import BAD_LINKS, NO_VARIANTS, NOT_EXTENDED, WRONG_PARAMETER, Treatment, VkError
from app.domain.listing.description import long_enough
from app.domain.listing.key import Value
from app.domain.listing.owner_settings import FALLBACK_CATEGORY
from app.domain.planning.changes import Change
from app.services.engine.context.vk_findings import VkFindings

_ADDRESS = re.compile(r"\S*\w[.:/]+\w\S*")


def without_refused(findings: VkFindings, fields: dict[str, Value]) -> dict[str, Value]:
    """Without what VK refused of other items of this run."""
    if findings.is_plain_shop:
        fields = _without_stock(fields)
    if fields.get("category_id") in findings.refused_categories:
        fields = {**fields, "category_id": FALLBACK_CATEGORY}
    return fields


def learn_refusal(findings: VkFindings, fields: dict[str, Value], error: VkError) -> dict[str, Value]:
    """Remember what VK refuses; the fields without it, or as they were where nothing can be left out."""
    if error.code in (NOT_EXTENDED, NO_VARIANTS) and "stock_amount" in fields:
        findings.is_plain_shop = True
        return _without_stock(fields)
    if error.code == BAD_LINKS and "description" in fields:
        return {**fields, "description": _without_addresses(str(fields["description"]))}
    category = fields.get("category_id")
    is_refused = error.treatment is Treatment.ADJUST and error.code == WRONG_PARAMETER
    if is_refused and category and category != FALLBACK_CATEGORY:
        findings.refused_categories.add(int(category))
        return without_refused(findings, fields)
    return fields


def _without_stock(fields: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name != "stock_amount"}


def _without_addresses(text: str) -> str:
    """Without anything that may pass for a link."""
    return long_enough(_ADDRESS.sub("", text).strip())


def recorded_fields(change: Change, taken: Mapping[str, Value]) -> dict[str, Value]:
    """What was wanted counts as sent even where VK took less of it, but for the category, which is asked for anew."""
    category = {"category_id": taken["category_id"]} if "category_id" in taken else {}
    return {**change.fields, **category}


def note(change: Change, taken: Mapping[str, Value]) -> str | None:
    """Tells the owner that the item stands in another category than chosen."""
    return "vk_category" if taken.get("category_id") != change.fields.get("category_id") else None
