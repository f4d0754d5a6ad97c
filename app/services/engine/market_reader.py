"""The whole market read and held against our records."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.listing.key import sku
from app.domain.market.items import Album, Availability, ItemsById, MarketItem, MarketItems
from app.domain.planning.changes import LinkState
from app.domain.planning.plan import Desired
from app.models import Listing, RunStage
from app.services.engine.changes import applying
from app.services.engine.context.run_context import RunContext
from app.services.market import albums as market_albums
from app.services.market import drift, foreign, links
from app.services.owner.settings import owner_settings


def read_market(run: RunContext, desired: Desired) -> list[MarketItem]:
    """Read it and correct our records by it; returns the duplicates, which are to be hidden. Commits.

    No transaction is open while VK answers.
    """
    began = utcnow()
    run.lease.enter(RunStage.MARKET)
    linked = _linked_items(run)
    run.market.listings = {}  # read anew below; both at once would be the most memory that a run takes
    run.lease.renew()
    items = run.vk.market(run.group_id, on_page=run.lease.keep_between_pages)
    albums = run.vk.albums(run.group_id)
    seen = _with_unlisted_items(run, items, linked)
    albums += _unlisted_albums(run, albums)
    run.lease.renew()
    run.load_records(began)
    run.known_items.update(seen, (item.id for item in items))
    _reconcile_albums(run, desired, albums, items, began)
    links.unlink_strangers(run.market, seen, state.market_read_at if (state := run.user.sync_state) else None)
    drift.note_gone(run.market, seen, began)
    duplicates = links.reconcile_items(run.market, items, desired.known)
    links.settle_lost(run.market.listings.values(), began, seen.odd)
    links.withhold_unreadable(run.market, items.odd, desired.known)
    drift.note_drift(run.market, seen, owner_settings(run.user), began)
    drift.note_rejections(run.market, seen)
    foreign.note_foreign(run.user, run.market, items, desired.products)
    if not duplicates:
        _note_read(run, began)
    db.session.commit()
    return duplicates


def hide_duplicates(run: RunContext, duplicates: Sequence[MarketItem]) -> None:
    began = utcnow()
    for item in duplicates:
        applying.hide_duplicate(run, item)
    if duplicates:
        _note_read(run, began)


def _linked_items(run: RunContext) -> list[int]:
    """Ids of those that are ours and were there when they were last seen."""
    ours = Listing.in_market(run.user.id, run.group_id)
    query = sa.select(Listing.vk_item_id).where(ours, Listing.vk_item_id.is_not(None), Listing.state != LinkState.GONE)
    return [item_id for item_id in db.session.scalars(query) if item_id is not None]


def _with_unlisted_items(run: RunContext, items: MarketItems, linked: Sequence[int]) -> ItemsById:
    """Every item that VK still has, by id; those of ours that the list lacks are asked for alone.

    docs/contracts/vk.md §12.1.
    """
    seen = ItemsById((item for item in items if item.availability is not Availability.REMOVED), items.odd)
    if absent := [item_id for item_id in linked if item_id not in seen]:
        found = run.vk.items_by_id(run.group_id, absent)
        seen.update({item.id: item for item in found.values() if item.availability is not Availability.REMOVED})
        seen.odd |= found.odd
    return seen


def _unlisted_albums(run: RunContext, albums: Sequence[Album]) -> list[Album]:
    """An album missing from the list is asked for by its id before it is taken for gone.

    docs/contracts/vk.md §12.1.
    """
    seen = {album.id for album in albums}
    known = [row.vk_album_id for row in run.market.albums.values() if row.vk_album_id is not None]
    absent = [album_id for album_id in known if album_id not in seen]
    return run.vk.albums_by_id(run.group_id, absent) if absent else []


def _reconcile_albums(
    run: RunContext, desired: Desired, albums: list[Album], items: MarketItems, began: datetime
) -> None:
    """Our albums against those that VK shows. Where we know neither albums nor items, the records were lost."""
    user_id, market = run.user.id, run.market
    market_albums.reconcile_albums(user_id, run.group_id, albums, began)
    if not market.albums and not market.linked_ids:
        titles = {sku(key.product_id): wanted.album for key, wanted in desired.wanted.items()}
        market_albums.relink_albums(user_id, run.group_id, albums, items, titles)
    market.load_albums()
    run.seen_albums = albums


def _note_read(run: RunContext, at: datetime) -> None:
    if run.user.sync_state is not None:
        run.user.sync_state.market_read_at = at
