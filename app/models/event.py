from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.db import Base, Mapped, mapped_column
from app.models.session import DEVICE_LENGTH, SOURCE_LENGTH
from app.models.types import one_of

DETAIL_LENGTH = 255


class EventKind(StrEnum):
    """What an owner would want to know of afterwards."""

    REGISTERED = "registered"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_LOCKED = "sign_in_locked"
    PASSWORD_REFUSED = "password_refused"  # noqa: S105 - a word, not a password
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    EMAIL_CONFIRMED = "email_confirmed"
    EVOTOR_CONNECTED = "evotor_connected"
    EVOTOR_CHANGED = "evotor_changed"
    EVOTOR_DISCONNECTED = "evotor_disconnected"
    EVOTOR_INSTALLED = "evotor_installed"
    VK_CONNECTED = "vk_connected"
    VK_CHANGED = "vk_changed"
    VK_DISCONNECTED = "vk_disconnected"
    ENABLED = "enabled"
    DISABLED = "disabled"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    HIDE_ALL_ORDERED = "hide_all_ordered"
    UNDO_ORDERED = "undo_ordered"
    RUN_STOPPED = "run_stopped"
    OPERATOR_GRANTED = "operator_granted"
    OPERATOR_REVOKED = "operator_revoked"
    HALTED = "halted"
    RESUMED = "resumed"


class AccountEvent(Base):
    """The record of what matters."""

    __tablename__ = "account_events"
    __table_args__ = (
        one_of("kind", EventKind),
        sa.Index("ix_account_events_user_id", "user_id", "at"),
        sa.Index("ix_account_events_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    """None: somebody failed to sign in to an account that does not exist."""
    at: Mapped[datetime] = mapped_column(sa.DateTime)
    kind: Mapped[str] = mapped_column(sa.String(32))
    source: Mapped[str | None] = mapped_column(sa.String(SOURCE_LENGTH))
    """None: by a command or a run."""
    device: Mapped[str | None] = mapped_column(sa.String(DEVICE_LENGTH))
    """Which browser, as it says of itself; None where there was none."""
    detail: Mapped[str] = mapped_column(sa.String(DETAIL_LENGTH), default="", server_default="")
    """Ids only."""
