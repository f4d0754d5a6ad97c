"""What VK held before a write that it did not say yes to, so that the brake on prices knows from where they move."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listings", sa.Column("sent_before", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("listings", "sent_before")
