"""Several processes that migrate the same database at the same time, as machines do that start together."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db import Base
from app.services.health import newest_migration
from app.services.ops.copying.engines import engine_for
from settings_checks.addresses import database_address
from tests.conftest import KEY
from tests.support.database import drop_postgres, make_postgres

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 3


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """Its address; there is no table in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'evosync.db'}"
        return
    name = f"evosync_at_once_{worker_id}_{os.getpid()}"
    yield make_postgres(name)
    drop_postgres(name)


def upgrading(url: str) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "FLASK_APP": "wsgi.py",
        "FLASK_SKIP_DOTENV": "1",
        "EVOSYNC_ENV": "testing",
        "DATABASE_URL": url,
        "SECRET_KEY": "a secret of the tests that is long enough",
        "TOKEN_KEYS": KEY,
    }
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_all_of_them_end_well_and_the_database_is_migrated_once(new_database: str) -> None:
    processes = [upgrading(new_database) for _ in range(AT_ONCE)]
    said = [process.communicate(timeout=300)[0].decode() for process in processes]

    assert [process.returncode for process in processes] == [0] * AT_ONCE, said
    engine = engine_for(database_address(new_database))
    with engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all() == [newest_migration()]
        assert set(Base.metadata.tables) < set(sa.inspect(connection).get_table_names())
    engine.dispose()
