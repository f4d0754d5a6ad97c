"""From a product of the selection to the item that the VK market should hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from app.domain.catalog.goods import GroupTree, Product
from app.domain.catalog.pictures import Picture
from app.domain.catalog.variants import NAME_MAX, Choice, choices_of, shortened, with_choices
from app.domain.listing.description import item_description
from app.domain.listing.fitness import is_sold_out
from app.domain.listing.key import ListingKey, Value, digest_of
from app.domain.listing.owner_settings import FALLBACK_CATEGORY, OwnerSettings
from app.domain.listing.pricing import window_price
from app.domain.texts.cleaning import clean_line
from app.domain.texts.units import unit_name

NAME_MIN = 4
ALBUM_TITLE_MAX = 128
STOCK_MAX, STOCK_UNLIMITED = 999_999, -1


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item as it should be. `fields` are parameters of market.add (docs/contracts/vk.md §4.1)."""

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


def money(roubles: Decimal) -> str:
    return str(roubles.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def stock_amount(quantity: Decimal | None) -> int:
    """Whole pieces (docs/contracts/vk.md §6); a part of a piece still means "there is some"."""
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
