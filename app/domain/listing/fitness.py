"""Whether VK may show a product at all: why a selected one stays hidden for another reason than its stock."""

import re
from enum import StrEnum
from functools import lru_cache

from app.domain.catalog.goods import Product
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.texts.cleaning import clean_line


class SkipReason(StrEnum):
    """Why a selected product has no visible item, in the order in which the owner should care."""

    NOT_FOR_SALE = "not_for_sale"
    RESTRICTED = "restricted"
    REVIEW = "review"
    NO_PRICE = "no_price"
    NO_NAME = "no_name"
    NO_PHOTO = "no_photo"
    SOLD_OUT = "sold_out"


_RESTRICTED_PREFIXES = ("ALCOHOL", "BEER", "TOBACCO", "MEDICINE", "LOTTERY")
_REVIEW_PREFIXES = ("MEDICAL_DEVICES_", "DIETARY_SUPPLEMENTS_", "ANTISEPTIC_MARKED")
_KNOWN_MARKED = frozenset(
    f"{kind}_MARKED"
    for kind in (
        *("SHOES", "TYRES", "PERFUME", "PHOTOS", "LIGHT_INDUSTRY", "DAIRY", "WATER", "BIKE", "JEWELRY", "FUR"),
        *("NOT_ALCOHOL_BEER", "JUICE", "WHEELCHAIRS", "CAVIAR", "GROCERIES", "CANNED_FISH"),
    )
)
"""Marked types that docs/contracts/evotor.md §6.2 lists and nobody restricts."""


def unfit_reason(product: Product, settings: OwnerSettings, *, has_photo: bool = False) -> SkipReason | None:
    """Why VK should not show the product at all; stock is another matter. `has_photo`: not only a generated card."""
    if (reason := _unfit_for_sale(product, settings)) is not None:
        return reason
    return SkipReason.NO_PHOTO if settings.photo_required and not has_photo else None


def _unfit_for_sale(product: Product, settings: OwnerSettings) -> SkipReason | None:
    if not product.allow_to_sell:
        return SkipReason.NOT_FOR_SALE
    if product.is_excisable or product.is_age_limited or is_restricted(product.type):
        return SkipReason.RESTRICTED
    if needs_review(product.type) and product.type not in settings.allowed_types:
        return SkipReason.REVIEW
    if product.price is None or product.price <= 0:
        return SkipReason.NO_PRICE
    if not _has_name(product):
        return SkipReason.NO_NAME
    return None


_LETTER_OR_DIGIT = re.compile("[0-9A-Za-zА-Яа-яЁё]")


def _has_name(product: Product) -> bool:
    """Cleaning is slow and a catalog long, so the usual name is recognised without it."""
    if "&" not in product.name and "<" not in product.name and _LETTER_OR_DIGIT.search(product.name):
        return True
    return bool(clean_line(product.name))


@lru_cache(maxsize=64)
def is_restricted(product_type: str) -> bool:
    return product_type.startswith(_RESTRICTED_PREFIXES)


@lru_cache(maxsize=64)  # of a long catalog there are a few
def needs_review(product_type: str) -> bool:
    if product_type.startswith(_REVIEW_PREFIXES):
        return True
    return product_type.endswith("_MARKED") and product_type not in _KNOWN_MARKED
