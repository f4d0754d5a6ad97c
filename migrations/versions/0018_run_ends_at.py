"""When the changes of a run at work will be done, as far as it can tell."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sync_runs", sa.Column("ends_at", sa.DateTime()))


def downgrade() -> None:
    op.drop_column("sync_runs", "ends_at")
