"""What buyers cannot tell apart, as the last plan of a run found it: pages only read it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sync_states", sa.Column("alike", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE sync_states DROP COLUMN alike")
