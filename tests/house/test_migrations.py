"""Migrations: one numbered line from nothing to the models and back, on both databases."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.db import Base, db
from app.migrating import MIGRATIONS
from app.models import EvotorConnection
from app.models.catalog import SEARCH_INDEX
from app.services.health import DatabaseState, database_state
from tests.conftest import running_app, settings_for
from tests.support.database import drop_postgres, make_postgres


@pytest.fixture(params=["sqlite", "postgres"])
def app_on_nothing(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application on each database, without any table."""
    if request.param == "sqlite":
        yield from running_app(settings_for(f"sqlite:///{tmp_path / 'evosync.db'}"))
        return
    name = f"evosync_migrations_{worker_id}_{os.getpid()}"
    yield from running_app(settings_for(make_postgres(name)))
    drop_postgres(name)


@pytest.fixture(scope="module")
def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version", "sqlite_sequence"}


def test_migrations_lead_from_nothing_to_the_models(app_on_nothing: Flask) -> None:
    upgrade()

    with db.engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, kind, _parents: name != SEARCH_INDEX}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    assert tables() == set(Base.metadata.tables)


def test_a_migrated_database_is_ready(app_on_nothing: Flask) -> None:
    assert database_state() is DatabaseState.NOT_MIGRATED

    upgrade()

    assert database_state() is DatabaseState.OK


def test_migrations_lead_back_to_nothing(app_on_nothing: Flask) -> None:
    upgrade()
    downgrade(revision="base")

    assert tables() == set()


def test_migrations_lead_forward_again(app_on_nothing: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    upgrade()

    assert tables() == set(Base.metadata.tables)


def test_after_a_migration_that_failed_the_next_try_goes_on(
    app_on_nothing: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_index = op.create_index

    def broken(name: str, *rest: object, **options: object) -> None:
        if name == "ix_sync_runs_finished_at":
            raise RuntimeError(name)
        make_index(name, *rest, **options)  # type: ignore[arg-type]  # as the migrations give them

    monkeypatch.setattr(op, "create_index", broken)
    with pytest.raises(SystemExit):
        upgrade()
    # On PostgreSQL those up to 0025, which makes an index without a lock, stay.
    assert tables() == set() or db.engine.dialect.name == "postgresql"

    monkeypatch.undo()
    upgrade()
    assert tables() == set(Base.metadata.tables)


def checks(app: Flask) -> dict[str, set[str | None]]:
    inspector = sa.inspect(db.engine)
    return {table: {check["name"] for check in inspector.get_check_constraints(table)} for table in tables()}


def test_the_database_holds_every_check_of_the_models(app_on_nothing: Flask) -> None:
    upgrade()

    expected = {
        table.name: {
            f"ck_{table.name}_{check.name}" if not str(check.name).startswith("ck_") else str(check.name)
            for check in table.constraints
            if isinstance(check, sa.CheckConstraint)
        }
        for table in Base.metadata.sorted_tables
    }
    assert checks(app_on_nothing) == expected


def test_there_is_one_head_and_the_file_names_it(scripts: ScriptDirectory) -> None:
    assert scripts.get_heads() == [(MIGRATIONS / "HEAD").read_text().strip()]


def test_migrations_are_numbered_and_worded(scripts: ScriptDirectory) -> None:
    files = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))

    assert files
    for number, name in enumerate(files, start=1):
        assert re.fullmatch(rf"{number:04}_[a-z0-9_]+\.py", name), name


def test_every_migration_follows_the_one_before(scripts: ScriptDirectory) -> None:
    for script in scripts.walk_revisions():
        before = f"{int(script.revision) - 1:04}"
        assert script.down_revision == (None if before == "0000" else before)
        assert Path(script.path).name.startswith(f"{script.revision}_")


