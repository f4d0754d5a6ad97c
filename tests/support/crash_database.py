"""The database of a crash bench: kept as it is once, and put back before every crash."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import sqlalchemy as sa
from psycopg2 import sql

from app.models import Listing, RunStatus, SyncRun
from tests.support.database import drop_postgres, make_postgres, postgres_server


class CrashDatabase:
    """Processes of the product write to it meanwhile, so that nothing here holds a connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg2://"), poolclass=sa.NullPool)

    def keep(self) -> None:
        raise NotImplementedError

    def restore(self) -> None:
        raise NotImplementedError

    def drop(self) -> None:
        """The bench is over."""

    def age_what_is_out(self, days: float) -> None:
        """Items have been out of the selection for so long."""
        long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)
        with self._engine.begin() as connection:
            connection.execute(sa.update(Listing).where(Listing.out_since.is_not(None)).values(out_since=long_ago))

    def lease_until(self) -> datetime | None:
        """Of the run whose worker died, in UTC without saying so."""
        with self._engine.begin() as connection:
            return connection.scalar(
                sa.select(sa.func.max(SyncRun.lease_until)).where(SyncRun.status == RunStatus.RUNNING)
            )


class CrashSqlite(CrashDatabase):
    def __init__(self, folder: Path) -> None:
        self._file, self._kept = folder / "evosync.db", folder / "kept.db"
        super().__init__(f"sqlite:///{self._file}")

    def keep(self) -> None:
        with closing(sqlite3.connect(self._file)) as now, closing(sqlite3.connect(self._kept)) as kept:
            now.backup(kept)

    def restore(self) -> None:
        for name in ("-wal", "-shm"):
            self._file.with_name(self._file.name + name).unlink(missing_ok=True)
        self._file.write_bytes(self._kept.read_bytes())


class CrashPostgres(CrashDatabase):
    def __init__(self, folder: Path) -> None:
        self._name = f"evosync_crash_{os.getpid()}_{abs(hash(folder)) % 10**6}"
        self._kept = f"{self._name}_kept"
        super().__init__(make_postgres(self._name))

    def keep(self) -> None:
        self._copy(self._name, self._kept)

    def restore(self) -> None:
        self._copy(self._kept, self._name)

    def drop(self) -> None:
        drop_postgres(self._name)
        drop_postgres(self._kept)

    def _copy(self, source: str, target: str) -> None:
        """A killed process may still be connected to either."""
        drop_postgres(target)
        with closing(psycopg2.connect(postgres_server())) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (source,))
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                cursor.execute(statement.format(sql.Identifier(target), sql.Identifier(source)))
