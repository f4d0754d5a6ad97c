"""What the rules and fitness say of each product, stored with it and counted, so that pages are queries.

What stands there already has no verdict yet: it is judged when somebody first looks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SORT_KEY = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
_ADDED = ("included", "level", "decided_by", "problem", "search_text", "sort_key")
_INDEXES = {
    "ix_catalog_products_by_name": ("user_id", "store_id", "sort_key", "id", "included", "problem"),
    "ix_catalog_products_by_group": ("user_id", "store_id", "group_id", "sort_key"),
    "ix_catalog_products_by_price": ("user_id", "store_id", "price", "sort_key"),
    "ix_catalog_products_by_quantity": ("user_id", "store_id", "quantity", "sort_key"),
}


def upgrade() -> None:
    op.add_column("catalog_products", sa.Column("included", sa.Boolean(), nullable=True))
    op.add_column("catalog_products", sa.Column("level", sa.String(16), nullable=True))
    op.add_column("catalog_products", sa.Column("decided_by", sa.String(255), nullable=True))
    op.add_column("catalog_products", sa.Column("problem", sa.String(32), nullable=True))
    op.add_column("catalog_products", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    op.add_column("catalog_products", sa.Column("sort_key", _SORT_KEY, nullable=False, server_default=""))
    op.add_column("users", sa.Column("verdicts_digest", sa.String(64), nullable=True))
    for name, columns in _INDEXES.items():
        op.create_index(name, "catalog_products", columns)
    not_judged = sa.text("included IS NULL")
    op.create_index(
        "ix_catalog_products_not_judged",
        "catalog_products",
        ["user_id"],
        postgresql_where=not_judged,
        sqlite_where=not_judged,
    )
    _index_search_text()
    op.create_table(
        "catalog_counts",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(255), nullable=False),
        sa.Column("group_id", sa.String(255), nullable=False),
        sa.Column("included", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(32), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "store_id", "group_id", "included", "problem", name=op.f("pk_catalog_counts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_catalog_counts_user_id_users"), ondelete="CASCADE"
        ),
    )


def _index_search_text() -> None:
    """PostgreSQL finds parts of words by trigrams, where it has them; SQLite reads one narrow index from end to end."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        columns = "user_id, store_id, sort_key, id, search_text, included, problem, group_id"
        op.execute(f"CREATE INDEX ix_catalog_products_search ON catalog_products ({columns})")
    elif _has_trigrams(connection):
        op.execute("CREATE INDEX ix_catalog_products_search ON catalog_products USING gin (search_text gin_trgm_ops)")


def _has_trigrams(connection: sa.Connection) -> bool:
    """The extension is there, or this role may bring it in."""
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:
        return False
    return True


def downgrade() -> None:
    op.drop_table("catalog_counts")
    op.execute("DROP INDEX IF EXISTS ix_catalog_products_search")
    op.drop_index("ix_catalog_products_not_judged", "catalog_products")
    for name in _INDEXES:
        op.drop_index(name, "catalog_products")
    op.execute("ALTER TABLE users DROP COLUMN verdicts_digest")
    for name in _ADDED:
        op.execute(f"ALTER TABLE catalog_products DROP COLUMN {name}")
