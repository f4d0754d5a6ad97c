"""What variants differ in; products that the last read of their store could not read."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("catalog_groups", sa.Column("attributes", sa.JSON(), nullable=True))
    op.add_column("catalog_products", sa.Column("choices", sa.JSON(), nullable=True))
    op.create_table(
        "catalog_unreadable",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(255), nullable=False),
        sa.Column("product_id", sa.String(255), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_unreadable")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_catalog_unreadable_user_id_users"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_catalog_unreadable_user_id"), "catalog_unreadable", ["user_id", "store_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_catalog_unreadable_user_id"), "catalog_unreadable")
    op.drop_table("catalog_unreadable")
    op.execute("ALTER TABLE catalog_products DROP COLUMN choices")
    op.execute("ALTER TABLE catalog_groups DROP COLUMN attributes")
