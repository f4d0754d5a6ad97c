from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import validates

from app.clock import utcnow
from app.db import Base, EncryptedText, Mapped, mapped_column
from app.models.session import KEY_HASH_LENGTH
from app.models.types import one_of, owner_column

EVOTOR_USER_LENGTH = 64
SUBSCRIPTION_LENGTH = 140


class ConnectionState(StrEnum):
    OK = "ok"
    DISCONNECTED = "disconnected"
    TOKEN_REJECTED = "token_rejected"  # noqa: S105 - a state, not a secret
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"
    SHOP_CLOSED = "shop_closed"
    NEEDS_OWNER = "needs_owner"


class Vendor(StrEnum):
    EVOTOR = "evotor"
    VK = "vk"


class VendorCircuit(Base):
    """What all workers know of a vendor that gave several users no answer: see services/vendors/circuits.py."""

    __tablename__ = "vendor_circuits"
    __table_args__ = (one_of("vendor", Vendor),)

    vendor: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    silent_to: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    """Ids of users, one after another without an answer between."""
    silent_since: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """As the first of them found it."""
    probe_after: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """No run begins that needs this vendor; from then on one of them may ask whether it is back."""


class _Connection:
    """What both connections have. A disconnected one keeps its row: reconnecting is recognised by it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(32), default=ConnectionState.OK)
    state_since: Mapped[datetime | None] = mapped_column(sa.DateTime)
    checked_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    """The vendor's last error as a short code; its Russian sentence is chosen by the web side."""

    @validates("state")
    def _note_since(self, _name: str, state: str) -> str:
        is_new = self.state_since is None and self.checked_at is None
        if state != self.state or is_new:  # of one that is older than the column nobody knows
            self.state_since = utcnow()
        return state


class EvotorConnection(_Connection, Base):
    __tablename__ = "evotor_connections"
    __table_args__ = (
        one_of("state", ConnectionState),
        sa.Index("ix_evotor_connections_refresh_due_at", "refresh_due_at", "checked_at"),
        sa.Index("ix_evotor_connections_linked_id", "linked_id", unique=True),
        sa.Index("ix_evotor_connections_user_token_hash", "user_token_hash", unique=True),
        sa.Index("ix_evotor_connections_evotor_user_id", "evotor_user_id"),
    )

    user_id: Mapped[int] = owner_column(unique=True)
    evotor_user_id: Mapped[str | None] = mapped_column(sa.String(EVOTOR_USER_LENGTH))
    """Whose token that is, as far as it is known."""
    token: Mapped[str | None] = mapped_column(EncryptedText)
    linked_id: Mapped[str | None] = mapped_column(sa.String(EVOTOR_USER_LENGTH))
    """The Evotor user who proved in Evotor's cabinet to be this one; tokens that Evotor delivers for them are ours."""
    user_token_hash: Mapped[str | None] = mapped_column(sa.String(64))
    """Of what Evotor shows for this user's data; see services/connections/evotor_webhooks/user_tokens.py."""
    installation_order: Mapped[int | None] = mapped_column(sa.BigInteger)
    """Of the last event of the kind that was applied: see services/connections/evotor_webhooks/cabinet_events.py."""
    subscriptions: Mapped[dict[str, tuple[int, bool]]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{id: number of the last event that was applied, whether it ended it}, the latest told of last."""
    subscription_order: Mapped[int | None] = mapped_column(sa.BigInteger)
    subscription_id: Mapped[str | None] = mapped_column(sa.String(SUBSCRIPTION_LENGTH))
    subscription_number: Mapped[int | None]
    """Asked by nobody any more: these three go with the next release."""
    is_uninstalled: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    is_terminated: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Evotor said so of the application, and of its subscriptions: until it takes that back or another key is stored.
    That the token works is no proof."""
    refresh_due_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """From then on a pass reads the catalog, also where no run may."""

    @property
    def is_connected(self) -> bool:
        return self.token is not None

    @property
    def is_awaiting_key(self) -> bool:
        """Linked in Evotor's cabinet, and Evotor has delivered no token so far."""
        return self.token is None and self.linked_id is not None

    @property
    def is_unchecked(self) -> bool:
        """Evotor delivered the token, and has not answered to it so far."""
        return self.is_connected and self.checked_at is None

    @property
    def withdrawn(self) -> str | None:
        """A code: why Evotor said that the token ends."""
        return "evotor_uninstalled" if self.is_uninstalled else "evotor_terminated" if self.is_terminated else None

    @property
    def told(self) -> str | None:
        """A code: the same, while Evotor has not refused the token."""
        return f"{self.withdrawn}_told" if self.withdrawn and self.error_code != self.withdrawn else None

    def forget_events(self) -> None:
        """They were of another user of Evotor's."""
        self.installation_order, self.subscriptions = None, {}
        self.forget_withdrawal()

    def forget_withdrawal(self) -> None:
        """Another key is stored, or the same one anew."""
        self.is_uninstalled = self.is_terminated = False

    def have_checked(self, now: datetime) -> None:
        """The token is to be tried, soon and by a pass; what is known of an earlier one says nothing of it."""
        self.state, self.error_code, self.checked_at = ConnectionState.UNAVAILABLE, None, None
        self.forget_withdrawal()
        self.refresh_due_at = now

    def note(self, state: ConnectionState, code: str | None, now: datetime) -> str | None:
        """What Evotor answered; returns the code that is kept for it, which is why where Evotor told that before."""
        if state not in (ConnectionState.OK, ConnectionState.UNAVAILABLE):
            code, self.refresh_due_at = self.withdrawn or code, None
        is_silent = self.is_unchecked and state is ConnectionState.UNAVAILABLE
        self.state, self.error_code, self.checked_at = state, code, None if is_silent else now
        return code


class EvotorKeptToken(Base):
    """A token that Evotor delivered for somebody who is not linked yet."""

    __tablename__ = "evotor_kept_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    evotor_user_id: Mapped[str] = mapped_column(sa.String(EVOTOR_USER_LENGTH), unique=True)
    token: Mapped[str | None] = mapped_column(EncryptedText, nullable=False)
    """None where no key of the ring opens it any more."""
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime)


