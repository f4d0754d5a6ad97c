"""What pages count among the listings is answered by narrow indexes, without reading the listings themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_listings_counted": (("state", "vk_item_id", "attempted_at", "gone_answered", "out_since"), None),
    "ix_listings_refused": (
        ("error_code", "failed_digest", "state", "vk_item_id", "attempted_at"),
        "error_code IS NOT NULL",
    ),
    "ix_listings_refused_by_album": (("album_error", "state"), "album_error IS NOT NULL"),
    "ix_listings_rejected": (("state",), "rejection IS NOT NULL"),
}


def upgrade() -> None:
    for name, (columns, condition) in _INDEXES.items():
        where = sa.text(condition) if condition else None
        op.create_index(
            name, "listings", ["user_id", "vk_group_id", *columns], postgresql_where=where, sqlite_where=where
        )


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "listings")
