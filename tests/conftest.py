"""Settings, application, database and sandbox for every test."""

import gc
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from pytest_socket import socket_allow_hosts
from sqlalchemy import event

from app import create_app
from app.db import db
from app.logs import get_logger
from app.models import all as every_table  # noqa: F401  # of what Base.metadata tells
from app.services.accounts import passwords
from config import Settings
from tests.support.bad_vendor import BadVendor
from tests.support.clock import NOON, TurnedClock, turn
from tests.support.compiled import CompiledStatements, CompiledTemplates, share_addresses
from tests.support.database import copy_sqlite, drop_postgres, empty_postgres, make_postgres
from tests.support.mail_server import MailServer, with_mail
from tests.support.product import Product
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox

WEBHOOK_SECRET = "6f1e0d5a-8c1b-4222-8333-9c0ffee00b71"
KEY = Fernet.generate_key().decode()
COMPILED = CompiledTemplates()
STATEMENTS = CompiledStatements()
share_addresses()


MEASURED = tuple(Path(__file__).parent / name for name in ("unit", "web", "integration/cli"))
"""Tests that are quick and go through the whole product, since the engine makes the states of pages."""


def pytest_collection_finish() -> None:
    """What stands then stands for good: walking it in search of garbage took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Of the other tests nothing is traced: it makes Python half as slow again."""
    coverage = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    is_measured = any(folder in item.path.parents for folder in MEASURED)
    if coverage is not None and coverage.started != is_measured:
        (coverage.resume if is_measured else coverage.pause)()


@pytest.fixture(autouse=True)
def _only_loopback() -> None:
    """No test talks to anything but this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual hashes are slow on purpose, and that is the library's to test."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True, scope="session")
def _lines_go_where_they_are_read() -> None:
    """A server keeps its loggers; here one kept from another test would write to that one's end."""
    get_logger()
    structlog.configure(cache_logger_on_first_use=False)


def settings_for(database_url: str, sandbox: Sandbox | None = None, **changed: object) -> Settings:
    nowhere = "http://127.0.0.1:9"
    values: dict[str, object] = {
        "evosync_env": "testing",
        "database_url": database_url.replace("postgresql://", "postgresql+psycopg2://"),
        "secret_key": "a secret of the tests that is long enough",
        "token_keys": KEY,
        "evotor_api_url": sandbox.evotor_url if sandbox else nowhere,
        "evotor_webhook_secret": WEBHOOK_SECRET,
        "vk_api_url": sandbox.vk_url if sandbox else nowhere,
        "vk_requests_per_second": 10_000,
        "evotor_requests_per_second": 10_000,
        "vk_read_lag_seconds": 1,
        "photo_dir": str(Path(database_url.removeprefix("sqlite:///")).with_name("photos")),
    }
    return Settings(**(values | changed))  # type: ignore[arg-type]  # checked by the struct itself


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; every test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "evosync.db"
    app = create_app(settings_for(f"sqlite:///{path}"))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    name = f"evosync_test_{worker_id}_{os.getpid()}"  # two checkouts may be tested at once
    url = make_postgres(name)
    app = create_app(settings_for(url))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    yield url
    drop_postgres(name)


@pytest.fixture(scope="session")
def product_process(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, sandbox_process: Sandbox
) -> Iterator[Product]:
    """The web server as an operator starts it."""
    folder = tmp_path_factory.mktemp("product")
    copy_sqlite(sqlite_template, folder / "evosync.db")
    product = Product(folder / "evosync.db", sandbox_process, folder / "product.log")
    yield product
    product.stop()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return copy_sqlite(sqlite_template, tmp_path / "evosync.db")


@pytest.fixture
def settings(sqlite_url: str, sandbox: Sandbox) -> Settings:
    return settings_for(sqlite_url, sandbox)


def running_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.jinja_env.bytecode_cache = COMPILED
    with app.app_context():
        STATEMENTS.share(db.engine)
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _wait_for_no_disk)
        yield app
        db.session.remove()
        db.engine.dispose()


def _wait_for_no_disk(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    yield from running_app(settings)


@pytest.fixture(params=["app", "app_on_postgres"], ids=["sqlite", "postgres"])
def app_on_each_database(request: pytest.FixtureRequest) -> Flask:
    """The same test on both databases."""
    found: Flask = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def app_on_postgres(postgres_url: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Flask]:
    for app in running_app(settings_for(postgres_url, sandbox, photo_dir=str(tmp_path / "photos"))):
        empty_postgres()
        yield app


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> TurnedClock:
    """Noon, until the test moves it."""
    turned = TurnedClock(NOON)
    turn(monkeypatch, turned)
    return turned


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Not started yet."""
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def app_with_mail(app: Flask, mail_server: MailServer) -> Flask:
    with_mail(app, mail_server.start().url())
    return app


@pytest.fixture
def app_with_mail_on_each_database(app_on_each_database: Flask, mail_server: MailServer) -> Flask:
    with_mail(app_on_each_database, mail_server.start().url())
    return app_on_each_database


@pytest.fixture
def bad_vendor(sandbox: Sandbox) -> Iterator[BadVendor]:
    """The sandbox behind somebody who means no good."""
    vendor = BadVendor(sandbox.url)
    yield vendor
    vendor.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def app_of_bad_vendor(request: pytest.FixtureRequest, bad_vendor: BadVendor, tmp_path: Path) -> Iterator[Flask]:
    """On each database."""
    is_sqlite = request.param == "sqlite"
    url = request.getfixturevalue("sqlite_url" if is_sqlite else "postgres_url")
    places: Any = {"evotor_api_url": bad_vendor.evotor_url, "vk_api_url": bad_vendor.vk_url}
    for app in running_app(settings_for(url, photo_dir=str(tmp_path / "photos"), **places)):
        if not is_sqlite:
            empty_postgres()
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
