"""What the owner is asked or told about items in VK, as the rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.listing.key import ListingKey, Value
from app.domain.listing.owner_settings import HandField, keeps_photo_in_vk
from app.domain.listing.wanted import Wanted
from app.domain.market.adoption import MatchedBy
from app.models import ForeignItem, Listing
from app.services.market.owner_answers import MarketReview
from app.services.pages.goods.names import Names, names_of, prices_of
from app.web import labels
from app.web.change_rows import item_address, shown
from app.web.formatting import quoted

SECTIONS = ("similar", "gone", "changed", "rejected")
PUT_BACK = labels.Label("Вернём", "info")
LEFT = labels.Label("Оставляем", "secondary")
OTHER = {"photo": "другое", "album": "нет в подборке"}
"""What VK shows where its value says nothing to a person."""


def section_of(found: MarketReview, wanted: str | None) -> str:
    """The wanted section; where it does not exist, the first that holds something."""
    if wanted in SECTIONS:
        return wanted
    return next((name for name in SECTIONS if getattr(found, name)), SECTIONS[0])


@dataclass(frozen=True, slots=True)
class SimilarRow:
    id: int
    title: str
    address: str
    product: str
    store: str
    matched_by: str
    price_in_vk: Decimal | str | None
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Drift:
    field: str
    in_vk: str
    ours: str | None
    is_left: bool

    @property
    def label(self) -> labels.Label:
        return LEFT if self.is_left else PUT_BACK


@dataclass(frozen=True, slots=True)
class ListingRow:
    id: int
    name: str
    store: str
    address: str
    is_out: bool
    """Not selected now, so nothing is put back."""
    key: ListingKey
    rejection: Mapping[str, str] | None = None
    """What VK's moderators say."""
    changes: Sequence[Drift] = ()


Row = SimilarRow | ListingRow


def market_rows(
    user_id: int,
    items: Sequence[ForeignItem | Listing],
    wanted: Mapping[ListingKey, Wanted],
    edited_in_vk: frozenset[HandField],
) -> list[Row]:
    """`wanted`: the items as the next run would have them."""
    names = names_of(user_id, [_key(item) for item in items])
    similar = [_key(item) for item in items if isinstance(item, ForeignItem)]
    prices = prices_of(user_id, similar) if similar else {}
    return [
        _similar_row(item, names, prices.get(_key(item)))
        if isinstance(item, ForeignItem)
        else _listing_row(item, names, wanted.get(_key(item)), edited_in_vk)
        for item in items
    ]


def _key(item: ForeignItem | Listing) -> ListingKey:
    return ListingKey(item.store_id, item.product_id)


def _similar_row(item: ForeignItem, names: Names, price: Decimal | None) -> SimilarRow:
    key = _key(item)
    return SimilarRow(
        item.id,
        item.title,
        item_address(item.vk_group_id, item.vk_item_id),
        names.products.get(key, ""),
        names.stores.get(item.store_id, ""),
        labels.MATCHED_BY[MatchedBy(item.matched_by)],
        item.seen.get("price"),
        price,
    )


def _listing_row(item: Listing, names: Names, wanted: Wanted | None, edited_in_vk: frozenset[HandField]) -> ListingRow:
    return ListingRow(
        item.id,
        item.name or names.products.get(_key(item), ""),
        names.stores.get(item.store_id, ""),
        item_address(item.vk_group_id, item.vk_item_id),
        wanted is None,
        _key(item),
        item.rejection,
        [_drift(item, name, value, wanted, edited_in_vk) for name, value in item.drift.items()],
    )


def _drift(item: Listing, name: str, value: Value, wanted: Wanted | None, edited_in_vk: frozenset[HandField]) -> Drift:
    is_photo = name == HandField.PHOTO
    is_kept = keeps_photo_in_vk(edited_in_vk, was_chosen_there=item.keeps_photo) if is_photo else name in edited_in_vk
    is_left = is_kept or wanted is None
    is_left = is_left or (name == "album" and wanted is not None and wanted.album is None)
    in_vk = OTHER.get(name) or shown(name, value)
    ours = _ours(name, wanted) if wanted else None
    return Drift(labels.FIELD[name], in_vk, ours if ours != in_vk else None, is_left)


def _ours(name: str, wanted: Wanted) -> str | None:
    if name == "album":
        return quoted(wanted.album) if wanted.album else None
    return shown(name, wanted.fields[name]) if name in wanted.fields else None
