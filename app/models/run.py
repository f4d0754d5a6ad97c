from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.db import Base, Mapped, created_at_column, mapped_column
from app.domain.planning.changes import Action, Reason
from app.models.types import ID_LENGTH, LONG_NUMBER, one_of, owner_column

NOTE_LENGTH = 255
UNREAD = "unread_stores"


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CONTINUED = "continued"
    """Its time slice or a wait of VK's ended it; the rest is queued."""
    STOPPED = "stopped"
    """The owner switched off, or has to do something first."""
    FAILED = "failed"
    NEEDS_APPROVAL = "needs_approval"


ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING)


class RunTrigger(StrEnum):
    CONFIRMED = "confirmed"
    MANUAL = "manual"
    SCHEDULE = "schedule"
    COMMAND = "command"
    HIDE_ALL = "hide_all"
    """The owner asked to hide everything of ours."""
    UNDO = "undo"
    """The owner asked to show again what an earlier run hid."""


UNASKED_FOR = (RunTrigger.SCHEDULE, RunTrigger.COMMAND)
"""Nobody pressed anything, and nobody looks for what came of it unless something did."""


class RunStage(StrEnum):
    """What a run at work is doing."""

    CATALOG = "catalog"
    MARKET = "market"
    PLAN = "plan"
    WAIT = "wait"
    """For the time after which a lost answer may be looked up again."""
    HIDE = "hide"
    EDIT = "edit"
    SHOW = "show"
    ADD = "add"
    ALBUMS = "albums"
    DELETE = "delete"


class SyncRun(Base):
    __tablename__ = "sync_runs"
    __table_args__ = (
        one_of("status", RunStatus),
        one_of("trigger", RunTrigger),
        sa.Index(
            "uq_sync_runs_one_active",
            "user_id",
            unique=True,
            sqlite_where=sa.text("status IN ('queued', 'running')"),
            postgresql_where=sa.text("status IN ('queued', 'running')"),
        ),
        sa.Index(None, "user_id", "created_at"),
        sa.Index("ix_sync_runs_newest", "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(LONG_NUMBER, primary_key=True)
    user_id: Mapped[int] = owner_column()
    trigger: Mapped[str] = mapped_column(sa.String(16))
    status: Mapped[str] = mapped_column(sa.String(16), default=RunStatus.QUEUED)
    worker: Mapped[str | None] = mapped_column(sa.String(128))
    lease_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    created_at: Mapped[datetime] = created_at_column()
    started_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime, index=True)
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    stage: Mapped[str | None] = mapped_column(sa.String(16))
    """A RunStage, written together with the lease."""
    stage_note: Mapped[str | None] = mapped_column(sa.String(NOTE_LENGTH))
    """The store whose catalog is read."""
    ends_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When the changes will be done, by the pace so far; written with the lease, None where that tells too little."""
    stage_since: Mapped[datetime | None] = mapped_column(sa.DateTime)
    stage_done: Mapped[int] = mapped_column(default=0, server_default="0")
    """Both serve the release before this one alone: the next goes without them."""
    counts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """{action: {outcome: number}} of the entries."""
    skipped: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """{reason: number} of the products that the plan left as they are; UNREAD: the stores whose old copy served."""
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    error_text: Mapped[str | None] = mapped_column(sa.Text)
    cancel_requested: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The owner pressed stop: the worker ends between two changes."""
    fingerprint: Mapped[str | None] = mapped_column(sa.String(64))
    """Of the braked changes, where the plan waits for approval."""

    @property
    def unread_stores(self) -> list[str]:
        """Names of the stores whose old copy served."""
        return list(self.skipped.get(UNREAD, ()))

    @property
    def left(self) -> dict[str, int]:
        """{reason: number} of the products that the plan left as they are."""
        return {reason: count for reason, count in self.skipped.items() if reason != UNREAD}

    @property
    def out_of_view(self) -> dict[str, int]:
        """Those of them that buyers do not see."""
        return {reason: count for reason, count in self.left.items() if reason != Reason.OUTDATED}

    @property
    def outdated(self) -> int:
        """Those that buyers see as they were."""
        return int(self.left.get(Reason.OUTDATED, 0))


class EntryOutcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """VK did not answer; a later pass finds out."""
    KEPT = "kept"
    """Evotor still knows the product, so nothing was taken away."""


class SyncRunEntry(Base):
    __tablename__ = "sync_run_entries"
    __table_args__ = (
        one_of("action", Action),
        one_of("outcome", EntryOutcome),
        sa.Index("ix_sync_run_entries_outcome", "run_id", "outcome"),
    )

    id: Mapped[int] = mapped_column(LONG_NUMBER, primary_key=True)
    run_id: Mapped[int] = mapped_column(LONG_NUMBER, sa.ForeignKey("sync_runs.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(sa.String(16))
    outcome: Mapped[str] = mapped_column(sa.String(16))
    store_id: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    product_id: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH), index=True)
    vk_item_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str | None] = mapped_column(sa.String(32))
    before: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    error_text: Mapped[str | None] = mapped_column(sa.Text)
    at: Mapped[datetime] = created_at_column()


class SyncApproval(Base):
    __tablename__ = "sync_approvals"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    changes: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    approved_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime)
