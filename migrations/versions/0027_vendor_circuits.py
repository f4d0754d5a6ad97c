"""What all workers know of a vendor that does not answer."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vendor_circuits",
        sa.Column("vendor", sa.String(16), nullable=False),
        sa.Column("silent_to", sa.String(64), nullable=False, server_default=""),
        sa.Column("silent_since", sa.DateTime(), nullable=True),
        sa.Column("probe_after", sa.DateTime(), nullable=True),
        sa.CheckConstraint("vendor IN ('evotor', 'vk')", name=op.f("ck_vendor_circuits_vendor")),
        sa.PrimaryKeyConstraint("vendor", name=op.f("pk_vendor_circuits")),
    )


def downgrade() -> None:
    op.drop_table("vendor_circuits")
