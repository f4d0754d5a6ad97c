"""Brakes, drift, adoption, orders of the owner, growing pauses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TRIGGERS = "'confirmed', 'manual', 'schedule', 'command'"
ACTIONS = "'hide', 'edit', 'show', 'add', 'album_add', 'album_put', 'album_remove', 'delete'"
STORE_STATES = "'ok', 'payment_required', 'forbidden', 'unavailable', 'suspicious', 'missing'"
NEW_ACTIONS = "'hide', 'edit', 'show', 'add', 'album_rename', 'album_add', 'album_put', 'album_remove', 'delete'"


def _last_run_id() -> int | None:
    """SQLite remembers the highest id ever given; a table made anew would know only the ones that are left."""
    if op.get_bind().dialect.name != "sqlite":
        return None
    return op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'sync_runs'"))


def _keep_run_ids(last: int | None) -> None:
    if last is not None:
        connection = op.get_bind()
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'sync_runs'"))
        insert = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('sync_runs', :last)")
        connection.execute(insert, {"last": last})


def _check(table: str, column: str, values: str) -> None:
    with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": table == "sync_runs"}) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_{column}"), f"{column} IN ({values})")


def upgrade() -> None:
    last_run_id = _last_run_id()
    _check("sync_runs", "trigger", f"{TRIGGERS}, 'hide_all', 'undo'")
    _check("sync_run_entries", "action", NEW_ACTIONS)
    _check("catalog_stores", "state", f"{STORE_STATES}, 'closed'")
    with op.batch_alter_table("sync_runs", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("cancel_requested", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("fingerprint", sa.String(64)))
    _keep_run_ids(last_run_id)
    with op.batch_alter_table("sync_states") as batch:
        batch.add_column(sa.Column("foreign_items", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("strikes", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("strike_code", sa.String(64)))
        batch.add_column(sa.Column("owner_order", sa.String(16)))
        batch.add_column(sa.Column("order_run_id", sa.Integer()))
        batch.create_check_constraint(op.f("ck_sync_states_owner_order"), "owner_order IN ('hide_all', 'undo')")
        batch.create_foreign_key(
            op.f("fk_sync_states_order_run_id_sync_runs"), "sync_runs", ["order_run_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(op.f("ix_sync_states_order_run_id"), "sync_states", ["order_run_id"])
    with op.batch_alter_table("vk_connections") as batch:
        batch.add_column(sa.Column("way_out", sa.Text()))
        batch.add_column(sa.Column("resting", sa.JSON(), server_default="{}", nullable=False))
        batch.add_column(sa.Column("refused_categories", sa.JSON(), server_default="[]", nullable=False))
    with op.batch_alter_table("catalog_stores") as batch:
        batch.add_column(sa.Column("retry_after", sa.DateTime()))
    with op.batch_alter_table("listings") as batch:
        for moment in ("written_at", "deleted_at", "evotor_asked_at"):
            batch.add_column(sa.Column(moment, sa.DateTime()))
        for flag in ("is_adopted", "keeps_photo", "gone_answered", "hide_approved", "evotor_has_it"):
            batch.add_column(sa.Column(flag, sa.Boolean(), server_default=sa.false(), nullable=False))
        for facts in ("drift", "rendered"):
            batch.add_column(sa.Column(facts, sa.JSON(), server_default="{}", nullable=False))
    op.create_index(op.f("ix_listings_hidden_run_id"), "listings", ["hidden_run_id"])
    with op.batch_alter_table("vk_albums") as batch:
        batch.add_column(sa.Column("pending_title", sa.String(128)))
        batch.add_column(sa.Column("full_until", sa.DateTime()))
    op.create_table(
        "foreign_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("vk_group_id", sa.BigInteger(), nullable=False),
        sa.Column("vk_item_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("store_id", sa.String(255), nullable=False),
        sa.Column("product_id", sa.String(255), nullable=False),
        sa.Column("matched_by", sa.String(16), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("is_left", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("matched_by IN ('article', 'barcode', 'name')", name=op.f("ck_foreign_items_matched_by")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_foreign_items_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_items")),
        sa.UniqueConstraint("vk_group_id", "vk_item_id", name=op.f("uq_foreign_items_vk_group_id_vk_item_id")),
    )


def downgrade() -> None:
    last_run_id = _last_run_id()
    op.drop_table("foreign_items")
    with op.batch_alter_table("vk_albums") as batch:
        batch.drop_column("full_until")
        batch.drop_column("pending_title")
    op.drop_index(op.f("ix_listings_hidden_run_id"), table_name="listings")
    with op.batch_alter_table("listings") as batch:
        for name in ("rendered", "drift", "evotor_has_it", "hide_approved", "gone_answered", "keeps_photo"):
            batch.drop_column(name)
        for name in ("is_adopted", "evotor_asked_at", "deleted_at", "written_at"):
            batch.drop_column(name)
    with op.batch_alter_table("catalog_stores") as batch:
        batch.drop_column("retry_after")
    with op.batch_alter_table("vk_connections") as batch:
        for name in ("refused_categories", "resting", "way_out"):
            batch.drop_column(name)
    op.drop_index(op.f("ix_sync_states_order_run_id"), table_name="sync_states")
    with op.batch_alter_table("sync_states") as batch:
        batch.drop_constraint(op.f("fk_sync_states_order_run_id_sync_runs"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_sync_states_owner_order"), type_="check")
        for name in ("order_run_id", "owner_order", "strike_code", "strikes", "foreign_items"):
            batch.drop_column(name)
    with op.batch_alter_table("sync_runs", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_column("fingerprint")
        batch.drop_column("cancel_requested")
    op.execute("UPDATE sync_runs SET trigger = 'manual' WHERE trigger IN ('hide_all', 'undo')")
    op.execute("DELETE FROM sync_run_entries WHERE action = 'album_rename'")
    op.execute("UPDATE catalog_stores SET state = 'missing' WHERE state = 'closed'")
    _check("catalog_stores", "state", STORE_STATES)
    _check("sync_run_entries", "action", ACTIONS)
    _check("sync_runs", "trigger", TRIGGERS)
    _keep_run_ids(last_run_id)
