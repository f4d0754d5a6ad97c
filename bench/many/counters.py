"""What PostgreSQL counted for one database."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

EXTENSION = "pg_stat_statements"


@dataclass(frozen=True)
class Counts:
    transactions: int
    statements: int | None
    """None where the server does not count them: it has to load pg_stat_statements at its start."""

    def since(self, before: "Counts") -> "Counts":
        is_counted = self.statements is not None and before.statements is not None
        statements = self.statements - before.statements if is_counted else None  # type: ignore[operator]  # looked at above
        return Counts(self.transactions - before.transactions, statements)


def counts(connection: Connection) -> Counts:
    transactions = connection.exec_driver_sql(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    ).scalar_one()
    if not _counts_statements(connection):
        return Counts(transactions, None)
    connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
    statements = connection.exec_driver_sql(
        f"SELECT coalesce(sum(calls), 0)::bigint FROM {EXTENSION} "
        "WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).scalar_one()
    return Counts(transactions, statements)


def connections(connection: Connection) -> int:
    """Open ones, ours not counted."""
    number: int = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).scalar_one()
    return number


def _counts_statements(connection: Connection) -> bool:
    return EXTENSION in str(connection.exec_driver_sql("SHOW shared_preload_libraries").scalar_one())
