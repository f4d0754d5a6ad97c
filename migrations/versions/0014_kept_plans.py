"""The plan is made once for each state of what it is made of, and kept for all pages and processes.

`sync_states.settled_digest` serves nobody any more and goes with the next release.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_plans",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("made_of", sa.Integer(), nullable=True),
        sa.Column("stamp", sa.String(64), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=True),
        sa.Column("valid_until", sa.DateTime(), nullable=True),
        sa.Column("making_until", sa.DateTime(), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_kept_plans")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_kept_plans_user_id_users"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "kept_parts",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("made_of", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "made_of", "section", "number", name=op.f("pk_kept_parts")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_kept_parts_user_id_users"), ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("kept_parts")
    op.drop_table("kept_plans")
