"""The owner's photos of products and groups; the entries of one product found quickly."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(255), nullable=False),
        sa.Column("entity_type", sa.String(16), nullable=False),
        sa.Column("entity_id", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("absent_since", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_photos_user_id_users"), ondelete="CASCADE"),
        sa.UniqueConstraint(
            "user_id",
            "store_id",
            "entity_type",
            "entity_id",
            name=op.f("uq_photos_user_id_store_id_entity_type_entity_id"),
        ),
        sa.CheckConstraint("entity_type IN ('product', 'group')", name=op.f("ck_photos_entity_type")),
    )
    op.create_index(op.f("ix_sync_run_entries_product_id"), "sync_run_entries", ["product_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_sync_run_entries_product_id"), "sync_run_entries")
    op.drop_table("photos")
