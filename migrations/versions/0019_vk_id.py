"""Signing in with VK ID, renewed tokens, and since when a connection is in its state."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_VK_COLUMNS = (
    ("device_id", sa.Text, None),
    ("number", sa.Integer, "0"),
    ("renewals", sa.Integer, "0"),
    ("renewing_until", sa.DateTime, None),
    ("renewal_failures", sa.Integer, "0"),
    ("renew_after", sa.DateTime, None),
)
_CONNECTIONS = ("evotor_connections", "vk_connections")


def upgrade() -> None:
    for table in _CONNECTIONS:
        op.add_column(table, sa.Column("state_since", sa.DateTime()))
    for name, kind, default in _VK_COLUMNS:
        column = sa.Column(name, kind(), nullable=default is None, server_default=default)
        op.add_column("vk_connections", column)
    op.create_table(
        "vk_sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vk_sign_ins")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_vk_sign_ins_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["user_sessions.id"],
            name=op.f("fk_vk_sign_ins_session_id_user_sessions"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("state_hash", name=op.f("uq_vk_sign_ins_state_hash")),
    )
    op.create_index("ix_vk_sign_ins_user_id", "vk_sign_ins", ["user_id"])
    op.create_index("ix_vk_sign_ins_session_id", "vk_sign_ins", ["session_id"])
    op.create_table(
        "vk_pending_accesses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("refresh_token", sa.Text()),
        sa.Column("device_id", sa.Text()),
        sa.Column("token_expires_at", sa.DateTime()),
        sa.Column("market_is_granted", sa.Boolean()),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vk_pending_accesses")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_vk_pending_accesses_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["user_sessions.id"],
            name=op.f("fk_vk_pending_accesses_session_id_user_sessions"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("user_id", name=op.f("uq_vk_pending_accesses_user_id")),
    )
    op.create_index("ix_vk_pending_accesses_session_id", "vk_pending_accesses", ["session_id"])


def downgrade() -> None:
    op.drop_table("vk_pending_accesses")
    op.drop_table("vk_sign_ins")
    # Not as a batch: it would make the tables anew, and much hangs on their rows.
    for name, _kind, _default in reversed(_VK_COLUMNS):
        op.execute(f"ALTER TABLE vk_connections DROP COLUMN {name}")
    for table in reversed(_CONNECTIONS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN state_since")
