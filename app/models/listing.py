from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property

from app.db import Base, Mapped, mapped_column
from app.domain.market.adoption import MatchedBy
from app.domain.planning.changes import LinkState
from app.models.types import ID_LENGTH, LONG_NUMBER, one_of, owner_column


class _InMarket:
    """A row about something in one community's market."""

    user_id: Mapped[int] = owner_column()
    vk_group_id: Mapped[int] = mapped_column(sa.BigInteger)

    @classmethod
    def in_market(
        cls, user_id: int | sa.BindParameter[int], group_id: int | sa.BindParameter[int]
    ) -> sa.ColumnElement[bool]:
        """Those of the user in that community."""
        return sa.and_(cls.user_id == user_id, cls.vk_group_id == group_id)


def _counting(name: str, *columns: str, where: str | None = None) -> sa.Index:
    """Over the listings of one community; `where`: only over those of which something is to be told."""
    condition = sa.text(where) if where else None
    return sa.Index(
        f"ix_listings_{name}",
        *("user_id", "vk_group_id", *columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )


class Listing(_InMarket, Base):
    """Product P of store S is VK item V, with what we last sent. Written before the call that makes it true."""

    __tablename__ = "listings"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "vk_group_id", "store_id", "product_id"),
        sa.UniqueConstraint("vk_group_id", "vk_item_id"),
        one_of("state", LinkState),
        # What pages count is answered by these alone: a listing is wide, and there are many.
        _counting("counted", "state", "vk_item_id", "attempted_at", "gone_answered", "out_since"),
        _counting(
            *("refused", "error_code", "failed_digest", "state", "vk_item_id", "attempted_at"),
            where="error_code IS NOT NULL",
        ),
        _counting("refused_by_album", "album_error", "state", where="album_error IS NOT NULL"),
        _counting("rejected", "state", where="rejection IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    product_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    sku: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.Text, default="")
    vk_item_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(16))
    attempted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    sent: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Fields as VK holds them; a field whose last write has an unknown outcome is absent."""
    sent_before: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{field: what VK held before the last write of it that it did not say yes to}."""
    photo_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    photo_hash: Mapped[str | None] = mapped_column(sa.String(64))
    album: Mapped[str | None] = mapped_column(sa.Text)
    album_intent: Mapped[str | None] = mapped_column(sa.Text)
    """Where the item may stand as well: an album call whose outcome we do not know."""
    written_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """The last attempt to change the item: what VK shows until the read lag is over proves nothing."""
    deleted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When we deleted the item: the row goes as soon as no list can show it any more."""
    is_adopted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The community had the item before us; the owner gave it to us."""
    keeps_photo: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The picture in VK was chosen by a person: no generated card replaces it."""
    drift: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{field: value that VK shows}: changed there by hand, as of the last full read."""
    rendered: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{field: how VK shows the text that we sent}, where it is another spelling of the same."""
    evotor_asked_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When Evotor was asked for the product alone, because its lists lack it."""
    evotor_has_it: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The answer then."""
    gone_answered: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The owner knows that the item was deleted in VK and wants it so."""
    out_since: Mapped[datetime | None] = mapped_column(sa.DateTime)
    hidden_reason: Mapped[str | None] = mapped_column(sa.String(32))
    hidden_run_id: Mapped[int | None] = mapped_column(
        LONG_NUMBER, sa.ForeignKey("sync_runs.id", ondelete="SET NULL"), index=True
    )
    hide_approved: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The owner approved of the hiding, so the deletion needs no second approval."""
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    error_text: Mapped[str | None] = mapped_column(sa.Text)
    album_error: Mapped[str | None] = mapped_column(sa.String(64))
    """VK's answer to the last attempt to put the item into its album, or to take it out."""
    rejection: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """VK's moderators refused the item: their title and description, as of the last full read."""
    failed_digest: Mapped[str | None] = mapped_column(sa.String(64))
    retry_after: Mapped[datetime | None] = mapped_column(sa.DateTime)

    @property
    def price_in_vk(self) -> str | None:
        """None where nobody knows it."""
        price = self.sent.get("price", self.sent_before.get("price"))
        return None if price is None or self.vk_item_id is None else str(price)

    @hybrid_property
    def is_lost(self) -> bool:
        """An add without an answer: the item may stand in the market or not."""
        return self.state == LinkState.ADDING and self.vk_item_id is None and self.attempted_at is not None

    @is_lost.inplace.expression
    @classmethod
    def _is_lost(cls) -> sa.ColumnElement[bool]:
        return sa.and_(cls.state == LinkState.ADDING, cls.vk_item_id.is_(None), cls.attempted_at.is_not(None))

    @hybrid_property
    def is_withheld(self) -> bool:
        """Not added, because an item that could not be read may be this very product: looked at soon, then daily."""
        was_refused = self.failed_digest is not None or self.error_code is not None
        is_new = self.state == LinkState.ADDING and self.vk_item_id is None and self.deleted_at is None
        return is_new and not was_refused and self.attempted_at is None and self.retry_after is not None

    @is_withheld.inplace.expression
    @classmethod
    def _is_withheld(cls) -> sa.ColumnElement[bool]:
        nothing = (cls.vk_item_id, cls.deleted_at, cls.failed_digest, cls.error_code, cls.attempted_at)
        return sa.and_(cls.state == LinkState.ADDING, *(it.is_(None) for it in nothing), cls.retry_after.is_not(None))

    @hybrid_property
    def is_asked_about(self) -> bool:
        """Deleted in VK by hand, and the owner has to say whether that is right; not of what is not selected anyway."""
        return self.state == LinkState.GONE and not self.gone_answered and self.out_since is None

    @is_asked_about.inplace.expression
    @classmethod
    def _is_asked_about(cls) -> sa.ColumnElement[bool]:
        return sa.and_(cls.state == LinkState.GONE, cls.gone_answered.is_(False), cls.out_since.is_(None))


