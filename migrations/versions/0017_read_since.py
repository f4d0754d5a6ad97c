"""When each store was read whole, and from when on Evotor is asked for what changed after that."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("catalog_stores", sa.Column("read_whole_at", sa.DateTime()))
    op.add_column("catalog_stores", sa.Column("since", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("catalog_stores", "since")
    op.drop_column("catalog_stores", "read_whole_at")
