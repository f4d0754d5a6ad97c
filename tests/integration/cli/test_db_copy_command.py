"""flask db-copy: everything of one database in another, whole or not at all."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from app.crypto import KeyRing
from app.db import Base, db
from app.models import (
    CatalogProduct,
    EvotorConnection,
    EvotorKeptToken,
    Lane,
    QueueSlots,
    SignInFailures,
    SyncRun,
    User,
    Vendor,
    VendorCircuit,
)
from app.services.ops.copying import copy
from app.services.ops.copying.engines import engine_for
from app.services.ops.copying.raw import lots, raw_tables
from settings_checks.addresses import database_address
from tests.conftest import KEY, running_app, settings_for
from tests.factories import add_product, make_user
from tests.integration.cli.conftest import Shell
from tests.integration.test_database import fill_every_table
from tests.support import story
from tests.support.clock import NOON
from tests.support.database import copy_sqlite, drop_postgres, make_postgres

ROOT = Path(__file__).resolve().parents[3]
NAMES = ["Чай «Ёлка», 5 кг", "", " ", "a\\b%c_'\"\t\n", "𝕋ea 🫖", "ё" * 255]
SECRET = "a-secret-of-the-target"


class Pair(NamedTuple):
    """The application over the source, and the address of the target."""

    app: Flask
    target: str

    def flask(self) -> Shell:
        return Shell(self.app)


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    engine = engine_for(database_address(postgres_url))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    engine.dispose()
    return postgres_url


@pytest.fixture
def to_postgres(app: Flask, empty_postgres: str) -> Pair:
    return Pair(app, empty_postgres)


@pytest.fixture
def to_sqlite(app_on_postgres: Flask, sqlite_template: Path, tmp_path: Path) -> Pair:
    return Pair(app_on_postgres, copy_sqlite(sqlite_template, tmp_path / "target.db"))


@pytest.fixture(params=["to_postgres", "to_sqlite"])
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.getfixturevalue(request.param)
    return found


def fill() -> User:
    """Rows in every table, and whatever is odd about values."""
    user = make_user()
    fill_every_table(user)
    for number, name in enumerate(NAMES):
        add_product(user, f"P{number}", name=name, price=Decimal("9999999999.99"), quantity=Decimal("-1.375"))
    add_product(user, "P-null", price=None, quantity=None)
    runs = [story.stopped(user) for _ in range(3)]
    runs[0].counts = {"название": ["\ud83d", None, 1.5, True, {"deep": "\u0000"}]}
    runs[1].finished_at = datetime(2026, 11, 29, 1, 2, 3, 456789)
    db.session.add(SignInFailures(account="b", source="ё", failures=1, last_at=NOON))
    db.session.add(SignInFailures(account="B", source="Z", failures=2, last_at=NOON, locked_until=NOON))
    db.session.add(EvotorKeptToken(evotor_user_id="x", token="kept in secret", expires_at=NOON))
    db.session.add(QueueSlots(worker="w:1:ё", lane=Lane.BULK, slots=4, seen_at=NOON))
    db.session.add(VendorCircuit(vendor=Vendor.VK, silent_to="1 2", silent_since=NOON))
    db.session.commit()
    return user


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = engine_for(database_address(url))
    with engine.connect() as connection:
        found = {table.name: [tuple(row) for lot in lots(connection, table) for row in lot] for table in raw_tables()}
    engine.dispose()
    return found


def source_url() -> str:
    return db.engine.url.render_as_string(hide_password=False)


def execute(url: str, statement: str) -> Any:
    engine = engine_for(database_address(url))
    with engine.begin() as connection:
        found = connection.exec_driver_sql(statement)
        result = found.scalar() if found.returns_rows else None
    engine.dispose()
    return result


def test_every_row_of_every_table_comes_over_as_it_lay(pair: Pair) -> None:
    fill()
    expected = rows(source_url())
    answer = pair.flask()("db-copy", pair.target)

    assert answer.code == 0, answer.err
    assert rows(pair.target) == expected and all(expected.values())
    assert answer.json == {
        "rows": sum(map(len, expected.values())),
        "tables": {name: len(found) for name, found in expected.items()},
    }


def test_the_copy_is_read_as_the_original_was(pair: Pair) -> None:
    """Through the models: secrets open, numbers and moments are what they were."""
    fill()
    assert pair.flask()("db-copy", pair.target).code == 0
    for _ in running_app(settings_for(pair.target)):
        product = db.session.scalars(sa.select(CatalogProduct).where(CatalogProduct.product_id == "P0")).one()
        assert (product.name, str(product.price), str(product.quantity)) == (NAMES[0], "9999999999.99", "-1.375")
        runs = db.session.scalars(sa.select(SyncRun).where(SyncRun.status == "stopped").order_by(SyncRun.id)).all()
        assert runs[0].counts == {"название": ["\ud83d", None, 1.5, True, {"deep": "\u0000"}]}
        assert runs[1].finished_at == datetime(2026, 11, 29, 1, 2, 3, 456789) and len(runs) == 3
        assert db.session.scalars(sa.select(EvotorKeptToken)).one().token == "kept in secret"


def test_what_is_encrypted_is_copied_as_it_lies(pair: Pair) -> None:
    """Also where none of our keys opens it."""
    user = fill()
    foreign = KeyRing(["d29ybGQgb2Yga2V5cyB0aGF0IG5vYm9keSBoYXMuLi4="]).encrypt("of another key")
    db.session.execute(
        sa.update(EvotorConnection.__table__)  # type: ignore[arg-type]  # the table, past the type
        .where(EvotorConnection.__table__.c.user_id == user.id)
        .values(token=sa.literal(foreign, sa.Text))
    )
    db.session.commit()

    assert pair.flask()("db-copy", pair.target).code == 0
    assert execute(pair.target, "SELECT token FROM evotor_connections") == foreign


def test_no_id_that_was_given_is_given_again(pair: Pair) -> None:
    user = fill()
    last = db.session.scalar(sa.select(sa.func.max(SyncRun.id))) or 0
    db.session.execute(sa.delete(SyncRun).where(SyncRun.id == last))
    db.session.commit()
    assert pair.flask()("db-copy", pair.target).code == 0
    for _ in running_app(settings_for(pair.target)):
        again = db.session.get_one(User, user.id)
        add_product(again, "P-new")
        assert story.stopped(again).id == last + 1


def test_an_empty_database_is_copied_too(pair: Pair) -> None:
    assert pair.flask()("db-copy", pair.target).json["rows"] == 0


def test_a_target_that_is_not_empty_is_left_as_it_is(pair: Pair) -> None:
    fill()
    assert pair.flask()("db-copy", pair.target).code == 0
    before = rows(pair.target)
    answer = pair.flask()("db-copy", pair.target)

    assert answer.is_refusal(1) and "not empty" in answer.err
    assert rows(pair.target) == before


def test_another_state_of_migrations_is_exit_5(pair: Pair) -> None:
    fill()
    version = execute(pair.target, "SELECT version_num FROM alembic_version")
    execute(pair.target, "UPDATE alembic_version SET version_num = '0001'")
    try:
        assert pair.flask()("db-copy", pair.target).is_refusal(5)
    finally:
        execute(pair.target, f"UPDATE alembic_version SET version_num = '{version}'")
    assert not any(rows(pair.target).values())


def test_a_target_without_any_table_is_exit_5(flask: Shell, worker_id: str, tmp_path: Path) -> None:
    name = f"evosync_copy_{worker_id}_{os.getpid()}"
    try:
        assert flask("db-copy", make_postgres(name)).is_refusal(5)
    finally:
        drop_postgres(name)
    assert flask("db-copy", f"sqlite:///{tmp_path / 'nowhere.db'}").is_refusal(5)
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "sqlite://", "postgresql://host:port/x"])
def test_an_address_that_is_none_is_exit_2(flask: Shell, url: str) -> None:
    assert flask("db-copy", url).is_refusal(2)


@pytest.mark.parametrize(
    "url", [f"postgresql://u:{SECRET}@127.0.0.1:9/x", f"postgresql://nobody:{SECRET}@127.0.0.1:5432/no_such_database"]
)
def test_a_target_that_does_not_answer_is_exit_5_and_its_password_is_not_told(flask: Shell, url: str) -> None:
    answer = flask("db-copy", url)
    assert answer.is_refusal(5)
    assert SECRET not in answer.err


# What PostgreSQL does not take


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("X'D0A700'", "a NUL character"),
        ("X'D0A7EDA0BD'", "text that is not UTF-8"),
        ("X'FF'", "text that is not UTF-8"),
    ],
    ids=["NUL", "half a sign", "no text"],
)
def test_a_row_that_the_target_does_not_take_is_named_and_nothing_stays(to_postgres: Pair, name: str, why: str) -> None:
    fill()
    execute(source_url(), f"UPDATE catalog_products SET name = CAST({name} AS TEXT) WHERE product_id = 'P3'")
    key = execute(source_url(), "SELECT id FROM catalog_products WHERE product_id = 'P3'")
    answer = to_postgres.flask()("db-copy", to_postgres.target)

    assert answer.is_refusal(1)
    assert f"catalog_products {key}: {why}" in answer.err
    assert not any(rows(to_postgres.target).values())


def test_a_value_that_is_too_long_there_is_named_without_itself(to_postgres: Pair) -> None:
    fill()
    execute(source_url(), f"UPDATE users SET time_zone = '{SECRET * 9}'")
    answer = to_postgres.flask()("db-copy", to_postgres.target)

    assert answer.is_refusal(1) and "users 1: StringDataRightTruncation" in answer.err
    assert SECRET not in answer.err
    assert not any(rows(to_postgres.target).values())


def test_a_copy_that_came_out_different_is_not_kept(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    fill()
    put = copy._put

    def lossy(write: Any, table: sa.Table, found: Any) -> None:
        put(write, table, found[:-1] if table.name == "account_events" else found)

    monkeypatch.setattr(copy, "_put", lossy)
    answer = pair.flask()("db-copy", pair.target)
    assert answer.is_refusal(1) and "account_events came out different" in answer.err
    assert not any(rows(pair.target).values())


def test_what_is_written_meanwhile_is_no_part_of_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    fill()
    put = copy._put
    written: list[object] = []

    def while_others_write(write: Any, table: sa.Table, found: Any) -> None:
        if not written:
            written.append(execute(url, "INSERT INTO sign_in_failures VALUES ('later', 'x', 1, '2026-01-01', NULL)"))
        put(write, table, found)

    url = source_url()
    monkeypatch.setattr(copy, "_put", while_others_write)
    assert pair.flask()("db-copy", pair.target).json["tables"]["sign_in_failures"] == 2
    assert len(rows(url)["sign_in_failures"]) == 3


# In a terminal


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_whoever_watches_sees_how_far_it_is(to_postgres: Pair, sqlite_url: str, terminal: tuple[int, int]) -> None:
    make_user()
    ours, theirs = terminal
    environment = {**os.environ, "FLASK_APP": "wsgi.py", "FLASK_SKIP_DOTENV": "1", "DATABASE_URL": sqlite_url}
    command = [sys.executable, "-m", "flask", "db-copy", to_postgres.target]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, "TOKEN_KEYS": KEY}, stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    assert "10/10" in os.read(ours, 65536).decode()
    assert done.stdout.startswith(b'{"rows": ')
