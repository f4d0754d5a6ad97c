"""What the last complete run was made from: while it stands, nothing waits for the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sync_states", sa.Column("settled_digest", sa.String(64), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE sync_states DROP COLUMN settled_digest")
