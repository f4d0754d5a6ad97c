"""A market that holds all goods from the start: items and albums are put there, our records laid to match."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app.clients.vk.client import VkClient
from app.clock import utcnow
from app.db import db
from app.models import Listing, User, VkAlbum
from app.services.catalog import refresh as catalog_refresh
from app.services.photos import cards
from bench.speed.shop import AT_ONCE, Shop, lay_plan
from tests.support.sandbox import VK_TOKEN, Sandbox


def lay(filled: Shop) -> None:
    with filled.owner() as user:
        catalog_refresh.refresh(user)
        lay_market(filled.sandbox, user, VK_TOKEN)


def lay_market(sandbox: Sandbox, user: User, token: str) -> None:
    """Whatever is selected stands in the user's community. Commits."""
    lay_plan(user)
    assert user.sync_state is not None
    user.sync_state.market_read_at = utcnow()
    album_ids = _put_albums(sandbox, user)
    photo_id = _photo(sandbox, user.market_id, token)
    rows = db.session.scalars(sa.select(Listing).where(Listing.in_market(user.id, user.market_id))).all()
    for start in range(0, len(rows), AT_ONCE):
        _put_items(sandbox, rows[start : start + AT_ONCE], album_ids, photo_id)
    db.session.commit()


def _photo(sandbox: Sandbox, club: int, token: str) -> int:
    """One for all, which VK would not have so."""
    with VkClient(sandbox.vk_url, token, per_second=1000, id_url=sandbox.vk_url) as vk:
        return vk.photos.upload(club, cards.draw("Товар"))


def _put_albums(sandbox: Sandbox, user: User) -> dict[str | None, int]:
    """Their ids by title."""
    rows = db.session.scalars(sa.select(VkAlbum).where(VkAlbum.in_market(user.id, user.market_id))).all()
    added = sandbox.control("vk/albums", club=user.market_id, add=[row.title for row in rows])["added"]
    for row, album_id in zip(rows, added, strict=True):
        row.vk_album_id = album_id
    return {row.title: row.vk_album_id or 0 for row in rows}


def _put_items(sandbox: Sandbox, rows: Sequence[Listing], album_ids: dict[str | None, int], photo_id: int) -> None:
    items = [_item(row, album_ids, photo_id) for row in rows]
    added = sandbox.control("vk/items", club=rows[0].vk_group_id, add=items)["added"]
    for row, item_id in zip(rows, added, strict=True):
        row.vk_item_id, row.photo_id = item_id, photo_id


def _item(row: Listing, album_ids: dict[str | None, int], photo_id: int) -> dict[str, Any]:
    texts = {name: row.sent[name] for name in ("name", "description", "price", "category_id")}
    albums = [album_ids[row.album]] if row.album else []
    return {**texts, "sku": row.sku, "album_ids": albums, "main_photo_id": photo_id}
