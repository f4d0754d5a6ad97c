"""Mails that are to go out, whether an address is confirmed, and which mails its owner wants."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KINDS = "'confirm_email', 'reset_password', 'connection', 'no_good_run', 'approval', 'weekly_digest'"


def upgrade() -> None:
    op.add_column("users", sa.Column("email_confirmed_at", sa.DateTime()))
    op.add_column("users", sa.Column("mail_choices", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("address", sa.String(254), nullable=False, server_default=""),
        sa.Column("about", sa.String(64), nullable=False, server_default=""),
        sa.Column("created_at", sa.DateTime(), nullable=False, server_default=sa.func.now()),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("claimed_until", sa.DateTime(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("given_up_at", sa.DateTime(), nullable=True),
        sa.Column("error_code", sa.String(64), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_outgoing_mails_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_outgoing_mails_user_id_users"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_outgoing_mails_next_try_at", "outgoing_mails", ["next_try_at"])
    op.create_index("ix_outgoing_mails_user_id", "outgoing_mails", ["user_id", "kind", "created_at"])


def downgrade() -> None:
    op.drop_table("outgoing_mails")
    op.drop_column("users", "mail_choices")
    op.drop_column("users", "email_confirmed_at")
