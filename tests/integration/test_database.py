"""What the database itself guarantees, on both databases where it can differ."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError, OperationalError

from app.clock import utcnow
from app.db import Base, EncryptedText, db, engine_options, is_changed, is_contention
from app.models import CatalogProduct, RunStatus, RunTrigger, SyncConfig, SyncFilter, SyncRun, User
from tests.conftest import KEY, running_app, settings_for
from tests.factories import add_product, make_user
from tests.support.clock import NOON, stop_at
from tests.support.database import server_now

ROOT = Path(__file__).resolve().parents[2]

INCREMENTS = """
import sys
from multiprocessing import get_context

from app import create_app
from app.db import db
from app.models import User

app = create_app()

def add_up():
    for _ in range(50):
        with app.app_context():
            user = db.session.get(User, 1)
            user.failed_sign_ins += 1
            db.session.commit()

workers = [get_context("fork").Process(target=add_up) for _ in range(4)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
sys.exit(any(worker.exitcode for worker in workers))
"""


def test_processes_that_read_and_then_write_lose_nothing(app: Flask, settings: Any) -> None:
    """The order that loses updates where a transaction takes its lock only at the write."""
    user = make_user()
    environ = {
        "PATH": os.environ["PATH"],
        "EVOSYNC_ENV": "testing",
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": KEY,
    }
    workers = [sys.executable, "-c", INCREMENTS]
    ended = subprocess.run(workers, cwd=ROOT, env=environ, capture_output=True, timeout=120, check=False)

    assert (ended.returncode, ended.stderr) == (0, b"")
    db.session.refresh(user)
    assert user.failed_sign_ins == 200


def test_a_row_without_its_owner_is_refused(app_on_each_database: Flask) -> None:
    db.session.add(SyncConfig(user_id=999))

    with pytest.raises(IntegrityError):
        db.session.flush()


# A row in every table


def a_value(column: sa.Column[Any]) -> object:
    """Something that the column takes: an allowed word where a CHECK lists them."""
    for check in column.table.constraints:
        if isinstance(check, sa.CheckConstraint) and str(check.sqltext).startswith(f"{column.name} IN ("):
            return str(check.sqltext).split("'")[1]
    if isinstance(column.type, sa.DateTime):
        return utcnow()
    if isinstance(column.type, sa.JSON):
        return {}
    return "x" if isinstance(column.type, sa.String | EncryptedText) else 1


def owned_tables() -> list[sa.Table]:
    """Failures to sign in are counted for addresses that nobody has, too, and tokens of Evotor's kept that are nobody's
    so far; both are forgotten, as are the slots of workers that are gone. Vendors are
    everybody's.
    """
    of_nobody = {"sign_in_failures", "evotor_kept_tokens", "queue_slots", "vendor_circuits"}
    return [table for table in Base.metadata.sorted_tables if table.name not in of_nobody]


def fill_every_table(user: User) -> dict[str, int]:
    """One row of the user's in every table, with every column filled; the ids by table."""
    assert user.sync_config is not None
    assert user.sync_state is not None
    ids = {"users": user.id, "sync_configs": user.sync_config.id, "sync_states": user.sync_state.id}
    for table in owned_tables():
        if table.name in ids:
            continue
        values = {column.name: a_value(column) for column in table.columns if column.name != "id"}
        for key in table.foreign_keys:
            values[key.parent.name] = ids[key.column.table.name]
        if "id" in table.c:
            ids[table.name] = db.session.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one()
        else:
            db.session.execute(sa.delete(table))  # the user's own, made by the way
            db.session.execute(sa.insert(table).values(values))
    db.session.commit()
    return ids


def row_counts() -> dict[str, int]:
    return {
        table.name: db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in owned_tables()
    }


def test_a_deleted_user_leaves_nothing_behind(app_on_each_database: Flask) -> None:
    user = make_user()
    fill_every_table(user)
    assert min(row_counts().values()) == 1

    db.session.execute(sa.delete(User).where(User.id == user.id))
    db.session.commit()

    assert set(row_counts().values()) == {0}


def test_a_deleted_run_leaves_the_listing_that_it_hid(app_on_each_database: Flask) -> None:
    user = make_user()
    run_id = fill_every_table(user)["sync_runs"]

    db.session.execute(sa.delete(SyncRun).where(SyncRun.id == run_id))
    db.session.commit()

    assert (row_counts()["listings"], row_counts()["sync_run_entries"]) == (1, 0)


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_foreign_key_says_what_happens_on_delete(table: sa.Table) -> None:
    assert all(key.ondelete in ("CASCADE", "SET NULL") for key in table.foreign_keys)


# CHECK, UNIQUE, ids, times


@pytest.mark.parametrize(("field", "value"), [("entity_type", "shop"), ("filter_mode", "maybe"), ("filter_mode", "")])
def test_a_rule_of_another_kind_is_refused(app_on_each_database: Flask, field: str, value: str) -> None:
    config = make_user().sync_config
    assert config is not None
    usual: dict[str, Any] = {"entity_type": "store", "filter_mode": "include", "entity_id": "S1", "entity_name": "x"}
    db.session.add(SyncFilter(sync_config_id=config.id, **(usual | {field: value})))

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_one_entity_has_one_rule(app_on_each_database: Flask) -> None:
    config = make_user().sync_config
    assert config is not None
    for mode in ("include", "exclude"):
        config.filters.append(SyncFilter(entity_type="store", entity_id="S1", entity_name="Лавка", filter_mode=mode))

    with pytest.raises(IntegrityError):
        db.session.flush()


@pytest.mark.parametrize(("field", "value"), [("status", "lost"), ("trigger", "moon")])
def test_a_run_of_another_kind_is_refused(app_on_each_database: Flask, field: str, value: str) -> None:
    usual: dict[str, Any] = {"trigger": RunTrigger.MANUAL, "status": RunStatus.QUEUED}
    db.session.add(SyncRun(user_id=make_user().id, **(usual | {field: value})))

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_a_user_has_at_most_one_active_run(app_on_each_database: Flask) -> None:
    user = make_user()
    for status in (RunStatus.SUCCEEDED, RunStatus.QUEUED, RunStatus.RUNNING):
        db.session.add(SyncRun(user_id=user.id, trigger=RunTrigger.MANUAL, status=status))

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_a_users_id_is_never_given_again(app_on_each_database: Flask) -> None:
    first = make_user("first@example.ru").id
    db.session.execute(sa.delete(User))
    db.session.commit()
    db.session.expunge_all()

    assert make_user("second@example.ru").id > first


def test_a_runs_id_is_never_given_again(app_on_each_database: Flask) -> None:
    user = make_user()
    ids = []
    for _ in range(2):
        run = SyncRun(user_id=user.id, trigger=RunTrigger.MANUAL)
        db.session.add(run)
        db.session.commit()
        ids.append(run.id)
        db.session.execute(sa.delete(SyncRun))
        db.session.commit()

    assert ids[1] > ids[0]


def test_rows_are_noted_by_our_clock(app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database may stand on another machine: moments that are compared come from one clock."""
    stop_at(monkeypatch, NOON)
    user = make_user()
    run = SyncRun(user_id=user.id, trigger=RunTrigger.MANUAL)
    db.session.add(run)
    db.session.commit()
    db.session.expire_all()

    assert user.sync_config is not None
    assert {user.created_at, run.created_at, user.sync_config.created_at, user.sync_config.updated_at} == {NOON}


def test_times_of_a_postgresql_with_another_zone_are_utc(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url")
    for _ in running_app(settings_for(url)):
        name = db.engine.url.database
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE \"{name}\" SET timezone TO 'Asia/Vladivostok'")
        db.engine.dispose()
        try:
            now = db.session.scalars(sa.text("SELECT now()::timestamp")).one()
            assert now == server_now()
        finally:
            db.session.rollback()
            with db.engine.begin() as connection:
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" RESET timezone')


def test_sqlite_runs_with_its_guards_on(app: Flask) -> None:
    with db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "journal_mode", "busy_timeout")
        }

    assert found == {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 15_000}


def test_a_writer_who_waits_in_vain_is_told_so_and_waits_as_long_the_next_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.SQLITE_BUSY_MS", 16)
    with db.engine.connect() as first, db.engine.connect() as second:
        first.begin()
        with pytest.raises(OperationalError) as told:
            second.begin()
        assert is_contention(told.value)
        first.rollback()
        second.begin()
        assert second.exec_driver_sql("PRAGMA busy_timeout").scalar() == 16


def test_what_is_set_to_what_it_was_is_not_changed(app: Flask) -> None:
    with app.app_context():
        user = make_user("owner@example.ru")
        db.session.commit()

        user.time_zone = user.time_zone
        assert not is_changed(user)

        user.failed_sign_ins += 1
        assert is_changed(user)
        assert is_changed(user, {"failed_sign_ins"})
        assert not is_changed(user, {"time_zone"})


def test_stored_json_that_is_half_a_sign_is_read_all_the_same() -> None:
    read = engine_options("sqlite://")["json_deserializer"]
    assert read('{"name": "\\ud83d"}') == {"name": "\ud83d"}


def test_a_price_comes_back_as_it_was_stored(app_on_each_database: Flask) -> None:
    add_product(make_user(), "P1", price=Decimal("9999999999.99"), quantity=Decimal("-1.375"))
    db.session.expire_all()
    product = db.session.scalars(sa.select(CatalogProduct)).one()

    assert (str(product.price), str(product.quantity)) == ("9999999999.99", "-1.375")
