from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app.db import Base, Mapped, created_at_column, mapped_column
from app.models.types import ID_LENGTH, one_of, owner_column


class Pictured(StrEnum):
    """What may have a photo of the owner's."""

    PRODUCT = "product"
    GROUP = "group"


class Photo(Base):
    """A picture that the owner chose; the file lies in the folder of the user under its digest."""

    __tablename__ = "photos"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "store_id", "entity_type", "entity_id"),
        one_of("entity_type", Pictured),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    entity_type: Mapped[str] = mapped_column(sa.String(16))
    entity_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    digest: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 of the file, in hex."""
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[datetime] = created_at_column()
    absent_since: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When the product or group was first found to have left the catalog, and its item VK."""
