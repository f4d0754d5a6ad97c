"""Runs the migrations on the application's own engine, one process at a time: the next one finds them done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection, RootTransaction
from sqlalchemy.exc import OperationalError

import app.models.all  # noqa: F401  # makes every table known
from app.db import Base, db, is_contention

MIGRATING = 7_262_025
"""Any number: PostgreSQL's name of the lock."""


def run() -> None:
    with db.engine.connect() as connection:
        alone = _alone_on_sqlite if connection.dialect.name == "sqlite" else _alone_on_postgres
        with alone(connection):
            context.run_migrations()


@contextmanager
def _alone_on_postgres(connection: Connection) -> Iterator[None]:
    """However long the other takes: it is at the same work. The turn outlasts the transactions of a migration that
    commits on its way, and who waits for it holds no snapshot that an index made CONCURRENTLY would wait for.
    """
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as turn:
        while not turn.scalar(sa.select(sa.func.pg_try_advisory_lock(MIGRATING))):
            time.sleep(0.2)
        try:
            _configure(connection)
            with context.begin_transaction():
                yield
        finally:
            turn.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATING)))


@contextmanager
def _alone_on_sqlite(connection: Connection) -> Iterator[None]:
    """As the one writer, in one transaction for all migrations: they are made all, or none."""
    # A changed table is made anew there: with foreign keys on, dropping the old one would delete its children.
    connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
    try:
        with _turn(connection):
            _configure(connection)
            yield
    finally:
        connection.connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[attr-defined]


def _turn(connection: Connection) -> RootTransaction:
    while True:
        try:
            return connection.begin()
        except OperationalError as error:
            if not is_contention(error):
                raise


def _configure(connection: Connection) -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    context.configure(connection=connection, target_metadata=Base.metadata, **options)


run()
