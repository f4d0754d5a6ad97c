"""From a product of the selection to the item that the VK market should hold."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from app.domain.catalog import GroupTree, Product
from app.domain.description import item_description
from app.domain.pictures import Picture
from app.domain.pricing import window_price
from app.domain.texts import clean_line
from app.domain.units import unit_name
from app.domain.variants import NAME_MAX, Choice, choices_of, shortened, with_choices

NAME_MIN = 4
ALBUM_TITLE_MAX = 128
STOCK_MAX, STOCK_UNLIMITED = 999_999, -1
FALLBACK_CATEGORY = 1
SKU_PREFIX = "ev:"

Value = str | int
"""How a field travels and is remembered: prices as text with two decimals."""


@dataclass(frozen=True, slots=True, order=True)
class ListingKey:
    """Identifies a listing. Opaque to the plan: one (store, product) today."""

    store_id: str
    product_id: str


class SkipReason(StrEnum):
    """Why a selected product has no visible item, in the order in which the owner should care."""

    NOT_FOR_SALE = "not_for_sale"
    RESTRICTED = "restricted"
    REVIEW = "review"
    NO_PRICE = "no_price"
    NO_NAME = "no_name"
    NO_PHOTO = "no_photo"
    SOLD_OUT = "sold_out"


class StockRule(StrEnum):
    """What becomes of a listed product when the register counts too few of it."""

    HIDE = "hide"
    SHOW = "show"
    FROM = "from"
    """Shown from `OwnerSettings.show_from` pieces on."""


class HandField(StrEnum):
    """What the owner may choose to edit in VK; price and stock are always the register's."""

    NAME = "name"
    DESCRIPTION = "description"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class OwnerSettings:
    """What the owner chose for the shop window."""

    stock_rule: StockRule = StockRule.HIDE
    show_from: int = 1
    remove_after_days: int = 7
    edited_in_vk: frozenset[HandField] = frozenset()
    category_id: int = FALLBACK_CATEGORY
    category_by_group: Mapping[str, int] = field(default_factory=dict)
    allowed_types: frozenset[str] = frozenset()
    """Product types that are held for review until the owner allows them."""
    refused_categories: frozenset[int] = frozenset()
    """Categories that VK no longer knows."""
    description_template: str = ""
    """With `PLACEHOLDERS` of app.domain.description; empty = the register's description."""
    price_percent: Decimal = Decimal(0)
    price_rounding: int = 0
    """Roubles, one of `ROUNDINGS` of app.domain.pricing."""
    with_albums: bool = True
    photo_required: bool = False
    """A product without a photo of the owner's is not shown; else it gets a generated card."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item as it should be. `fields` are parameters of market.add (contracts/vk.md 6.1)."""

    key: ListingKey
    fields: Mapping[str, Value]
    album: str | None
    photo: str
    """Digest of the picture's content: another digest means another upload."""
    is_photo_own: bool = False
    """The owner chose the picture for this very product."""

    @property
    def is_hidden(self) -> bool:
        return self.fields["deleted"] == 1

    @property
    def digest(self) -> str:
        return digest_of(*(f"{name}={value}" for name, value in sorted(self.fields.items())), self.photo)


_RESTRICTED_PREFIXES = ("ALCOHOL", "BEER", "TOBACCO", "MEDICINE", "LOTTERY")
_REVIEW_PREFIXES = ("MEDICAL_DEVICES_", "DIETARY_SUPPLEMENTS_", "ANTISEPTIC_MARKED")
_KNOWN_MARKED = frozenset(
    f"{kind}_MARKED"
    for kind in (
        *("SHOES", "TYRES", "PERFUME", "PHOTOS", "LIGHT_INDUSTRY", "DAIRY", "WATER", "BIKE", "JEWELRY", "FUR"),
        *("NOT_ALCOHOL_BEER", "JUICE", "WHEELCHAIRS", "CAVIAR", "GROCERIES", "CANNED_FISH"),
    )
)
"""Marked types that contracts/evotor.md 5.3 lists and nobody restricts."""


def unfit_reason(product: Product, settings: OwnerSettings, *, has_photo: bool = False) -> SkipReason | None:
    """Why VK should not show the product at all; stock is judged elsewhere. `has_photo`: not only a generated card."""
    if (reason := _unfit_for_sale(product, settings)) is not None:
        return reason
    return SkipReason.NO_PHOTO if settings.photo_required and not has_photo else None


def _unfit_for_sale(product: Product, settings: OwnerSettings) -> SkipReason | None:
    if not product.allow_to_sell:
        return SkipReason.NOT_FOR_SALE
    if product.type.startswith(_RESTRICTED_PREFIXES) or product.is_excisable or product.is_age_limited:
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


