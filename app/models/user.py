import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import relationship

from app.db import Base, Mapped, created_at_column, mapped_column
from app.domain.account.time_zones import USUAL

if TYPE_CHECKING:
    from app.models.connection import EvotorConnection, VkConnection
    from app.models.sync import SyncConfig, SyncState

EMAIL_LENGTH = 254
REASON_LENGTH = 500


def new_session_key() -> str:
    return secrets.token_urlsafe(32)


class _SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    carried: str | None = None
    """What the cookies of the device that asks now carry; services/accounts/sessions.py gives it."""

    def get_id(self) -> str | None:
        return self.carried


class User(_SignedIn, Base):
    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(EMAIL_LENGTH), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    session_key: Mapped[str] = mapped_column(sa.String(64), unique=True, default=new_session_key)
    """Stands in the session instead of the id, before the key of the `UserSession`."""
    time_zone: Mapped[str] = mapped_column(sa.String(64), default=USUAL, server_default=USUAL)
    failed_sign_ins: Mapped[int] = mapped_column(default=0, server_default="0")
    """Since the last sign-in, from anywhere: told to the owner then. See services/accounts/throttle.py."""
    asking_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """A page of this user's asks a vendor; no second one does before."""
    verdicts_digest: Mapped[str | None] = mapped_column(sa.String(64))
    """Digest of what the stored verdicts were decided by: see services/catalog/verdicts/stored.py."""
    email_confirmed_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Somebody opened a link that went to this very address."""
    confirmations: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often somebody did: each link is good for the next one alone."""
    mail_choices: Mapped[dict[str, bool]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{MailKind: wanted}, where the owner chose: see services/mail/preferences.py."""
    is_operator: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Sees `/ops`."""
    halted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Since then no run of this user's starts, by an operator's word; None: they may."""
    halt_reason: Mapped[str | None] = mapped_column(sa.String(REASON_LENGTH))
    """The operator's, which the owner reads."""
    created_at: Mapped[datetime] = created_at_column()

    sync_config: Mapped["SyncConfig | None"] = relationship(back_populates="user", passive_deletes="all")
    sync_state: Mapped["SyncState | None"] = relationship(passive_deletes="all")
    evotor: Mapped["EvotorConnection | None"] = relationship(passive_deletes="all")
    vk: Mapped["VkConnection | None"] = relationship(passive_deletes="all")

    @property
    def market_id(self) -> int:
        """See `VkConnection.market_id`; 0, which no community has, where none ever was connected."""
        return (self.vk.market_id if self.vk else None) or 0
