"""What a run is doing now; indexes for a long history."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sync_runs") as batch:
        batch.add_column(sa.Column("stage", sa.String(16)))
        batch.add_column(sa.Column("stage_note", sa.String(255)))
        batch.add_column(sa.Column("stage_since", sa.DateTime()))
        batch.add_column(sa.Column("stage_done", sa.Integer(), server_default="0", nullable=False))
    op.create_index(op.f("ix_sync_runs_user_id"), "sync_runs", ["user_id", "created_at"])
    op.create_index("ix_sync_run_entries_outcome", "sync_run_entries", ["run_id", "outcome"])
    op.drop_index(op.f("ix_sync_run_entries_run_id"), table_name="sync_run_entries")


def downgrade() -> None:
    op.create_index(op.f("ix_sync_run_entries_run_id"), "sync_run_entries", ["run_id"])
    op.drop_index("ix_sync_run_entries_outcome", table_name="sync_run_entries")
    op.drop_index(op.f("ix_sync_runs_user_id"), table_name="sync_runs")
    with op.batch_alter_table("sync_runs") as batch:
        for name in ("stage_done", "stage_since", "stage_note", "stage"):
            batch.drop_column(name)
