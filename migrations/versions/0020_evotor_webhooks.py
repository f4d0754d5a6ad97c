"""What Evotor tells: who is linked, tokens kept for others, events, hints of changes; browsers in the record."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

CONNECTION = (
    ("linked_id", sa.String(64)),
    ("user_token_hash", sa.String(64)),
    ("installation_order", sa.BigInteger()),
    ("subscription_order", sa.BigInteger()),
    ("subscription_id", sa.String(140)),
    ("subscription_number", sa.Integer()),
    ("refresh_due_at", sa.DateTime()),
)
TOLD = ("is_uninstalled", "is_terminated")
INDEXES = (
    ("evotor_connections", "linked_id", True),
    ("evotor_connections", "user_token_hash", True),
    ("evotor_connections", "evotor_user_id", False),
    ("evotor_connections", "refresh_due_at", False),
    ("catalog_stores", "store_id", False),
)


def upgrade() -> None:
    for name, kind in CONNECTION:
        op.add_column("evotor_connections", sa.Column(name, kind))
    for name in TOLD:
        op.add_column("evotor_connections", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("catalog_stores", sa.Column("hinted_at", sa.DateTime()))
    op.add_column("sync_states", sa.Column("hinted_run_at", sa.DateTime()))
    op.add_column("account_events", sa.Column("device", sa.String(64)))
    for table, column_name, unique in INDEXES:
        op.create_index(f"ix_{table}_{column_name}", table, [column_name], unique=unique)
    op.create_table(
        "evotor_kept_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evotor_user_id", sa.String(64), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evotor_kept_tokens"),
        sa.UniqueConstraint("evotor_user_id", name="uq_evotor_kept_tokens_evotor_user_id"),
    )


def downgrade() -> None:
    op.drop_table("evotor_kept_tokens")
    for table, column_name, _ in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{column_name}", table)
    op.drop_column("account_events", "device")
    op.drop_column("sync_states", "hinted_run_at")
    op.drop_column("catalog_stores", "hinted_at")
    for name in (*reversed(TOLD), *(name for name, _ in reversed(CONNECTION))):
        op.drop_column("evotor_connections", name)