def needs_review(product_type: str) -> bool:
    if product_type.startswith(_REVIEW_PREFIXES):
        return True
    return product_type.endswith("_MARKED") and product_type not in _KNOWN_MARKED


def is_sold_out(product: Product, settings: OwnerSettings) -> bool:
    """Absent quantity is not 0: nobody counts it. An owner who shows everything always has nothing sold out."""
    if product.quantity is None or settings.stock_rule is StockRule.SHOW:
        return False
    is_short = settings.stock_rule is StockRule.FROM and product.quantity < settings.show_from
    return product.quantity <= 0 or is_short


def to_wanted(
    key: ListingKey,
    product: Product,
    tree: GroupTree,
    settings: OwnerSettings,
    *,
    extended_shop: bool,
    store: str = "",
    picture: Picture | None = None,
) -> Wanted:
    """The item for a fit product.

    `extended_shop`: the community's shop keeps stock. `store`: its name. `picture`: the owner's; without one a
    generated card serves.
    """
    assert product.price is not None
    choices = choices_of(product, tree)
    hidden = is_sold_out(product, settings)
    fields: dict[str, Value] = {
        "name": item_name(product, choices),
        "description": _description(product, tree, settings, store, choices),
        "price": money(window_price(product.price, settings.price_percent, settings.price_rounding)),
        "category_id": _category(product, tree, settings),
        "deleted": int(hidden),
    }
    if extended_shop:
        fields["stock_amount"] = stock_amount(product.quantity)
    album = album_title(product, tree) if settings.with_albums and not hidden else None
    return Wanted(
        key=key,
        fields=fields,
        album=album,
        photo=picture.digest if picture else card_digest(str(fields["name"])),
        is_photo_own=picture is not None and picture.group_id is None,
    )


def renamed(wanted: Wanted, name: str) -> Wanted:
    """The same item under another name, and so with another card where it has one."""
    has_card = wanted.photo == card_digest(str(wanted.fields["name"]))
    photo = card_digest(name) if has_card else wanted.photo
    return replace(wanted, fields={**wanted.fields, "name": name}, photo=photo)


def item_name(product: Product, choices: Sequence[Choice] = (), signs: Sequence[str] = ()) -> str:
    """`choices`: by which buyers tell a variant from the others; `signs`: what tells it from what reads alike."""
    name = shortened(with_choices(clean_line(product.name), choices, signs), NAME_MAX)
    for addition in (unit_name(product.measure), product.article, product.code, "товар"):
        if len(name) >= NAME_MIN:
            break
        if extra := clean_line(addition):
            name = f"{name}, {extra}"[:NAME_MAX]
    return name


def sku(product_id: str) -> str:
    return SKU_PREFIX + product_id


def money(roubles: Decimal) -> str:
    return str(roubles.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def stock_amount(quantity: Decimal | None) -> int:
    """Whole pieces (contracts/vk.md 13.8); a part of a piece still means "there is some"."""
    if quantity is None:
        return STOCK_UNLIMITED
    if quantity <= 0:
        return 0
    return min(max(1, int(quantity)), STOCK_MAX)


def _description(
    product: Product, tree: GroupTree, settings: OwnerSettings, store: str, choices: Sequence[Choice]
) -> str:
    folder = tree.folder(product.group_id)
    group = folder.name if folder else ""
    return item_description(product, settings.description_template, group=group, store=store, choices=choices)


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """The category that a group's products ask for, and where it comes from."""

    id: int
    group_id: str | None = None
    """The group that was given it; None = the shop's own."""

    def accepted(self, settings: OwnerSettings) -> bool:
        return self.id not in settings.refused_categories


def category_choices(lineage: Iterable[str], settings: OwnerSettings) -> Iterator[CategoryChoice]:
    """Nearest first; `lineage` from the group up to its root."""
    for group_id in lineage:
        if (category_id := settings.category_by_group.get(group_id)) is not None:
            yield CategoryChoice(category_id, group_id)
    yield CategoryChoice(settings.category_id)


def _category(product: Product, tree: GroupTree, settings: OwnerSettings) -> int:
    for choice in category_choices(tree.lineage(product.group_id), settings):
        if choice.accepted(settings):
            return choice.id
    return FALLBACK_CATEGORY


def album_title(product: Product, tree: GroupTree) -> str | None:
    folder = tree.folder(product.group_id)
    return (clean_line(folder.name)[:ALBUM_TITLE_MAX].strip() or None) if folder else None


CARD_VERSION = "1"
"""Another value makes every generated card new: raise it when the drawing changes."""


def card_digest(name: str) -> str:
    return digest_of("card", CARD_VERSION, name)


def digest_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
