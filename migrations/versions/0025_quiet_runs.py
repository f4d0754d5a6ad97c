"""Runs that find nothing to do leave no row, and end by what the last complete one noted; numbers of runs that never
run out.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NEWEST = "ix_sync_runs_newest"
NUMBERS = {
    "sync_runs": ("id",),
    "sync_run_entries": ("id", "run_id"),
    "sync_states": ("order_run_id",),
    "listings": ("hidden_run_id",),
}
"""Of runs and entries, and whatever names a run."""


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, columns in _columns().items():
        for column in columns:  # an earlier try may have come so far
            op.add_column(table, column, if_not_exists=is_postgresql)
    if not is_postgresql:
        op.create_index(NEWEST, "sync_runs", ["user_id", "id"])
        return
    # Each by itself, so that a table is locked no longer than it takes to write it anew, and runs go on with the rest.
    with op.get_context().autocommit_block():
        _retype("bigint")
        op.execute(f"DROP INDEX IF EXISTS {NEWEST}")  # an earlier try may have left it half made
        op.execute(f"CREATE INDEX CONCURRENTLY {NEWEST} ON sync_runs (user_id, id)")


def downgrade() -> None:
    op.drop_index(NEWEST, table_name="sync_runs")
    if op.get_bind().dialect.name == "postgresql":
        _retype("integer")
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)


def _retype(kind: str) -> None:
    for table, columns in NUMBERS.items():
        changes = ", ".join(f"ALTER COLUMN {column} TYPE {kind}" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")
        if "id" in columns:
            op.execute(f"ALTER SEQUENCE {table}_id_seq AS {kind}")


def _columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    return {
        "sync_states": (
            sa.Column("quiet_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
            sa.Column("quiet_began_at", sa.DateTime(), nullable=True),
            sa.Column("quiet_at", sa.DateTime(), nullable=True),
            sa.Column("quiet_runs", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("quiet_skipped", sa.JSON(), nullable=False, server_default="{}"),
            sa.Column("quiet_days", sa.JSON(), nullable=False, server_default="{}"),
        ),
        "kept_plans": (
            sa.Column("settled_of", sa.Integer(), nullable=True),
            sa.Column("settled_stamp", sa.String(64), nullable=True),
            sa.Column("settled_at", sa.DateTime(), nullable=True),
            sa.Column("settled_until", sa.DateTime(), nullable=True),
            sa.Column("settled_skipped", sa.JSON(), nullable=False, server_default="{}"),
        ),
        "catalog_stores": (
            sa.Column("heard", sa.String(64), nullable=True),
            sa.Column("heard_at", sa.DateTime(), nullable=True),
        ),
    }
