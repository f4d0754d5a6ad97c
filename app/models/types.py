"""Column helpers used by several tables."""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

ID_LENGTH = 255
LONG_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Of rows that are made as long as the service lives. SQLite's numbers are as long anyway, and count by themselves only
under this name."""


def one_of(column: str, values: type[StrEnum]) -> sa.CheckConstraint:
    """CHECK that a text column holds one of the enum's values."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=column)


def owner_column(*, unique: bool = False) -> Mapped[int]:
    return mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), unique=unique, nullable=False)
