"""Until when a page of the user's asks a vendor: one at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("asking_until", sa.DateTime(), nullable=True))


def downgrade() -> None:
    # Not as a batch: it would make the table anew, and dropping the old one would delete all that hangs on its rows.
    op.execute("ALTER TABLE users DROP COLUMN asking_until")