class AlbumState(StrEnum):
    ADDING = "adding"
    LIVE = "live"


class VkAlbum(_InMarket, Base):
    __tablename__ = "vk_albums"
    __table_args__ = (sa.UniqueConstraint("vk_group_id", "title"), one_of("state", AlbumState))

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(128))
    pending_title: Mapped[str | None] = mapped_column(sa.String(128))
    """A new title that is being given: the album may bear either."""
    vk_album_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(16))
    attempted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    retry_after: Mapped[datetime | None] = mapped_column(sa.DateTime)
    full_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """VK took no more items; nobody is sent there again before."""
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    """VK's answer to the last attempt to make or rename the album."""
    strangers: Mapped[list[int]] = mapped_column(sa.JSON, default=list)
    """Ids of albums with this title that were there before ours: never taken for it."""

    @property
    def is_lost(self) -> bool:
        """Making it got no answer: the album may be there or not."""
        return self.state == AlbumState.ADDING and self.attempted_at is not None


class ForeignItem(_InMarket, Base):
    """An item that was not made by us and looks like a product of ours: the owner takes or leaves it."""

    __tablename__ = "foreign_items"
    __table_args__ = (sa.UniqueConstraint("vk_group_id", "vk_item_id"), one_of("matched_by", MatchedBy))

    id: Mapped[int] = mapped_column(primary_key=True)
    vk_item_id: Mapped[int] = mapped_column(sa.BigInteger)
    title: Mapped[str] = mapped_column(sa.Text)
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    product_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    matched_by: Mapped[str] = mapped_column(sa.String(16))
    seen: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Its fields as VK shows them, in the form in which listings remember what was sent."""
    is_left: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The owner said that it is another thing: never asked again, never touched."""


class VkCategoryList(Base):
    """VK's categories as last read for one community; a row of its own, so that only pages that need it load it."""

    __tablename__ = "vk_category_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column(unique=True)
    vk_group_id: Mapped[int] = mapped_column(sa.BigInteger)
    read_at: Mapped[datetime] = mapped_column(sa.DateTime)
    categories: Mapped[list[list[Any]]] = mapped_column(sa.JSON)
    """[id, [names from the root down]] in VK's order."""
