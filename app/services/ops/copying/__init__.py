"""Everything of one database in another: SQLite to PostgreSQL and back."""
