"""What was confirmed and what it would have added; VK's word on items and albums, so that pages can tell it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("sync_states", "confirmation", sa.String(64)),
    ("sync_states", "confirmed_adds", sa.Integer()),
    ("listings", "album_error", sa.String(64)),
    ("listings", "rejection", sa.JSON()),
    ("vk_albums", "error_code", sa.String(64)),
)


def upgrade() -> None:
    for table, name, kind in _COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    # Not as a batch: it would make the tables anew, and much hangs on their rows.
    for table, name, _kind in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
