"""From a product of the selection to the item that the VK market should hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.catalog.goods import GroupTree, Product
from app.domain.catalog.pictures import Picture
from app.domain.catalog.variants import choices_of
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


@dataclass(frozen=True, slots=True)
class Place:
    """What all products of one group have in common in the shop window."""

    category_id: int
    group: str
    """Name of the nearest group that is not a variant model; empty without one."""
    album: str | None

    @classmethod
    def of(cls, group_id: str | None, tree: GroupTree, settings: OwnerSettings) -> "Place":
        folder = tree.folder(group_id)
        album = album_title(folder.name) if folder and settings.with_albums else None
        return cls(category_of(tree.lineage(group_id), settings), folder.name if folder else "", album)


def to_wanted(
    key: ListingKey,
    product: Product,
    tree: GroupTree,
    settings: OwnerSettings,
    *,
    extended_shop: bool,
    store: str = "",
    picture: Picture | None = None,
    place: Place | None = None,
) -> Wanted:
    """The item for a fit product.

    `extended_shop`: the community's shop keeps stock. `store`: its name. `picture`: the owner's; without one a
    generated card serves. `place`: that of its group, where it is known already.
    """
    assert product.price is not None
    place = place or Place.of(product.group_id, tree, settings)
    choices = choices_of(product, tree)
    name, hidden = item_name(product, choices), is_sold_out(product, settings)
    fields: dict[str, Value] = {
        "name": name,
        "description": item_description(
            product, settings.description_template, group=place.group, store=store, choices=choices
        ),
        "price": money(window_price(product.price, settings.price_percent, settings.price_rounding)),
        "category_id": place.category_id,
        "deleted": int(hidden),
    }
    if extended_shop:
        fields["stock_amount"] = stock_amount(product.quantity)
    return Wanted(
        key=key,
        fields=fields,
        album=None if hidden else place.album,
        photo=picture.digest if picture else card_digest(name),
        is_photo_own=picture is not None and picture.group_id is None,
    )


def renamed(wanted: Wanted, name: str) -> Wanted:
    """The same item under another name, and so with another card where it has one."""
    has_card = wanted.photo == card_digest(str(wanted.fields["name"]))
    photo = card_digest(name) if has_card else wanted.photo
    return replace(wanted, fields={**wanted.fields, "name": name}, photo=photo)


def album_title(group: str) -> str | None:
    """Of a group's name; None where nothing of it can be read."""
    return clean_line(group)[:ALBUM_TITLE_MAX].strip() or None
