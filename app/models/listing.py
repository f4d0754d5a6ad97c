from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.db import Base, Mapped, mapped_column
from app.domain.plan import LinkState
from app.models.types import ID_LENGTH, one_of, owner_column


class Listing(Base):
    """Product P of store S is VK item V, with what we last sent. Written before the call that makes it true."""

    __tablename__ = "listings"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "vk_group_id", "store_id", "product_id"),
        sa.UniqueConstraint("vk_group_id", "vk_item_id"),
        one_of("state", LinkState),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    vk_group_id: Mapped[int] = mapped_column(sa.BigInteger)
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    product_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    sku: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.Text, default="")
    vk_item_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(16))
    attempted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    sent: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Fields as VK holds them; a field whose last write has an unknown outcome is absent."""
    photo_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    photo_hash: Mapped[str | None] = mapped_column(sa.String(64))
    album: Mapped[str | None] = mapped_column(sa.Text)
    album_intent: Mapped[str | None] = mapped_column(sa.Text)
    """Where the item may stand as well: an album call whose outcome we do not know."""
    out_since: Mapped[datetime | None] = mapped_column(sa.DateTime)
    hidden_reason: Mapped[str | None] = mapped_column(sa.String(32))
    hidden_run_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sync_runs.id", ondelete="SET NULL"))
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    error_text: Mapped[str | None] = mapped_column(sa.Text)
    failed_digest: Mapped[str | None] = mapped_column(sa.String(64))
    retry_after: Mapped[datetime | None] = mapped_column(sa.DateTime)


class AlbumState(StrEnum):
    ADDING = "adding"
    LIVE = "live"


class VkAlbum(Base):
    __tablename__ = "vk_albums"
    __table_args__ = (sa.UniqueConstraint("vk_group_id", "title"), one_of("state", AlbumState))

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    vk_group_id: Mapped[int] = mapped_column(sa.BigInteger)
    title: Mapped[str] = mapped_column(sa.String(128))
    vk_album_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(16))
    attempted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    retry_after: Mapped[datetime | None] = mapped_column(sa.DateTime)
    strangers: Mapped[list[int]] = mapped_column(sa.JSON, default=list)
    """Ids of albums with this title that were there before ours: never taken for it."""
