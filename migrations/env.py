"""Runs the migrations on the application's own engine."""

from alembic import context
from flask import current_app

import app.models  # noqa: F401  # makes every table known
from app.db import Base, db


def run() -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


run()
