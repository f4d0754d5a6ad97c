"""From a product of the selection to the item that the VK market should hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.catalog.goods import GroupTree, Product
from app.domain.catalog.pictures import Picture
from app.domain.catalog.variants import Choice, choices_of
from app.domain.digest import digest_of
from app.domain.listing.card import card_digest
from app.domain.listing.category import category_of
from app.domain.listing.description import item_description
from app.domain.listing.key import ListingKey, Value
from app.domain.listing.name import item_name
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.listing.pricing import money, window_price
from app.domain.listing.stock import is_sold_out, stock_amount
from app.domain.texts.cleaning import clean_line
from app.domain.vk_limits import ALBUM_TITLE_MAX


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
        "category_id": category_of(product, tree, settings),
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


def _description(
    product: Product, tree: GroupTree, settings: OwnerSettings, store: str, choices: Sequence[Choice]
) -> str:
    folder = tree.folder(product.group_id)
    group = folder.name if folder else ""
    return item_description(product, settings.description_template, group=group, store=store, choices=choices)


def album_title(product: Product, tree: GroupTree) -> str | None:
    folder = tree.folder(product.group_id)
    return (clean_line(folder.name)[:ALBUM_TITLE_MAX].strip() or None) if folder else None
