from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import Base, Mapped, mapped_column
from app.models.types import owner_column


class VkCategoryList(Base):
    """VK's categories as last read for one community; a row of its own, so that only pages that need it load it."""

    __tablename__ = "vk_category_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column(unique=True)
    vk_group_id: Mapped[int] = mapped_column(sa.BigInteger)
    read_at: Mapped[datetime] = mapped_column(sa.DateTime)
    categories: Mapped[list[list[Any]]] = mapped_column(sa.JSON)
    """[id, [names from the root down]] in VK's order."""
