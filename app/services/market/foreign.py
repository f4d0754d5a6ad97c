"""Items of a community that are not ours: how many, and which of them look like products that we would add."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.catalog.goods import Product
from app.domain.listing.key import SKU_PREFIX, ListingKey
from app.domain.market.adoption import Match, matches
from app.domain.market.items import Availability, MarketItem
from app.models import ForeignItem, Listing, User
from app.services.market import links
from app.services.market.records import MarketRecords


def note_foreign(
    user: User, records: MarketRecords, items: Sequence[MarketItem], wanted: Mapping[ListingKey, Product]
) -> None:
    """Remember how many items are not ours, and which visible ones look like products that we would add. Flushes."""
    linked = records.linked_ids
    foreign = [
        item
        for item in items
        if item.availability is Availability.AVAILABLE and item.id not in linked and not item.sku.startswith(SKU_PREFIX)
    ]
    if user.sync_state is not None:
        user.sync_state.foreign_items = sum(
            item.availability is not Availability.REMOVED and item.id not in linked for item in items
        )
    known = {row.vk_item_id: row for row in foreign_rows(user.id, records.group_id)}
    left = {item_id for item_id, row in known.items() if row.is_left}
    products = {key: product for key, product in wanted.items() if key not in records.listings}
    found = matches((item for item in foreign if item.id not in left), products)
    _store(user.id, records.group_id, found, known)


def _store(user_id: int, group_id: int, found: Sequence[Match], known: Mapping[int, ForeignItem]) -> None:
    present = {match.item.id for match in found}
    for item_id, row in known.items():
        if item_id not in present and not row.is_left:
            db.session.delete(row)
    _release(user_id, group_id, present - known.keys())
    for match in found:
        row = known.get(match.item.id) or ForeignItem(
            user_id=user_id, vk_group_id=group_id, vk_item_id=match.item.id, is_left=False
        )
        row.title, row.matched_by = match.item.title, match.by
        row.store_id, row.product_id = match.key.store_id, match.key.product_id
        row.seen = {**links.seen_fields(match.item), "sku": match.item.sku}
        db.session.add(row)
    db.session.flush()


def _release(user_id: int, group_id: int, item_ids: Iterable[int]) -> None:
    """A community that changed hands: the questions to its former owner end."""
    for ids in in_chunks(item_ids):
        db.session.execute(
            sa.delete(ForeignItem).where(
                ForeignItem.vk_group_id == group_id,
                ForeignItem.user_id != user_id,
                ForeignItem.vk_item_id.in_(ids),
            )
        )


def ids_of_others(user_id: int, group_id: int) -> frozenset[int]:
    """VK's ids of the items that we know to be not this user's: foreign ones, and those of other accounts."""
    foreign = sa.select(ForeignItem.vk_item_id).where(ForeignItem.vk_group_id == group_id)
    of_others = sa.select(Listing.vk_item_id).where(
        Listing.vk_group_id == group_id, Listing.vk_item_id.is_not(None), Listing.user_id != user_id
    )
    return frozenset(db.session.scalars(foreign.union(of_others)))


def foreign_rows(user_id: int, group_id: int) -> Sequence[ForeignItem]:
    query = sa.select(ForeignItem).where(ForeignItem.in_market(user_id, group_id))
    return db.session.scalars(query.order_by(ForeignItem.title, ForeignItem.id)).all()