class VkConnection(_Connection, Base):
    __tablename__ = "vk_connections"
    __table_args__ = (one_of("state", ConnectionState), sa.Index("ix_vk_connections_checked_at", "checked_at"))

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
    """None where VK did not say, as of a key that was pasted."""
    device_id: Mapped[str | None] = mapped_column(EncryptedText)
    """Of a sign-in by VK ID, which asks for it at every renewal; a pasted key has none."""
    number: Mapped[int] = mapped_column(default=0, server_default="0")
    """Of the connection: every other one that the owner makes has the next one."""
    renewals: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often its tokens were renewed."""
    renewing_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Some process has the refresh token with VK until then: nobody else may spend it."""
    renewal_failures: Mapped[int] = mapped_column(default=0, server_default="0")
    renew_after: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """VK ID did not answer, or gave a token of a short life; it is left alone until then."""
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
    def is_signed_in(self) -> bool:
        """By VK ID, so that the tokens renew themselves."""
        return self.device_id is not None

    @property
    def market_id(self) -> int | None:
        """The community whose listings are meant, connected or not: links and items outlive a disconnection."""
        return self.group_id or self.last_group_id


class VkSignIn(Base):
    """One that was begun: VK sends its person back with the state, to the same device, once."""

    __tablename__ = "vk_sign_ins"
    __table_args__ = (
        sa.Index("ix_vk_sign_ins_user_id", "user_id"),
        sa.Index("ix_vk_sign_ins_session_id", "session_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    session_id: Mapped[int] = mapped_column(sa.ForeignKey("user_sessions.id", ondelete="CASCADE"))
    state_hash: Mapped[str] = mapped_column(sa.String(KEY_HASH_LENGTH), unique=True)
    verifier: Mapped[str] = mapped_column(EncryptedText)
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime)


class VkPendingAccess(Base):
    """What VK ID gave, until its owner has chosen a community: no connection yet."""

    __tablename__ = "vk_pending_accesses"
    __table_args__ = (sa.Index("ix_vk_pending_accesses_session_id", "session_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column(unique=True)
    session_id: Mapped[int] = mapped_column(sa.ForeignKey("user_sessions.id", ondelete="CASCADE"))
    """It goes when the device that it came to is signed out."""
    token: Mapped[str | None] = mapped_column(EncryptedText)
    refresh_token: Mapped[str | None] = mapped_column(EncryptedText)
    device_id: Mapped[str | None] = mapped_column(EncryptedText)
    token_expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    market_is_granted: Mapped[bool | None]
    """By the scope of VK's answer; None where it told none."""
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime)
