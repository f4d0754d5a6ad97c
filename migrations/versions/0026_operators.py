"""Operators, whose runs they hold up and why, and indexes for what they and monitoring count."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KINDS = (
    "'registered', 'signed_in', 'sign_in_failed', 'sign_in_locked', 'password_refused', 'signed_out', "
    "'signed_out_everywhere', 'password_changed', 'evotor_connected', 'evotor_changed', 'evotor_disconnected', "
    "'vk_connected', 'vk_changed', 'vk_disconnected', 'enabled', 'disabled', 'confirmed', 'approved', "
    "'hide_all_ordered', 'undo_ordered', 'run_stopped', 'email_confirmed', 'evotor_installed'"
)
NEW_KINDS = ("operator_granted", "operator_revoked", "halted", "resumed")
GIVEN_UP = sa.text("given_up_at IS NOT NULL")


def _check(kinds: str) -> None:
    with op.batch_alter_table("account_events") as batch:
        batch.drop_constraint(op.f("ck_account_events_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_account_events_kind"), f"kind IN ({kinds})")


def upgrade() -> None:
    op.add_column("users", sa.Column("is_operator", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("users", sa.Column("halted_at", sa.DateTime()))
    op.add_column("users", sa.Column("halt_reason", sa.String(500)))
    _check(", ".join([KINDS, *(f"'{kind}'" for kind in NEW_KINDS)]))
    op.create_index("ix_sync_runs_finished_at", "sync_runs", ["finished_at"])
    op.create_index(
        "ix_outgoing_mails_given_up_at",
        "outgoing_mails",
        ["given_up_at"],
        sqlite_where=GIVEN_UP,
        postgresql_where=GIVEN_UP,
    )


def downgrade() -> None:
    op.drop_index("ix_outgoing_mails_given_up_at", "outgoing_mails")
    op.drop_index("ix_sync_runs_finished_at", "sync_runs")
    events = sa.table("account_events", sa.column("kind"))
    op.execute(sa.delete(events).where(events.c.kind.in_(NEW_KINDS)))
    _check(KINDS)
    for name in ("halt_reason", "halted_at", "is_operator"):
        op.drop_column("users", name)