def test_a_migration_keeps_what_the_tables_hold(app_on_nothing: Flask) -> None:
    upgrade(revision="0001")
    with db.engine.begin() as connection:
        for statement in (
            "INSERT INTO users (id, email, password_hash, session_key) VALUES (1, 'a@example.ru', 'x', 'y')",
            """INSERT INTO sync_runs (id, user_id, trigger, status, counts, skipped)
                VALUES (1, 1, 'manual', 'queued', '{}', '{}')""",
            """INSERT INTO sync_run_entries (run_id, action, outcome, name, before, after)
                VALUES (1, 'add', 'done', 'Чай', '{}', '{}')""",
            """INSERT INTO listings (user_id, vk_group_id, store_id, product_id, sku, name, state, sent, hidden_run_id)
                VALUES (1, 7, 'S1', 'P1', 'ev:P1', 'Чай', 'live', '{}', 1)""",
        ):
            connection.exec_driver_sql(statement)

    upgrade()

    with db.engine.connect() as connection:
        kept = "SELECT count(*) FROM sync_run_entries e JOIN listings l ON l.hidden_run_id = e.run_id"
        assert connection.scalar(sa.text(kept)) == 1


def test_a_migration_gives_no_id_of_a_run_again(app_on_nothing: Flask) -> None:
    upgrade(revision="0001")
    add = "INSERT INTO sync_runs (user_id, trigger, status, counts, skipped) VALUES (1, 'manual', 'failed', '{}', '{}')"
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO users (id, email, password_hash, session_key) VALUES (1, 'a@example.ru', 'x', 'y')"
        )
        for _ in range(3):
            connection.exec_driver_sql(add)
        connection.exec_driver_sql("DELETE FROM sync_runs WHERE id > 1")

    upgrade()

    with db.engine.begin() as connection:
        connection.exec_driver_sql(add)
        assert connection.scalar(sa.text("SELECT max(id) FROM sync_runs")) == 4


def test_a_migrated_table_still_allows_one_active_run_only(app_on_nothing: Flask) -> None:
    upgrade()
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO users (id, email, password_hash, session_key) VALUES (1, 'a@example.ru', 'x', 'y')"
        )
    run = sa.text(
        "INSERT INTO sync_runs (user_id, trigger, status, counts, skipped) VALUES (1, 'manual', 'queued', '{}', '{}')"
    )

    with db.engine.begin() as connection:
        connection.execute(run)
    with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
        connection.execute(run)
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            made = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'sync_runs'"))
        assert "AUTOINCREMENT" in str(made)


ADDRESSES = {
    1: "owner@example.ru",
    2: "one@пример.рф",
    3: "two@пример.рф",
    4: "two@xn--e1afmkfd.xn--p1ai",
    5: "почта@example.ru",
    6: "no address",
}


def test_addresses_get_their_one_form_where_nobody_has_it_yet(app_on_nothing: Flask) -> None:
    upgrade(revision="0006")
    users = sa.table("users", *(sa.column(name) for name in ("id", "email", "password_hash", "session_key")))
    with db.engine.begin() as connection:
        for user_id, email in ADDRESSES.items():
            row = {"id": user_id, "email": email, "password_hash": "x", "session_key": str(user_id)}
            connection.execute(sa.insert(users).values(row))

    upgrade()

    with db.engine.connect() as connection:
        kept = connection.execute(sa.select(users.c.id, users.c.email)).all()
    assert {row.id: row.email for row in kept} == ADDRESSES | {2: "one@xn--e1afmkfd.xn--p1ai"}


def test_the_last_event_of_a_subscription_is_kept(app_on_nothing: Flask) -> None:
    upgrade(revision="0021")
    with db.engine.begin() as connection:
        for statement in (
            "INSERT INTO users (id, email, password_hash, session_key) VALUES (1, 'a@example.ru', 'x', 'y')",
            """INSERT INTO evotor_connections (user_id, state, subscription_id, subscription_number, is_terminated)
                VALUES (1, 'ok', 's1', 5, true)""",
        ):
            connection.exec_driver_sql(statement)

    upgrade()

    assert db.session.scalar(sa.select(EvotorConnection.subscriptions)) == {"s1": [5, True]}


def test_an_index_that_could_not_be_made_beside_the_runs_is_made_by_the_next_try(
    app_on_nothing: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = op.execute

    def broken(statement: object) -> None:
        if "CONCURRENTLY" in str(statement):
            raise RuntimeError(statement)
        execute(statement)  # type: ignore[arg-type]  # as the migrations give it

    if db.engine.dialect.name == "postgresql":
        monkeypatch.setattr(op, "execute", broken)
        with pytest.raises(SystemExit):
            upgrade()
        monkeypatch.undo()
    upgrade()

    assert "ix_sync_runs_newest" in {index["name"] for index in sa.inspect(db.engine).get_indexes("sync_runs")}
