"""The record also holds that an address was confirmed, and that Evotor's application was installed again."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = [
    "registered",
    "signed_in",
    "sign_in_failed",
    "sign_in_locked",
    "password_refused",
    "signed_out",
    "signed_out_everywhere",
    "password_changed",
    "evotor_connected",
    "evotor_changed",
    "evotor_disconnected",
    "vk_connected",
    "vk_changed",
    "vk_disconnected",
    "enabled",
    "disabled",
    "confirmed",
    "approved",
    "hide_all_ordered",
    "undo_ordered",
    "run_stopped",
]
NEW = ["email_confirmed", "evotor_installed"]


def _allow(kinds: list[str]) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("account_events") as batch:
        batch.drop_constraint(op.f("ck_account_events_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_account_events_kind"), f"kind IN ({allowed})")


def upgrade() -> None:
    _allow([*KINDS, *NEW])


def downgrade() -> None:
    op.execute("DELETE FROM account_events WHERE kind IN ('email_confirmed', 'evotor_installed')")
    _allow(KINDS)
