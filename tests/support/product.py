"""The product as an operator starts it: gunicorn on a free port, commands in processes of their own, one database."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from app import create_app
from app.db import Base, db
from config import load_settings
from tests.support.sandbox import CLUB, Sandbox
from tests.support.zygote import ROOT, Zygote

GUNICORN = "gunicorn wsgi:app --no-control-socket --worker-class gthread --threads 4 --log-level warning"


class Product:
    """Over a migrated database; `log` holds what its processes print."""

    def __init__(self, database: Path, sandbox: Sandbox, log: Path) -> None:
        self.sandbox, self._database, self._log = sandbox, database, log
        self._environment = {
            "EVOSYNC_ENV": "development",
            "DATABASE_URL": f"sqlite:///{database}",
            "SECRET_KEY": "a secret of the tests that is long enough",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "EVOTOR_API_URL": sandbox.evotor_url,
            "VK_API_URL": sandbox.vk_url,
            "VK_REQUESTS_PER_SECOND": "10000",
            "EVOTOR_REQUESTS_PER_SECOND": "10000",
            "VK_READ_LAG_SECONDS": "1",
        }
        self._app = create_app(load_settings(self._environment))
        self._flask = Zygote(self._environment, log)
        self._server, self.url = self._serve()

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(timeout=10)
        self._flask.stop()
        with self._app.app_context():
            db.engine.dispose()

    def sync(self) -> None:
        """What cron does every minute: everybody whose time has come."""
        self._flask.run_well("sync", "run", "--due")

    def shop_window(self, club: int = CLUB) -> str:
        """Address of what the buyers see."""
        return f"{self.sandbox.url}/ui/club{club}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Services and models at hand, in a session of their own."""
        with self._app.app_context():
            yield
            db.session.remove()

    def empty(self) -> None:
        """The servers go on; nobody is registered any more."""
        with closing(sqlite3.connect(self._database, timeout=10)) as connection, connection:
            for table in [*(table.name for table in Base.metadata.sorted_tables), "sqlite_sequence"]:
                connection.execute(f"DELETE FROM {table}")

    def _serve(self) -> tuple[subprocess.Popen[bytes], str]:
        """The socket is open before gunicorn is up: a visitor who comes too early waits."""
        with socket.create_server(("127.0.0.1", 0)) as listening, self._log.open("ab") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", *GUNICORN.split(), "--bind", f"fd://{listening.fileno()}"],
                cwd=ROOT,
                env={**os.environ, **self._environment},
                pass_fds=[listening.fileno()],
                stderr=log,
            )
            return server, f"http://127.0.0.1:{listening.getsockname()[1]}"
