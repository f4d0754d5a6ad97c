"""Evotor's subscriptions, each with its last event; when a connection was last asked; links that confirm once."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

DUE = "ix_evotor_connections_refresh_due_at"


def upgrade() -> None:
    op.add_column("evotor_connections", sa.Column("subscriptions", sa.JSON(), nullable=False, server_default="{}"))
    _take_over_the_last_one()
    op.add_column("users", sa.Column("confirmations", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index(DUE, "evotor_connections")
    op.create_index(DUE, "evotor_connections", ["refresh_due_at", "checked_at"])
    op.create_index("ix_vk_connections_checked_at", "vk_connections", ["checked_at"])


def _take_over_the_last_one() -> None:
    names = ("id", "subscription_id", "subscription_number", "is_terminated")
    row = sa.table("evotor_connections", *map(sa.column, names), sa.column("subscriptions", sa.JSON()))
    known = sa.select(*(row.c[name] for name in names)).where(row.c.subscription_id.is_not(None))
    for row_id, subscription, number, is_ended in op.get_bind().execute(known).all():
        told = {subscription: [number or 0, bool(is_ended)]}
        op.execute(sa.update(row).where(row.c.id == row_id).values(subscriptions=told))


def downgrade() -> None:
    op.drop_index("ix_vk_connections_checked_at", "vk_connections")
    op.drop_index(DUE, "evotor_connections")
    op.create_index(DUE, "evotor_connections", ["refresh_due_at"])
    op.drop_column("users", "confirmations")
    op.drop_column("evotor_connections", "subscriptions")
