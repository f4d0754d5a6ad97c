"""Users, connections, configuration, catalog, listings and runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("session_key", sa.String(length=64), nullable=False),
        sa.Column("time_zone", sa.String(length=64), server_default="Europe/Moscow", nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("session_key", name=op.f("uq_users_session_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "catalog_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(length=255), nullable=False),
        sa.Column("group_id", sa.String(length=255), nullable=False),
        sa.Column("parent_id", sa.String(length=255), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_variant_model", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_catalog_groups_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_groups")),
        sa.UniqueConstraint(
            "user_id", "store_id", "group_id", name=op.f("uq_catalog_groups_user_id_store_id_group_id")
        ),
    )
    op.create_table(
        "catalog_products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(length=255), nullable=False),
        sa.Column("product_id", sa.String(length=255), nullable=False),
        sa.Column("group_id", sa.String(length=255), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("allow_to_sell", sa.Boolean(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("barcodes", sa.JSON(), nullable=False),
        sa.Column("is_excisable", sa.Boolean(), nullable=False),
        sa.Column("is_age_limited", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_catalog_products_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_products")),
        sa.UniqueConstraint(
            "user_id", "store_id", "product_id", name=op.f("uq_catalog_products_user_id_store_id_product_id")
        ),
    )
    op.create_table(
        "catalog_stores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("fetched_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('ok', 'payment_required', 'forbidden', 'unavailable', 'suspicious', 'missing')",
            name=op.f("ck_catalog_stores_state"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_catalog_stores_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_stores")),
        sa.UniqueConstraint("user_id", "store_id", name=op.f("uq_catalog_stores_user_id_store_id")),
    )
    op.create_table(
        "evotor_connections",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("evotor_user_id", sa.String(length=64), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("checked_at", sa.DateTime(), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('ok', 'disconnected', 'token_rejected', 'forbidden', 'unavailable', 'shop_closed',"
            " 'needs_owner')",
            name=op.f("ck_evotor_connections_state"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_evotor_connections_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evotor_connections")),
        sa.UniqueConstraint("user_id", name=op.f("uq_evotor_connections_user_id")),
    )
    op.create_table(
        "sync_approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("approved_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sync_approvals_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_approvals")),
    )
    op.create_table(
        "sync_configs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sync_configs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_configs")),
        sa.UniqueConstraint("user_id", name=op.f("uq_sync_configs_user_id")),
    )
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'continued', 'stopped', 'failed', 'needs_approval')",
            name=op.f("ck_sync_runs_status"),
        ),
        sa.CheckConstraint(
            "trigger IN ('confirmed', 'manual', 'schedule', 'command')", name=op.f("ck_sync_runs_trigger")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sync_runs_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("uq_sync_runs_one_active"),
        "sync_runs",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('queued', 'running')"),
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )

    op.create_table(
        "sync_states",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(), nullable=True),
        sa.Column("pause_reason", sa.String(length=64), nullable=True),
        sa.Column("market_read_at", sa.DateTime(), nullable=True),
        sa.Column("foreign_albums", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rules_digest", sa.String(length=64), nullable=True),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sync_states_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_states")),
        sa.UniqueConstraint("user_id", name=op.f("uq_sync_states_user_id")),
    )
    op.create_index(op.f("ix_sync_states_next_run_at"), "sync_states", ["next_run_at"], unique=False)

    op.create_table(
        "vk_albums",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("vk_group_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("vk_album_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempted_at", sa.DateTime(), nullable=True),
        sa.Column("retry_after", sa.DateTime(), nullable=True),
        sa.Column("strangers", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('adding', 'live')", name=op.f("ck_vk_albums_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_vk_albums_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vk_albums")),
        sa.UniqueConstraint("vk_group_id", "title", name=op.f("uq_vk_albums_vk_group_id_title")),
    )
    op.create_table(
        "vk_connections",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("last_group_id", sa.BigInteger(), nullable=True),
        sa.Column("group_name", sa.Text(), server_default="", nullable=False),
        sa.Column("vk_user_id", sa.BigInteger(), nullable=True),
        sa.Column("vk_user_name", sa.Text(), server_default="", nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("refresh_token", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("rights", sa.BigInteger(), nullable=True),
        sa.Column("is_extended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("checked_at", sa.DateTime(), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('ok', 'disconnected', 'token_rejected', 'forbidden', 'unavailable', 'shop_closed',"
            " 'needs_owner')",
            name=op.f("ck_vk_connections_state"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_vk_connections_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vk_connections")),
        sa.UniqueConstraint("group_id", name=op.f("uq_vk_connections_group_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_vk_connections_user_id")),
    )
    op.create_table(
        "listings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("vk_group_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.String(length=255), nullable=False),
        sa.Column("product_id", sa.String(length=255), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vk_item_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempted_at", sa.DateTime(), nullable=True),
        sa.Column("sent", sa.JSON(), nullable=False),
        sa.Column("photo_id", sa.BigInteger(), nullable=True),
        sa.Column("photo_hash", sa.String(length=64), nullable=True),
        sa.Column("album", sa.Text(), nullable=True),
        sa.Column("album_intent", sa.Text(), nullable=True),
        sa.Column("out_since", sa.DateTime(), nullable=True),
        sa.Column("hidden_reason", sa.String(length=32), nullable=True),
        sa.Column("hidden_run_id", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("failed_digest", sa.String(length=64), nullable=True),
        sa.Column("retry_after", sa.DateTime(), nullable=True),
        sa.CheckConstraint("state IN ('adding', 'live', 'hidden', 'gone')", name=op.f("ck_listings_state")),
        sa.ForeignKeyConstraint(
            ["hidden_run_id"], ["sync_runs.id"], name=op.f("fk_listings_hidden_run_id_sync_runs"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_listings_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint(
            "user_id",
            "vk_group_id",
            "store_id",
            "product_id",
            name=op.f("uq_listings_user_id_vk_group_id_store_id_product_id"),
        ),
        sa.UniqueConstraint("vk_group_id", "vk_item_id", name=op.f("uq_listings_vk_group_id_vk_item_id")),
    )
    op.create_table(
        "sync_filters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sync_config_id", sa.Integer(), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=255), nullable=False),
        sa.Column("entity_name", sa.String(length=255), nullable=False),
        sa.Column("filter_mode", sa.String(length=16), nullable=False),
        sa.Column("parent_entity_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("entity_type IN ('store', 'group', 'product')", name=op.f("ck_sync_filters_entity_type")),
        sa.CheckConstraint("filter_mode IN ('include', 'exclude')", name=op.f("ck_sync_filters_filter_mode")),
        sa.ForeignKeyConstraint(
            ["sync_config_id"],
            ["sync_configs.id"],
            name=op.f("fk_sync_filters_sync_config_id_sync_configs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_filters")),
        sa.UniqueConstraint(
            "sync_config_id",
            "entity_type",
            "entity_id",
            name=op.f("uq_sync_filters_sync_config_id_entity_type_entity_id"),
        ),
    )
    op.create_table(
        "sync_run_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("store_id", sa.String(length=255), nullable=True),
        sa.Column("product_id", sa.String(length=255), nullable=True),
        sa.Column("vk_item_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "action IN ('hide', 'edit', 'show', 'add', 'album_add', 'album_put', 'album_remove', 'delete')",
            name=op.f("ck_sync_run_entries_action"),
        ),
        sa.CheckConstraint(
            "outcome IN ('done', 'failed', 'unknown', 'kept')", name=op.f("ck_sync_run_entries_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_runs.id"], name=op.f("fk_sync_run_entries_run_id_sync_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run_entries")),
    )
    op.create_index(op.f("ix_sync_run_entries_run_id"), "sync_run_entries", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_sync_run_entries_run_id"), table_name="sync_run_entries")

    op.drop_table("sync_run_entries")
    op.drop_table("sync_filters")
    op.drop_table("listings")
    op.drop_table("vk_connections")
    op.drop_table("vk_albums")
    op.drop_index(op.f("ix_sync_states_next_run_at"), table_name="sync_states")

    op.drop_table("sync_states")
    op.drop_index(
        op.f("uq_sync_runs_one_active"),
        table_name="sync_runs",
        sqlite_where=sa.text("status IN ('queued', 'running')"),
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )

    op.drop_table("sync_runs")
    op.drop_table("sync_configs")
    op.drop_table("sync_approvals")
    op.drop_table("evotor_connections")
    op.drop_table("catalog_stores")
    op.drop_table("catalog_products")
    op.drop_table("catalog_groups")
    op.drop_table("users")
