from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property

from app.db import Base, ExactNumeric, Mapped, mapped_column
from app.domain.catalog.search_fields import SORT_KEY_LENGTH
from app.models.types import ID_LENGTH, one_of, owner_column


class StoreState(StrEnum):
    OK = "ok"
    PAYMENT_REQUIRED = "payment_required"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"
    SUSPICIOUS = "suspicious"
    """The list came back empty although we know products: treated as a bad read."""
    MISSING = "missing"
    CLOSED = "closed"
    """Missing, and the owner says for good: only the row is left, so that its items may leave the window."""


class CatalogStore(Base):
    __tablename__ = "catalog_stores"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "store_id"),
        one_of("state", StoreState),
        sa.Index("ix_catalog_stores_store_id", "store_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    name: Mapped[str] = mapped_column(sa.Text)
    address: Mapped[str] = mapped_column(sa.Text, default="")
    state: Mapped[str] = mapped_column(sa.String(32), default=StoreState.OK)
    error_code: Mapped[str | None] = mapped_column(sa.String(64))
    fetched_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When the copy that we hold was read, or brought up to date by what had changed."""
    read_whole_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """When the list came whole: only then a product can turn out to be missing."""
    since: Mapped[int | None] = mapped_column(sa.BigInteger)
    """By Evotor's clock, in milliseconds: what changed after the whole list is asked for from here on; None = nothing
    but a whole list will do."""
    retry_after: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Runs leave the store alone until then; the owner's own refresh does not wait."""
    hinted_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """Evotor said that something changed here; None once the list came whole after that."""

    heard: Mapped[str | None] = mapped_column(sa.String(64))
    """Tells the lists that the copy was made of from others; None = the next ones are held against the copy itself."""
    heard_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    """As `fetched_at`, or another program has made another copy since."""

    @hybrid_property
    def is_open(self) -> bool:
        """Not closed for good."""
        return self.state != StoreState.CLOSED


class CatalogGroup(Base):
    __tablename__ = "catalog_groups"
    __table_args__ = (sa.UniqueConstraint("user_id", "store_id", "group_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    group_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    parent_id: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    name: Mapped[str] = mapped_column(sa.Text)
    is_variant_model: Mapped[bool] = mapped_column(default=False)
    attributes: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """Of a variant model: [id, name, [[id of a choice, its name], …]] each."""


SEARCH_INDEX = "ix_catalog_products_search"
"""Of `search_text`; each database has its own kind, so that only its migration knows it."""


class CatalogProduct(Base):
    """Prices in roubles. No purchase price: it is confidential and nobody here needs it.

    The last columns are what `app/services/catalog/verdicts/` says of the others, and follow them in every commit.
    """

    __tablename__ = "catalog_products"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "store_id", "product_id"),
        sa.Index("ix_catalog_products_by_name", "user_id", "store_id", "sort_key", "id", "included", "problem"),
        sa.Index("ix_catalog_products_by_group", "user_id", "store_id", "group_id", "sort_key"),
        sa.Index("ix_catalog_products_by_price", "user_id", "store_id", "price", "sort_key"),
        sa.Index("ix_catalog_products_by_quantity", "user_id", "store_id", "quantity", "sort_key"),
        sa.Index(
            "ix_catalog_products_not_judged",
            "user_id",
            postgresql_where=sa.text("included IS NULL"),
            sqlite_where=sa.text("included IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    product_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    group_id: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    name: Mapped[str] = mapped_column(sa.Text)
    type: Mapped[str] = mapped_column(sa.Text)
    measure: Mapped[str] = mapped_column(sa.Text)
    allow_to_sell: Mapped[bool]
    price: Mapped[Decimal | None] = mapped_column(ExactNumeric(12, 2))
    quantity: Mapped[Decimal | None] = mapped_column(ExactNumeric(12, 3))
    description: Mapped[str] = mapped_column(sa.Text)
    article: Mapped[str] = mapped_column(sa.Text)
    code: Mapped[str] = mapped_column(sa.Text)
    barcodes: Mapped[list[str]] = mapped_column(sa.JSON)
    is_excisable: Mapped[bool]
    is_age_limited: Mapped[bool]
    choices: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """Of a variant: [id of an attribute, id of a choice] each."""
    included: Mapped[bool | None]
    """Whether the rules let it through; None while nobody judged the product yet."""
    level: Mapped[str | None] = mapped_column(sa.String(16))
    """The level that decided; None = no rule had a say."""
    decided_by: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    """Entity id of the deciding rule; None with a level = a whitelist that names nothing on the way."""
    problem: Mapped[str | None] = mapped_column(sa.String(32))
    """A `SkipReason`: why buyers do not see the product even if the rules let it through."""
    search_text: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    """What the product is found by, folded: name, article, code, barcodes, choices of a variant."""
    sort_key: Mapped[str] = mapped_column(
        sa.String(SORT_KEY_LENGTH).with_variant(sa.String(SORT_KEY_LENGTH, collation="C"), "postgresql"),
        default="",
        server_default="",
    )
    """Orders the names as a person looks for them."""


class CatalogCount(Base):
    """How many products of one group the rules let through or not, by problem: what pages count with."""

    __tablename__ = "catalog_counts"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH), primary_key=True)
    group_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH), primary_key=True)
    """As products name it, whether or not there is such a group; empty = none."""
    included: Mapped[bool] = mapped_column(primary_key=True)
    problem: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    """Empty = none."""
    products: Mapped[int]


class CatalogUnreadable(Base):
    """A product that the last read of its store could not read; of most there is an older copy."""

    __tablename__ = "catalog_unreadable"
    __table_args__ = (sa.Index(None, "user_id", "store_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = owner_column()
    store_id: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    product_id: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    """None where even this could not be read."""
    name: Mapped[str] = mapped_column(sa.Text)
    field: Mapped[str] = mapped_column(sa.String(32))
    sent: Mapped[str] = mapped_column(sa.Text)
