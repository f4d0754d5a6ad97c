"""Who is signed in where, and how often somebody failed to."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import relationship

from app.db import Base, Mapped, created_at_column, mapped_column
from app.models.types import owner_column
from app.models.user import User

KEY_HASH_LENGTH = 64
SOURCE_LENGTH = 64
DEVICE_LENGTH = 64


class UserSession(Base):
    """One device that is signed in. Its cookies are worth nothing once this row is gone."""

    __tablename__ = "user_sessions"
    __table_args__ = (sa.Index("ix_user_sessions_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    key_hash: Mapped[str] = mapped_column(sa.String(KEY_HASH_LENGTH), unique=True)
    """Of the key in the cookies: who reads the database cannot sign in with it."""
    is_remembered: Mapped[bool]
    source: Mapped[str] = mapped_column(sa.String(SOURCE_LENGTH))
    device: Mapped[str] = mapped_column(sa.String(DEVICE_LENGTH))
    created_at: Mapped[datetime] = created_at_column()
    last_seen_at: Mapped[datetime] = mapped_column(sa.DateTime)
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime)

    user: Mapped[User] = relationship()


class SignInFailures(Base):
    """Tries that failed, of one account from one source, of either alone, and mails that were ordered for an address.

    See services/accounts/throttle.py.
    """

    __tablename__ = "sign_in_failures"

    account: Mapped[str] = mapped_column(sa.String(KEY_HASH_LENGTH), primary_key=True)
    """A keyed hash: nobody's address stands here."""
    source: Mapped[str] = mapped_column(sa.String(SOURCE_LENGTH), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(sa.DateTime)
    locked_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
