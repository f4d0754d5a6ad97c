"""Runs the migrations on the application's own engine."""

from alembic import context
from flask import current_app

import app.models.all  # noqa: F401  # makes every table known
from app.db import Base, db


def run() -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A changed table is made anew there: with foreign keys on, dropping the old one would delete its children.
            connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
        context.configure(connection=connection, target_metadata=Base.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "sqlite":
            connection.connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[attr-defined]


run()
