from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.db import Base, EncryptedText, Mapped, mapped_column
from app.models.types import one_of, owner_column


class ConnectionState(StrEnum):
    OK = "ok"
    DISCONNECTED = "disconnected"
    TOKEN_REJECTED = "token_rejected"  # noqa: S105 - a state, not a secret
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"
    SHOP_CLOSED = "shop_closed"
    NEEDS_OWNER = "needs_owner"


class _Connection:
    """What both connections have. A disconnected one keeps its row: reconnecting is recognised by it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(32), default=ConnectionState.OK)
    checked_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    """The vendor's last error as a short code; its Russian sentence is chosen by the web side."""


class EvotorConnection(_Connection, Base):
    __tablename__ = "evotor_connections"
    __table_args__ = (one_of("state", ConnectionState),)

    user_id: Mapped[int] = owner_column(unique=True)
    evotor_user_id: Mapped[str | None] = mapped_column(sa.String(64))
    token: Mapped[str | None] = mapped_column(EncryptedText)

    @property
    def is_connected(self) -> bool:
        return self.token is not None


class VkConnection(_Connection, Base):
    __tablename__ = "vk_connections"
    __table_args__ = (one_of("state", ConnectionState),)

    user_id: Mapped[int] = owner_column(unique=True)
    group_id: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)
    """None while disconnected, so that the community is free for another account."""
    last_group_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    group_name: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    vk_user_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    vk_user_name: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    token: Mapped[str | None] = mapped_column(EncryptedText)
    refresh_token: Mapped[str | None] = mapped_column(EncryptedText)
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    rights: Mapped[int | None] = mapped_column(sa.BigInteger)
    """Bit mask of account.getAppPermissions."""
    way_out: Mapped[str | None] = mapped_column(sa.Text)
    """A page of VK's that a person has to open before VK goes on."""
    resting: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{method: moment}: until then VK's quota for the method is used up, or VK refuses the form (BulkForm)."""
    refused_categories: Mapped[list[int]] = mapped_column(sa.JSON, default=list, server_default="[]")
    is_extended: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    @property
    def is_connected(self) -> bool:
        return self.token is not None and self.group_id is not None

    @property
    def market_id(self) -> int | None:
        """The community whose listings are meant, connected or not: links and items outlive a disconnection."""
        return self.group_id or self.last_group_id
