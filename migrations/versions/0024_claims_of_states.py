"""Who is to be served next, by lane and time, claimed by one worker; what the workers of the queue have room for."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sync_states") as batch:
        batch.drop_index(op.f("ix_sync_states_next_run_at"))
        batch.add_column(sa.Column("scheduled_at", sa.DateTime()))
        batch.add_column(sa.Column("lane", sa.String(16), nullable=False, server_default="routine"))
        batch.add_column(sa.Column("claimed_until", sa.DateTime()))
        batch.create_check_constraint(op.f("ck_sync_states_lane"), "lane IN ('interactive', 'routine', 'bulk')")
    has_time = sa.text("next_run_at IS NOT NULL")
    op.create_index(
        "ix_sync_states_due",
        "sync_states",
        ["lane", "next_run_at", "user_id"],
        sqlite_where=has_time,
        postgresql_where=has_time,
    )
    op.create_table(
        "queue_slots",
        sa.Column("worker", sa.String(128), nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("lane IN ('interactive', 'routine', 'bulk')", name=op.f("ck_queue_slots_lane")),
        sa.PrimaryKeyConstraint("worker", "lane", name=op.f("pk_queue_slots")),
    )


def downgrade() -> None:
    op.drop_table("queue_slots")
    op.drop_index("ix_sync_states_due", table_name="sync_states")
    with op.batch_alter_table("sync_states") as batch:
        batch.drop_constraint(op.f("ck_sync_states_lane"), type_="check")
        batch.drop_column("claimed_until")
        batch.drop_column("lane")
        batch.drop_column("scheduled_at")
        batch.create_index(op.f("ix_sync_states_next_run_at"), ["next_run_at"])
