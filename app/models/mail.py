from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.db import Base, Mapped, created_at_column, mapped_column
from app.models.types import one_of
from app.models.user import EMAIL_LENGTH

ABOUT_LENGTH = 64


class MailKind(StrEnum):
    """What a mail is for."""

    CONFIRM_EMAIL = "confirm_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a word, not a password
    CONNECTION = "connection"
    """One died, or waits for the owner."""
    NO_GOOD_RUN = "no_good_run"
    APPROVAL = "approval"
    WEEKLY_DIGEST = "weekly_digest"


class OutgoingMail(Base):
    """A mail that is to go out, or went. Its words, and the token in its link, are made when it is handed over."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        one_of("kind", MailKind),
        sa.Index("ix_outgoing_mails_next_try_at", "next_try_at"),
        sa.Index("ix_outgoing_mails_user_id", "user_id", "kind", "created_at"),
        sa.Index(
            "ix_outgoing_mails_given_up_at",
            "given_up_at",
            sqlite_where=sa.text("given_up_at IS NOT NULL"),
            postgresql_where=sa.text("given_up_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    """None: a password was asked for that nobody has. Such a row goes nowhere, and costs what a real one costs."""
    kind: Mapped[str] = mapped_column(sa.String(16))
    address: Mapped[str] = mapped_column(sa.String(EMAIL_LENGTH), default="", server_default="")
    about: Mapped[str] = mapped_column(sa.String(ABOUT_LENGTH), default="", server_default="")
    """What of its kind it tells: the same is told again only after days. Codes, no names."""
    created_at: Mapped[datetime] = created_at_column()
    next_try_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """None: sent, or given up."""
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    claimed_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """A worker is handing it over, and later than that is dead; or, with an error, the server took none and rests."""
    sent_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
