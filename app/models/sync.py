from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import relationship

from app.clock import utcnow
from app.db import Base, Mapped, created_at_column, mapped_column
from app.domain.rules import EntityType, FilterMode
from app.models.types import ID_LENGTH, LONG_NUMBER, one_of, owner_column
from app.models.user import User


class SyncConfig(Base):
    """The master switch of one user."""

    __tablename__ = "sync_configs"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column(unique=True)
    is_enabled: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    confirmed_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = mapped_column(
        sa.DateTime, default=utcnow, onupdate=utcnow, server_default=sa.func.now()
    )

    user: Mapped[User] = relationship(back_populates="sync_config")
    filters: Mapped[list["SyncFilter"]] = relationship(
        back_populates="sync_config", passive_deletes=True, cascade="save-update, merge, delete"
    )


class SyncFilter(Base):
    """One rule."""

    __tablename__ = "sync_filters"
    __table_args__ = (
        sa.UniqueConstraint("sync_config_id", "entity_type", "entity_id"),
        one_of("entity_type", EntityType),
        one_of("filter_mode", FilterMode),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sync_config_id: Mapped[int] = mapped_column(sa.ForeignKey("sync_configs.id", ondelete="CASCADE"))
    entity_type: Mapped[str] = mapped_column(sa.String(16))
    entity_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    entity_name: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    filter_mode: Mapped[str] = mapped_column(sa.String(16))
    parent_entity_id: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    created_at: Mapped[datetime] = created_at_column()

    sync_config: Mapped[SyncConfig] = relationship(back_populates="filters")


class RuleChange(Base):
    """The owner's last change of the rules, as far as it takes to undo it."""

    __tablename__ = "rule_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column(unique=True)
    token: Mapped[str] = mapped_column(sa.String(32))
    replaced: Mapped[list[Any]] = mapped_column(sa.JSON)
    """[entity type, entity id, fields of the rule that was there before or null]."""


class OwnerOrder(StrEnum):
    """Something that the owner wants done at once and once, whatever the switch says."""

    HIDE_ALL = "hide_all"
    UNDO = "undo"


class Lane(StrEnum):
    """Where a run waits to be taken up."""

    INTERACTIVE = "interactive"
    """Its owner asked for it, and looks on."""
    ROUTINE = "routine"
    BULK = "bulk"
    """The rest of a long one."""


class QueueSlots(Base):
    """How many runs of a lane one worker of the queue can have at work; written again and again while it lives."""

    __tablename__ = "queue_slots"
    __table_args__ = (one_of("lane", Lane),)

    worker: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    lane: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    slots: Mapped[int]
    seen_at: Mapped[datetime] = mapped_column(sa.DateTime)


class SyncState(Base):
    """What the service remembers about one user between runs."""

    __tablename__ = "sync_states"
    __table_args__ = (
        one_of("owner_order", OwnerOrder),
        one_of("lane", Lane),
        sa.Index(
            "ix_sync_states_due",
            *("lane", "next_run_at", "user_id"),
            sqlite_where=sa.text("next_run_at IS NOT NULL"),
            postgresql_where=sa.text("next_run_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column(unique=True)
    next_run_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When the next run's time comes; None for a user who waits for none, or was not put in order yet."""
    scheduled_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When that was set."""
    lane: Mapped[str] = mapped_column(sa.String(16), default=Lane.ROUTINE, server_default=Lane.ROUTINE)
    claimed_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Until then nobody else takes the run up; ends with its beginning, from when on its lease holds."""
    hinted_run_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """The last run that was arranged because Evotor told of a change."""
    pause_reason: Mapped[str | None] = mapped_column(sa.String(64))
    """Why confirmation was taken back or runs are held; a short code."""
    market_read_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    foreign_albums: Mapped[int] = mapped_column(default=0, server_default="0")
    foreign_items: Mapped[int] = mapped_column(default=0, server_default="0")
    """Items that are not ours, the hidden ones counted as VK counts them; as of the last full read."""
    rules_digest: Mapped[str | None] = mapped_column(sa.String(64))
    """Of the rules at the last confirmation, approval or complete run."""
    confirmation: Mapped[str | None] = mapped_column(sa.String(64))
    """Tells what was confirmed, rules and settings, from anything else; confirming the same again keeps it."""
    confirmed_adds: Mapped[int | None]
    """What was to be added when it was confirmed, less what was since; null once a run came through."""
    settled_digest: Mapped[str | None] = mapped_column(sa.String(64))
    """Asked by nobody any more: goes with the next release."""
    alike: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    """What buyers could not tell apart when a run planned last: see services.planning.look_alikes."""
    strikes: Mapped[int] = mapped_column(default=0, server_default="0")
    """Runs in a row that ended for the same reason and got nothing done: each pause is longer than the one before."""
    strike_code: Mapped[str | None] = mapped_column(sa.String(64))
    owner_order: Mapped[str | None] = mapped_column(sa.String(16))
    order_run_id: Mapped[int | None] = mapped_column(
        LONG_NUMBER, sa.ForeignKey("sync_runs.id", ondelete="SET NULL"), index=True
    )
    """The run whose hides an UNDO takes back."""
    settings: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    quiet_run_id: Mapped[int | None] = mapped_column(LONG_NUMBER)
    """The last run that left no row, for it found nothing to do: see services.runs.quiet. These columns are its row."""
    quiet_began_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    quiet_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When it ended."""
    quiet_skipped: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """As `SyncRun.skipped`."""
    quiet_runs: Mapped[int] = mapped_column(default=0, server_default="0")
    """That found nothing to do, one after another up to now."""
    quiet_days: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{day of the owner's: [runs without a row, when the first ended, when the last did]}, of the last days."""
