"""Sessions that the server can end, failures counted per source, the record of what matters; one form of addresses."""

import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = (
    "'registered', 'signed_in', 'sign_in_failed', 'sign_in_locked', 'password_refused', 'signed_out', "
    "'signed_out_everywhere', 'password_changed', 'evotor_connected', 'evotor_changed', 'evotor_disconnected', "
    "'vk_connected', 'vk_changed', 'vk_disconnected', 'enabled', 'disabled', 'confirmed', 'approved', "
    "'hide_all_ordered', 'undo_ordered', 'run_stopped'"
)


def upgrade() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("is_remembered", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_user_sessions_key_hash")),
    )
    op.create_index("ix_user_sessions_user_id", "user_sessions", ["user_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("account", "source", name=op.f("pk_sign_in_failures")),
    )
    op.create_table(
        "account_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=255), server_default="", nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_account_events_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_events_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_events")),
    )
    op.create_index("ix_account_events_user_id", "account_events", ["user_id", "at"])
    op.create_index("ix_account_events_at", "account_events", ["at"])
    op.drop_column("users", "locked_until")
    _normalise_addresses()


def _normalise_addresses() -> None:
    """Where two accounts are one address now, the one that has its normal form, else the older one, gets it."""
    users = sa.table("users", sa.column("id", sa.Integer), sa.column("email", sa.String))
    connection = op.get_bind()
    rows = connection.execute(sa.select(users.c.id, users.c.email).order_by(users.c.id)).all()
    taken = {email for _id, email in rows}
    for user_id, email in rows:
        if (normal := _normal(email)) not in taken:
            taken.add(normal)
            connection.execute(sa.update(users).where(users.c.id == user_id).values(email=normal))


def _normal(email: str) -> str:
    try:
        address = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return email
    return f"{address.local_part}@{address.ascii_domain}".lower()


def downgrade() -> None:
    op.add_column("users", sa.Column("locked_until", sa.DateTime(), nullable=True))
    op.drop_table("account_events")
    op.drop_table("sign_in_failures")
    op.drop_table("user_sessions")
