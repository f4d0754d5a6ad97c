from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import Base, Mapped, mapped_column


class KeptPlan(Base):
    """The plan of one user as it was made last, in numbers, for all pages and processes: services/planning/kept.py."""

    __tablename__ = "kept_plans"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    """One more with every commit that changed what plans are made of: services/plan_version.py."""
    made_of: Mapped[int | None]
    """The version that the plan was made of; None = none was made yet."""
    stamp: Mapped[str | None] = mapped_column(sa.String(64))
    """Of what counts beside the records: this program, its settings, the rules."""
    made_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    valid_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """From then on the same records make another plan."""
    making_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Somebody is making a new one; later than that he is dead."""
    summary: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    settled_of: Mapped[int | None]
    """The version for which a run found nothing to do: see services/engine/settled.py."""
    settled_stamp: Mapped[str | None] = mapped_column(sa.String(64))
    settled_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    settled_until: Mapped[datetime | None] = mapped_column(sa.DateTime)
    settled_skipped: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    """{reason: number} of the products that its plan left as they are."""


class KeptPart(Base):
    """Some rows of a kept plan that follow one another."""

    __tablename__ = "kept_parts"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    made_of: Mapped[int] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """From 0, within the section."""
    names: Mapped[str] = mapped_column(sa.Text)
    """Folded, to be searched: a line for each row."""
    rows: Mapped[str] = mapped_column(sa.Text)
    """JSON."""
